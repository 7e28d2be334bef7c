#pragma once

#include <catvox/core/error.hpp>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <utility>
#include <variant>

namespace catvox::detail {

/// Hands what one handler gets, a result or an Error, to the one thread that waits for it.
template <class Result>
class Mailbox {
 public:
  using Content = std::variant<std::monostate, Result, Error>;

  void put(Content content) {
    const std::lock_guard lock(mutex_);
    content_ = std::move(content);
    arrived_.notify_one();
  }

  /// Empty if `stop` was triggered or the deadline passed first.
  Content wait(const std::stop_token& stop, std::chrono::steady_clock::time_point deadline) {
    std::unique_lock lock(mutex_);
    const auto has_arrived = [this] { return content_.index() != 0; };
    if (deadline == std::chrono::steady_clock::time_point::max()) {
      arrived_.wait(lock, stop, has_arrived);
    } else {
      arrived_.wait_until(lock, stop, deadline, has_arrived);
    }
    return std::move(content_);
  }

 private:
  std::mutex mutex_;
  std::condition_variable_any arrived_;
  Content content_;
};

}  // namespace catvox::detail
