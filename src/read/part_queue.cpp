#include "read/part_queue.hpp"

#include <utility>

namespace catvox::detail {

PartQueue::PartQueue(const ChunkOrigin& origin, std::shared_ptr<ChunkPool> pool, ReadPlan plan, std::int64_t limit,
                     std::size_t keep_bytes)
    : origin_(origin),
      pool_(std::move(pool)),
      plan_(std::move(plan)),
      total_(plan_.chunks()),
      limit_(limit),
      keep_bytes_(keep_bytes) {}

// Runs on the reading thread and on the transport's. A chunk that the cache has calls back into finished() and so into
// here: only the outermost call on a thread loops.
void PartQueue::pump() noexcept {
  thread_local const PartQueue* pumping = nullptr;
  if (pumping == this) return;
  const PartQueue* const outer = std::exchange(pumping, this);
  const auto self = shared_from_this();
  for (auto number = next_part(false); number; number = next_part(true)) pool_->get(origin_, self, *number);
  pumping = outer;
}

std::optional<std::int64_t> PartQueue::next_part(bool asked) {
  const std::lock_guard lock(mutex_);
  if (asked) --asking_;
  if (stopped_ || next_ == total_ || under_way_ >= limit_) {
    if (over()) changed_.notify_all();
    return std::nullopt;
  }
  ++under_way_;
  ++asking_;
  return next_++;
}

bool PartQueue::may_keep(std::size_t bytes, bool whole) noexcept {
  const std::lock_guard lock(mutex_);
  // Of a chunk that is needed whole the neighbours want nothing, and the same again is only likely of something small.
  if (whole && bytes > keep_bytes_ / static_cast<std::size_t>(total_)) return false;
  if (bytes > keep_bytes_ - kept_bytes_) return false;
  kept_bytes_ += bytes;
  return true;
}

void PartQueue::finished(std::int64_t, const ChunkCost& cost) noexcept {
  end_part(&cost);
  pump();
}

void PartQueue::failed(std::int64_t, const Error& error) noexcept {
  stop(error);
  end_part(nullptr);
}

void PartQueue::dropped(std::int64_t) noexcept { end_part(nullptr); }

void PartQueue::end_part(const ChunkCost* cost) noexcept {
  const std::lock_guard lock(mutex_);
  if (cost != nullptr) count(*cost);
  --under_way_;
  if (over()) changed_.notify_all();
}

void PartQueue::stop(const Error& error) noexcept {
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) return;
    error_ = error;
    stopped_ = true;
  }
  pool_->drop(*this, *origin_.source);
  changed_.notify_all();
}

void PartQueue::drain() noexcept {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return over(); });
}

}  // namespace catvox::detail
