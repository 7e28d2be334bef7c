#pragma once

#include <catvox/bytes/byte_source.hpp>
#include <catvox/core/error.hpp>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace catvox::test {

/// A source of bytes that a function makes, on threads of its own: for what is above sources. It keeps their contract,
/// retries of bytes that do not decode included.
class ScriptedSource final : public ByteSource {
 public:
  /// Called on several threads. What it throws ends the read.
  using Script = std::function<ByteResult(const ByteRequest&)>;

  explicit ScriptedSource(Script script, int threads = 2, int concurrency = 8, int attempts = 1)
      : script_(std::move(script)), concurrency_(concurrency), attempts_(attempts) {
    for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
  }
  ~ScriptedSource() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
      changed_.notify_all();
    }
    for (auto& thread : threads_) thread.join();
  }

  ReadId read(ByteRequest request, std::shared_ptr<ByteHandler> handler) override {
    return add({0, std::move(request), {}, std::move(handler)});
  }
  ReadId deliver(ByteRequest request, ByteResult known, std::shared_ptr<ByteHandler> handler) override {
    return add({0, std::move(request), std::move(known), std::move(handler)});
  }
  void cancel(ReadId id) noexcept override {
    std::shared_ptr<ByteHandler> dropped;  // outlives the lock
    const std::lock_guard lock(mutex_);
    for (auto it = queue_.begin(); it != queue_.end(); ++it) {
      if (it->id != id) continue;
      dropped = std::move(it->handler);
      queue_.erase(it);
      return;
    }
  }
  [[nodiscard]] int concurrency() const noexcept override { return concurrency_; }

 private:
  struct Waiting {
    ReadId id = 0;
    ByteRequest request;
    std::optional<ByteResult> known;
    std::shared_ptr<ByteHandler> handler;
  };

  ReadId add(Waiting waiting) {
    const std::lock_guard lock(mutex_);
    waiting.id = ++last_id_;
    queue_.push_back(std::move(waiting));
    if (idle_ > 0) changed_.notify_one();
    return last_id_;
  }

  void run() {
    std::unique_lock lock(mutex_);
    while (true) {
      ++idle_;
      changed_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      --idle_;
      if (stopping_) return;
      Waiting next = std::move(queue_.front());
      queue_.pop_front();
      lock.unlock();
      answer(next);
      next = {};
      lock.lock();
    }
  }

  void answer(Waiting& waiting) {
    int attempts = 0;
    try {
      while (true) {
        ByteResult result;
        if (waiting.known) {
          result = std::move(*waiting.known);
          waiting.known.reset();
        } else {
          result = script_(waiting.request);
          ++attempts;
        }
        result.attempts = attempts;
        try {
          return waiting.handler->on_bytes(result);
        } catch (const Error& error) {
          if (error.code() != Errc::corrupt_data || attempts >= attempts_) throw;
        }
      }
    } catch (const Error& error) {
      waiting.handler->on_error(Error(error.code(), error.what(), {.url = waiting.request.key, .attempts = attempts}));
    }
  }

  const Script script_;
  const int concurrency_;
  const int attempts_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Waiting> queue_;
  ReadId last_id_ = 0;
  int idle_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace catvox::test
