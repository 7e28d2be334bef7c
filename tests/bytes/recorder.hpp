#pragma once

#include <catvox/bytes/byte_source.hpp>
#include <catvox/core/error.hpp>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace catvox::test {

inline std::string text(const Buffer& body) { return {reinterpret_cast<const char*>(body.data()), body.size()}; }

inline Buffer buffer(std::string_view content) {
  Buffer made;
  made.append(std::as_bytes(std::span(content)));
  return made;
}

/// How reads ended: "voxels", "(missing)", "(unchanged)", or "error: " and its text.
class Recorder final : public ByteHandler {
 public:
  using Look = std::function<void(ByteResult&)>;

  /// \param look  runs in each on_bytes(), after the bytes were noted; may throw
  explicit Recorder(Look look = {}) : look_(std::move(look)) {}

  void on_bytes(ByteResult& result) override {
    const auto names = std::vector<std::string>{text(result.body), "(missing)", "(unchanged)"};
    note(names.at(static_cast<std::size_t>(result.state)));
    if (look_) look_(result);
    end();
  }
  void on_error(const Error& error) noexcept override {
    note(std::string("error: ") + error.what());
    {
      const std::lock_guard lock(mutex_);
      error_ = error;
    }
    end();
  }

  /// Waits until so many reads have ended. \returns  what was noted, in order
  std::vector<std::string> wait(std::size_t ends = 1) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return ends_ >= ends; });
    return notes_;
  }
  [[nodiscard]] std::vector<std::string> notes() const {
    const std::lock_guard lock(mutex_);
    return notes_;
  }
  [[nodiscard]] std::size_t ends() const {
    const std::lock_guard lock(mutex_);
    return ends_;
  }
  [[nodiscard]] Error error() const {
    const std::lock_guard lock(mutex_);
    return error_.value();
  }

 private:
  void note(std::string text) {
    const std::lock_guard lock(mutex_);
    notes_.push_back(std::move(text));
  }
  void end() {
    const std::lock_guard lock(mutex_);
    ++ends_;
    changed_.notify_all();
  }

  const Look look_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> notes_;
  std::size_t ends_ = 0;
  std::optional<Error> error_;
};

/// Holds up whoever comes, until it is opened.
class Gate {
 public:
  void pass() {
    std::unique_lock lock(mutex_);
    ++waiting_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
  }
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  void wait_for(std::size_t waiting) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return waiting_ >= waiting; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t waiting_ = 0;
  bool open_ = false;
};

}  // namespace catvox::test
