#include "read/prefetcher.hpp"

#include <algorithm>
#include <catvox/core/error.hpp>
#include <functional>
#include <optional>
#include <utility>

#include "read/part_queue.hpp"

namespace catvox::detail {

class Prefetch final : public PartQueue {
 public:
  Prefetch(const ChunkOrigin& origin, std::shared_ptr<ChunkPool> pool, ReadPlan plan, std::size_t max_bytes,
           Purpose purpose)
      // Half of what is worth having under way: a read that begins meanwhile queues behind it.
      : PartQueue(origin, std::move(pool), std::move(plan), std::max(1, origin.source->concurrency() / 2), max_bytes),
        purpose_(purpose) {}

  void begin(const std::stop_token& token) {
    on_stop_.emplace(token, [this] { stop(Error(Errc::cancelled, "the prefetch was cancelled")); });
    pump();
  }

  [[nodiscard]] bool over() {
    const std::lock_guard lock(mutex_);
    return PartQueue::over();
  }

  [[nodiscard]] Purpose purpose() const noexcept override { return purpose_; }
  [[nodiscard]] ChunkPart part(std::int64_t number) const override { return part_of(plan(), number); }
  void decoding(bool) noexcept override {}

  // What follows would not be kept either.
  [[nodiscard]] bool may_keep(std::size_t bytes, bool whole) noexcept override {
    if (PartQueue::may_keep(bytes, whole)) return true;
    stop(Error(Errc::too_large, "the prefetch is larger than its share of the cache"));
    return false;
  }

 private:
  void count(const ChunkCost&) noexcept override {}
  const Purpose purpose_;
  std::optional<std::stop_callback<std::function<void()>>> on_stop_;
};

Prefetcher::Prefetcher(ChunkOrigin origin, std::shared_ptr<ChunkPool> pool)
    : origin_(std::move(origin)), pool_(std::move(pool)) {}

Prefetcher::~Prefetcher() {
  for (const auto& prefetch : under_way_) {
    prefetch->stop(Error(Errc::cancelled, "the level is not used any more"));
    prefetch->drain();
  }
}

void Prefetcher::begin(ReadPlan plan, ChunkConsumer::Purpose purpose, std::size_t max_bytes,
                       const std::stop_token& stop) {
  if (max_bytes == 0) return;
  const auto prefetch = std::make_shared<Prefetch>(origin_, pool_, std::move(plan), max_bytes, purpose);
  {
    const std::lock_guard lock(mutex_);
    under_way_.remove_if([](const auto& other) { return other->over(); });
    under_way_.push_back(prefetch);
  }
  prefetch->begin(stop);
}

std::optional<Box> Prefetcher::follow(const Selection3& selection) {
  const std::lock_guard lock(mutex_);
  return walks_.follow(selection, origin_.store->shape(), origin_.store->chunk_shape());
}

}  // namespace catvox::detail
