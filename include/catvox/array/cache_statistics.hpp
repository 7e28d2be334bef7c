#pragma once

#include <cstddef>
#include <cstdint>

namespace catvox {

/// What a stack's cache holds, and what all its views together did since the stack was opened, what they fetched ahead
/// included. Requests that were cancelled on their way do not count.
struct CacheStatistics {
  std::size_t max_bytes = 0;        ///< StackOptions::cache_bytes
  std::size_t bytes = 0;            ///< held now
  std::size_t voxel_bytes = 0;      ///< of them voxels beside what came: they go first
  std::int64_t chunks = 0;          ///< held now, those known to be missing included
  std::int64_t evictions = 0;       ///< chunks that went to make room
  std::int64_t requests = 0;        ///< made, retries included
  std::int64_t bytes_received = 0;  ///< encoded bytes
  std::int64_t cache_hits = 0;      ///< parts of reads that the cache or another's request gave
  std::int64_t disk_hits = 0;       ///< chunks that the session's disk cache gave
  std::int64_t missing = 0;         ///< answers that the source does not have the chunk
};

}  // namespace catvox
