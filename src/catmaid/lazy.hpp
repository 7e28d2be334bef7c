#pragma once

#include <catvox/core/error.hpp>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <stop_token>
#include <utility>

namespace catvox::detail {

/// A value that is made when it is first asked for, by one thread while others wait. If that fails, the next who asks
/// tries again. Thread-safe.
///
/// A wait ends with the making, whose requests have deadlines of their own, or with the waiting thread's stop token.
template <class T>
class Lazy {
 public:
  /// \param make  gives a T; called without the lock
  /// \throws what make() throws; Error{cancelled}
  template <class F>
  std::shared_ptr<const T> get(const std::stop_token& stop, F&& make) const {
    std::unique_lock lock(mutex_);
    if (!changed_.wait(lock, stop, [this] { return !making_; })) throw Error(Errc::cancelled, "cancelled");
    if (value_) return value_;
    making_ = true;
    lock.unlock();
    std::shared_ptr<const T> made;
    try {
      made = std::make_shared<const T>(std::forward<F>(make)());
    } catch (...) {
      end(nullptr);
      throw;
    }
    end(made);
    return made;
  }

 private:
  void end(std::shared_ptr<const T> value) const {
    const std::lock_guard lock(mutex_);
    making_ = false;
    value_ = std::move(value);
    changed_.notify_all();
  }

  mutable std::mutex mutex_;  // guards what follows
  mutable std::condition_variable_any changed_;
  mutable bool making_ = false;
  mutable std::shared_ptr<const T> value_;
};

}  // namespace catvox::detail
