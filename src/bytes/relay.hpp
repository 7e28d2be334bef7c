#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>

namespace catvox::detail {

/// A read that is carried on in steps, each a read of another source or a job: its cancelling reaches whichever step is
/// under way.
///
/// Its mutex is held for moments only, and nothing is called under it.
class Relay {
 public:
  virtual ~Relay() = default;

  /// What follows a "no" counts as running already.
  [[nodiscard]] bool cancelled() const noexcept {
    const std::lock_guard lock(mutex_);
    return cancelled_;
  }

  void cancel() noexcept {
    std::function<void()> cancel_step;
    {
      const std::lock_guard lock(mutex_);
      cancelled_ = true;
      cancel_step.swap(cancel_step_);
    }
    if (cancel_step) cancel_step();
  }

 protected:
  /// Begins a step, unless the read was cancelled.
  /// \param begin        begins it, gives its number; the step may be over, and the next begun, before this returns
  /// \param cancel_step  takes that number
  template <class Begin, class CancelStep>
  void begin_step(Begin begin, CancelStep cancel_step) {
    std::uint64_t step = 0;
    {
      const std::lock_guard lock(mutex_);
      if (cancelled_) return;
      step = ++step_;
      cancel_step_ = nullptr;
    }
    const auto id = begin();
    std::function<void()> cancel_this = [cancel_step, id] { cancel_step(id); };
    {
      const std::lock_guard lock(mutex_);
      if (!cancelled_) {
        if (step_ == step) cancel_step_.swap(cancel_this);
        return;
      }
    }
    cancel_this();
  }

 private:
  friend class RelayTable;
  std::uint64_t id_ = 0;  // written once, before the first step

  mutable std::mutex mutex_;  // guards what follows
  bool cancelled_ = false;
  std::uint64_t step_ = 0;
  std::function<void()> cancel_step_;
};

/// The reads of a source that are under way, by number.
class RelayTable {
 public:
  using ReadId = std::uint64_t;

  /// \param begin  begins its first step; if that throws, the read has never been
  template <class Begin>
  ReadId add(std::shared_ptr<Relay> read, Begin begin) {
    const auto& added = *read;
    {
      const std::lock_guard lock(mutex_);
      read->id_ = ++last_id_;
      reads_.emplace(read->id_, std::move(read));
    }
    const ReadId id = added.id_;
    try {
      begin();
    } catch (...) {
      remove(added);
      throw;
    }
    return id;
  }

  /// It is over.
  void remove(const Relay& read) noexcept {
    const std::lock_guard lock(mutex_);
    reads_.erase(read.id_);
  }

  void cancel(ReadId id) noexcept {
    if (const auto read = take(id)) read->cancel();
  }

  void cancel_all() noexcept {
    std::unordered_map<ReadId, std::shared_ptr<Relay>> all;
    {
      const std::lock_guard lock(mutex_);
      all.swap(reads_);
    }
    for (const auto& [id, read] : all) read->cancel();
  }

 private:
  std::shared_ptr<Relay> take(ReadId id) noexcept {
    const std::lock_guard lock(mutex_);
    const auto node = reads_.extract(id);
    return node ? std::move(node.mapped()) : nullptr;
  }

  std::mutex mutex_;  // guards what follows
  std::unordered_map<ReadId, std::shared_ptr<Relay>> reads_;
  ReadId last_id_ = 0;
};

}  // namespace catvox::detail
