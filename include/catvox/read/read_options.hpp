#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>

namespace catvox {

/// How far a read is. Reported on the thread that waits for the read, a few times a second and at the end.
struct Progress {
  std::int64_t chunks_done = 0;
  std::int64_t chunks_total = 0;
  std::int64_t bytes_received = 0;  ///< encoded bytes so far
};

/// What a read did.
struct ReadStatistics {
  std::int64_t chunks = 0;          ///< that the box meets, broken slices resolved, each counted once
  std::int64_t requests = 0;        ///< made, retries included
  std::int64_t retries = 0;         ///< requests that repeated one
  std::int64_t cache_hits = 0;      ///< chunks that the cache had
  std::int64_t missing = 0;         ///< chunks that the source does not have: fill
  std::int64_t bytes_received = 0;  ///< encoded bytes
  double decode_seconds = 0;        ///< summed over threads
  double seconds = 0;               ///< wall time
};

struct ReadOptions {
  std::function<void(const Progress&)> progress{};  ///< an exception from it stops the read and is passed on
  std::stop_token stop{};                           ///< when triggered the read ends at once with Error{cancelled}
};

}  // namespace catvox
