#pragma once

#include <catvox/http/transport.hpp>
#include <condition_variable>
#include <cstddef>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
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

  explicit ScriptedTransport(Script script, int threads = 2) : script_(std::move(script)) {
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
    changed_.wait(lock, [&] { return queue_.empty() && running_ == 0; });
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
    while (changed_.wait(lock, stop, [this] { return !held_ && !queue_.empty(); })) {
      Waiting next = std::move(queue_.front());
      queue_.pop_front();
      ++running_;
      lock.unlock();
      answer(next);
      next = {};
      lock.lock();
      --running_;
      changed_.notify_all();
    }
  }

  void answer(Waiting& waiting) {
    try {
      if (waiting.known) {
        try {
          waiting.known->attempts = 0;
          waiting.handler->on_response(*waiting.known);
          return;
        } catch (const Error& error) {
          if (error.code() != Errc::corrupt_data) throw;
        }
        const std::lock_guard lock(mutex_);
        urls_.push_back(waiting.request.url);
      }
      const Reply reply = script_(waiting.request.url);
      Response response;
      response.status = reply.status;
      response.url = waiting.request.url;
      response.body.append(std::as_bytes(std::span(reply.body)));
      waiting.handler->on_response(response);
    } catch (const Error& error) {
      waiting.handler->on_error(Error(error.code(), error.what(), {.url = waiting.request.url, .attempts = 1}));
    }
  }

  const Script script_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<Waiting> queue_;
  std::vector<std::string> urls_;
  std::size_t cancelled_ = 0;
  TransferId last_id_ = 0;
  bool held_ = false;
  int running_ = 0;
  std::vector<std::jthread> threads_;  // last: they stop before what they use is gone
};

}  // namespace catvox::test
