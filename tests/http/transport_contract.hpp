#pragma once

#include <catvox/core/error.hpp>
#include <catvox/http/transport.hpp>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace catvox::test {

/// A transport under the contract: what it fetches from answers 200 with the path as its body, for every path.
class ContractTransport {
 public:
  virtual ~ContractTransport() = default;
  [[nodiscard]] virtual Transport& transport() = 0;
  [[nodiscard]] virtual std::string url(const std::string& path) const = 0;
  /// Ends the transport; not to be used afterwards.
  virtual void destroy() = 0;
  /// Requests that were made for a path.
  [[nodiscard]] virtual std::size_t requests(const std::string& path) const = 0;

  [[nodiscard]] Request request(const std::string& path) const {
    Request request;
    request.url = url(path);
    return request;
  }
};

/// What a transport is made for.
struct ContractCase {
  const char* name;
  std::function<std::unique_ptr<ContractTransport>()> make;  ///< one thread, one connection, three attempts
};

/// The transports that must keep the contract.
std::vector<ContractCase> contract_cases();

/// A handler that does as it is told, and remembers what it heard.
class ContractHandler final : public TransferHandler {
 public:
  using Step = std::function<void(Response&)>;

  explicit ContractHandler(Step step = {}) : step_(std::move(step)) {}

  void on_response(Response& response) override {
    note(std::string(reinterpret_cast<const char*>(response.body.data()), response.body.size()));
    if (step_) step_(response);
  }
  void on_error(const Error& error) noexcept override {
    {
      const std::lock_guard lock(mutex_);
      code_ = error.code();
    }
    note(std::string("error: ") + error.what());
  }

  /// What it was called with so far, in order.
  [[nodiscard]] std::vector<std::string> heard() {
    const std::lock_guard lock(mutex_);
    return heard_;
  }
  [[nodiscard]] Errc code() {
    const std::lock_guard lock(mutex_);
    return code_;
  }
  /// \returns whether it was called so often within half a minute
  bool wait_for(std::size_t calls) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(30), [&] { return heard_.size() >= calls; });
  }

 private:
  void note(std::string text) {
    const std::lock_guard lock(mutex_);
    heard_.push_back(std::move(text));
    changed_.notify_all();
  }

  const Step step_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> heard_;
  Errc code_{};
};

}  // namespace catvox::test
