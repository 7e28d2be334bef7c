#pragma once

#include <catvox/array/level_source.hpp>
#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>

#include "read/chunk_pool.hpp"
#include "read/plan.hpp"
#include "read/walk.hpp"

namespace catvox::detail {

class Prefetch;

/// Fetches chunks of one level into the cache, encoded, while nobody waits for them. Thread-safe. Destroying it stops
/// what is under way; a failed fetch is forgotten: a read that needs the chunk asks again and reports what it meets.
class Prefetcher {
 public:
  Prefetcher(ChunkOrigin origin, std::shared_ptr<ChunkPool> pool);
  ~Prefetcher();
  Prefetcher(const Prefetcher&) = delete;
  Prefetcher& operator=(const Prefetcher&) = delete;

  /// Begins to fetch, and returns.
  /// \param purpose    no read
  /// \param max_bytes  of the cache that this may fill
  void begin(ReadPlan plan, ChunkConsumer::Purpose purpose, std::size_t max_bytes, const std::stop_token& stop);

  /// What a level's reads look ahead with, whichever views they come from.
  [[nodiscard]] std::optional<Box> follow(const Selection3& selection);

 private:
  const ChunkOrigin origin_;
  const std::shared_ptr<ChunkPool> pool_;
  std::mutex mutex_;  // guards what follows
  WalkDetector walks_;
  std::list<std::shared_ptr<Prefetch>> under_way_;
};

}  // namespace catvox::detail
