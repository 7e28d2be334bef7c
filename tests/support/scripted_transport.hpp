#pragma once

#include <algorithm>
#include <catvox/http/transport.hpp>
#include <condition_variable>
#include <cstddef>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace catvox::test {

/// A transport that answers from a function and remembers what it was asked: for counting requests and for holding
/// answers back, not for proving that fetching works.
class ScriptedTransport final : public Transport {
 public:
  struct Reply {
    int status = 200;
    std::string body{};
  };
  using Script = std::function<Reply(const std::string& url)>;  ///< may throw Error: the transfer then fails with it

  /// \param max_attempts  of a transfer whose body does not decode
  explicit ScriptedTransport(Script script, int threads = 2, int max_attempts = 1)
      : script_(std::move(script)), max_attempts_(max_attempts) {
    for (int i = 0; i < threads; ++i) threads_.emplace_back([this](const std::stop_token& stop) { run(stop); });
  }
  ~ScriptedTransport() override {
    for (auto& thread : threads_) thread.request_stop();
    changed_.notify_all();
  }

  TransferId start(Request request, std::shared_ptr<TransferHandler> handler) override {
    const TransferId id = queue(std::move(request), std::move(handler));
    if (before_start_returns) before_start_returns();
    return id;
  }

  TransferId deliver(Request request, Response known, std::shared_ptr<TransferHandler> handler) override {
    const std::lock_guard lock(mutex_);
    queue_.push_back({++last_id_, std::move(request), std::move(known), std::move(handler)});
    changed_.notify_all();
    return last_id_;
  }

  void cancel(TransferId id) noexcept override {
    std::shared_ptr<TransferHandler> dropped;
    const std::lock_guard lock(mutex_);
    for (auto it = queue_.begin(); it != queue_.end(); ++it) {
      if (it->id != id) continue;
      dropped = std::move(it->handler);
      queue_.erase(it);
      ++cancelled_;
      return;
    }
    if (running_.count(id) > 0) running_[id] = true;
  }

  [[nodiscard]] int concurrency() const noexcept override { return 4; }

  /// Called when a transfer may be over already.
  std::function<void()> before_start_returns;

  /// Answers nothing until release().
  void hold() {
    const std::lock_guard lock(mutex_);
    held_ = true;
  }
  void release() {
    const std::lock_guard lock(mutex_);
    held_ = false;
    changed_.notify_all();
  }

  /// Every URL that was asked for, in order.
  [[nodiscard]] std::vector<std::string> urls() const {
    const std::lock_guard lock(mutex_);
    return urls_;
  }
  [[nodiscard]] std::size_t requests() const { return urls().size(); }
  [[nodiscard]] std::size_t cancelled() const {
    const std::lock_guard lock(mutex_);
    return cancelled_;
  }
  void reset_log() {
    const std::lock_guard lock(mutex_);
    urls_.clear();
    cancelled_ = 0;
  }
  /// Waits until every handler has returned: a read may end a moment before.
  void settle() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return queue_.empty() && running_.empty(); });
  }
  void wait_for_requests(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return urls_.size() >= count; });
  }

 private:
  struct Waiting {
    TransferId id = 0;
    Request request;
    std::optional<Response> known;
    std::shared_ptr<TransferHandler> handler;
  };

  TransferId queue(Request request, std::shared_ptr<TransferHandler> handler) {
    const std::lock_guard lock(mutex_);
    urls_.push_back(request.url);
    queue_.push_back({++last_id_, std::move(request), {}, std::move(handler)});
    changed_.notify_all();
    return last_id_;
  }

  void run(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (changed_.wait(lock, stop, [this] { return !held_ && !queue_.empty(); }) && !stop.stop_requested()) {
      Waiting next = std::move(queue_.front());
      queue_.pop_front();
      const TransferId id = next.id;
      running_[id] = false;
      lock.unlock();
      answer(next);
      next = {};
      lock.lock();
      running_.erase(id);
      changed_.notify_all();
    }
  }

  [[nodiscard]] bool is_cancelled(TransferId id) const {
    const std::lock_guard lock(mutex_);
    return running_.at(id);
  }

  // \returns false if there is to be another attempt
  bool attempt(Waiting& waiting, int attempts) {
    Response response;
    if (attempts == 0) {
      response = std::move(*waiting.known);
    } else {
      const Reply reply = script_(waiting.request.url);
      response.status = reply.status;
      response.url = waiting.request.url;
      response.body.append(std::as_bytes(std::span(reply.body)));
    }
    response.attempts = attempts;
    try {
      waiting.handler->on_response(response);
      return true;
    } catch (const Error& error) {
      if (error.code() != Errc::corrupt_data || attempts >= max_attempts_) throw;
      return is_cancelled(waiting.id);
    }
  }

  void answer(Waiting& waiting) {
    const auto fail = [&](Errc code, const char* reason, int attempts) {
      if (is_cancelled(waiting.id)) return;
      waiting.handler->on_error(Error(code, reason, {.url = waiting.request.url, .attempts = attempts}));
    };
    int attempts = waiting.known ? 0 : 1;
    try {
      while (!attempt(waiting, attempts)) {
        ++attempts;
        const std::lock_guard lock(mutex_);
        urls_.push_back(waiting.request.url);
      }
    } catch (const Error& error) {
      fail(error.code(), error.what(), std::max(attempts, 1));
    } catch (const std::bad_alloc&) {
      fail(Errc::too_large, "not enough memory", attempts);
    } catch (const std::exception& error) {
      fail(Errc::io, error.what(), attempts);
    } catch (...) {
      fail(Errc::io, "an exception of a type that is not known", attempts);
    }
  }

  const Script script_;
  const int max_attempts_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<Waiting> queue_;
  std::vector<std::string> urls_;
  std::size_t cancelled_ = 0;
  TransferId last_id_ = 0;
  bool held_ = false;
  std::map<TransferId, bool> running_;  // whether it was cancelled meanwhile
  std::vector<std::jthread> threads_;   // last: they stop before what they use is gone
};

}  // namespace catvox::test
