#include "read/prefetcher.hpp"

#include <algorithm>
#include <catvox/core/dtype.hpp>
#include <catvox/core/error.hpp>
#include <iterator>
#include <utility>

namespace catvox::detail {
namespace {

// A prefetch or a look ahead.
class Prefetch final : public PlanRun {
 public:
  Prefetch(const ChunkOrigin& origin, std::shared_ptr<ChunkPool> pool, ReadPlan plan, Purpose purpose,
           const std::optional<ChannelSelection>& channels, const std::stop_token& token)
      // Half of what is worth having under way: a read that begins meanwhile queues behind it.
      : PlanRun(origin, pool, std::move(plan), std::max(1, origin.source->concurrency() / 2), token,
                "the prefetch was cancelled"),
        purpose_(purpose),
        channels_(channels),
        item_(item_size(origin.store->dtype())),
        max_bytes_(static_cast<std::int64_t>(pool->cache_bytes() / 4)) {}

  [[nodiscard]] Purpose purpose() const noexcept override { return purpose_; }
  [[nodiscard]] ChunkPart part(std::int64_t number) const override {
    return {.of = plan().part(number), .item = item_, .channels = channels_};
  }

 private:
  std::optional<Error> count(std::int64_t, const ChunkCost& cost) override {
    if (cost.shared) return std::nullopt;
    bytes_ += cost.bytes + static_cast<std::int64_t>(ChunkCache::entry_bytes);
    if (bytes_ <= max_bytes_) return std::nullopt;
    return Error(Errc::too_large, "the prefetch has filled its share of the cache");
  }

  const Purpose purpose_;
  const std::optional<ChannelSelection> channels_;
  const std::size_t item_;
  const std::int64_t max_bytes_;
  std::int64_t bytes_ = 0;  // that it brought
};

}  // namespace

Prefetcher::Prefetcher(ChunkOrigin origin, std::shared_ptr<ChunkPool> pool)
    : origin_(std::move(origin)), pool_(std::move(pool)) {
  pool_->enlist(origin_);
}

Prefetcher::~Prefetcher() {
  if (!pool_->in_own_process()) {  // the threads that could end them are another process's: nothing to wait for
    (void)new std::list<Running>(std::move(running_));
    return;
  }
  for (Running& running : running_) {
    running.on_stop.reset();
    running.run->cancel();
    running.run->drain();
  }
}

void Prefetcher::begin(ReadPlan plan, ChunkConsumer::Purpose purpose, const std::stop_token& stop,
                       const std::optional<ChannelSelection>& channels) {
  if (pool_->cache_bytes() == 0) return;
  const auto run = std::make_shared<Prefetch>(origin_, pool_, std::move(plan), purpose, channels, stop);
  std::list<Running> fresh, ended;
  fresh.emplace_back(run);
  if (stop.stop_possible()) fresh.back().on_stop.emplace(stop, [run] { run->cancel(); });
  {
    const std::lock_guard lock(mutex_);
    for (auto it = running_.begin(); it != running_.end();) {
      const auto next = std::next(it);
      if (it->run->is_over()) ended.splice(ended.end(), running_, it);
      it = next;
    }
    running_.splice(running_.end(), fresh);
  }
  run->start();
}

Walk Prefetcher::follow(const Selection3& selection) {
  const std::lock_guard lock(mutex_);
  return walks_.follow(selection, origin_.store->shape(), origin_.store->chunk_shape());
}

}  // namespace catvox::detail
