#pragma once

#include <catvox/array/read_options.hpp>
#include <catvox/core/export.hpp>
#include <cstddef>
#include <functional>
#include <stop_token>

namespace catvox {

/// How for_each_block() goes through the parts of a view.
struct BlockOptions {
  /// Parts that are worked on at once; 0: one for each core. With 1, f runs on the calling thread alone.
  std::size_t threads = 1;

  /// Called when a part is done, on the thread that did it, never on two at once. Its chunks are parts, its bytes 0 (see
  /// Stack::cache_statistics()). An exception from it ends all, as one from f does.
  std::function<void(const Progress&)> progress{};

  /// Ends the reads of f, and all the rest when f returns.
  std::stop_token stop{};
};

namespace abi {

/// The parts that run_blocks() goes through.
struct BlockRun {
  std::size_t count = 0;   ///< parts, >= 1
  std::size_t bytes = 0;   ///< voxels of a part
  std::size_t chunks = 1;  ///< under a part, >= 1
};

/// Calls work(i) for each part, in order, on some threads, and fetch(i) for parts that come soon.
/// \param stop  ends it; requested by it when something fails
CATVOX_EXPORT void run_blocks(const BlockRun& run, const BlockOptions& options, std::stop_source& stop,
                              const std::function<void(std::size_t)>& fetch,
                              const std::function<void(std::size_t)>& work);

}  // namespace abi
}  // namespace catvox
