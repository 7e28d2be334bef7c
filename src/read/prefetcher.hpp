#pragma once

#include <catvox/array/level_source.hpp>
#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>

#include "read/chunk_pool.hpp"
#include "read/plan.hpp"
#include "read/plan_run.hpp"
#include "read/walk.hpp"

namespace catvox::detail {

/// Fetches chunks of one level into the cache, encoded, while nobody waits for them. Thread-safe. Destroying it stops
/// what is under way; a failed fetch is forgotten: a read that needs the chunk asks again and reports what it meets.
class Prefetcher {
 public:
  Prefetcher(ChunkOrigin origin, std::shared_ptr<ChunkPool> pool);
  ~Prefetcher();
  Prefetcher(const Prefetcher&) = delete;
  Prefetcher& operator=(const Prefetcher&) = delete;

  /// Begins to fetch, and returns. Ends when it has brought a quarter of the cache.
  /// \param purpose   no read
  /// \param channels  that a walk will need; their strides do not matter
  void begin(ReadPlan plan, ChunkConsumer::Purpose purpose, const std::stop_token& stop,
             const std::optional<ChannelSelection>& channels = {});

  /// Takes note of a read of the level, whichever view it comes from.
  [[nodiscard]] Walk follow(const Selection3& selection);

 private:
  // The callback owns the run and nothing else, and the run does not own the callback: so neither goes while the other
  // needs it, whichever thread lets go last. It is registered before the run starts, and dropped before the run is
  // waited for; dropping it waits for a callback that is just running on another thread, so not under the mutex.
  struct Running {
    explicit Running(std::shared_ptr<PlanRun> prefetch) : run(std::move(prefetch)) {}
    std::shared_ptr<PlanRun> run;
    std::optional<std::stop_callback<std::function<void()>>> on_stop;
  };

  ChunkOrigin origin_;
  const std::shared_ptr<ChunkPool> pool_;
  std::mutex mutex_;  // guards what follows; nothing is called with it held but PlanRun::is_over()
  WalkDetector walks_;
  std::list<Running> running_;
};

}  // namespace catvox::detail
