#pragma once

#include <catvox/array/level_source.hpp>
#include <catvox/geometry/broken_slices.hpp>
#include <catvox/geometry/level_geometry.hpp>
#include <functional>
#include <memory>

#include "read/chunk_pool.hpp"
#include "read/partial_source.hpp"
#include "read/prefetcher.hpp"

namespace catvox::detail {

/// One level of one mirror, and by what means it is read.
struct LevelParts {
  int level = 0;
  LevelGeometry geometry;
  BrokenSlices broken;
  ChunkOrigin origin;
  std::shared_ptr<ChunkPool> pool;
  std::shared_ptr<Prefetcher> prefetcher;  ///< of the same origin and pool
  bool read_ahead = true;
  std::function<std::shared_ptr<const LevelSource>(int)> at_level;
};

/// The one reader of every store: box -> chunks -> requests -> decode -> destination.
std::shared_ptr<const PartialSource> make_chunk_reader(LevelParts parts);

}  // namespace catvox::detail
