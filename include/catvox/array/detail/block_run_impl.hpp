#pragma once

#include <algorithm>
#include <catvox/array/detail/block_run.hpp>
#include <catvox/core/error.hpp>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#ifndef CATVOX_INLINE  // compiled once into the library; by itself in every file that asks for it
#define CATVOX_INLINE inline
#endif

// Each thread takes the next part until there is none or `stop` is requested. All state is under one mutex, which is not
// held while parts are worked on or fetched; the caller's progress function runs under another one, so that it is not
// called twice at once. Ends because every thread ends where its work() does, and the caller joins them all.

namespace catvox::detail {

/// How many parts ahead of the last one taken are fetched: enough for a server far away, and no more than a quarter of
/// the usual cache even if nothing of them can be compressed.
inline std::size_t parts_ahead(const abi::BlockRun& run, std::size_t threads) noexcept {
  constexpr std::size_t most_bytes = std::size_t{64} << 20;
  constexpr std::size_t most_chunks = 64;
  const std::size_t wanted = std::max(threads, most_chunks / run.chunks);
  return std::clamp<std::size_t>(most_bytes / std::max<std::size_t>(1, run.bytes), 1, wanted);
}

}  // namespace catvox::detail

namespace catvox::abi {

CATVOX_INLINE void run_blocks(const BlockRun& run, const BlockOptions& options, std::stop_source& stop,
                              const std::function<void(std::size_t)>& fetch,
                              const std::function<void(std::size_t)>& work) {
  const std::size_t asked = options.threads != 0 ? options.threads : std::thread::hardware_concurrency();
  const std::size_t threads = std::clamp<std::size_t>(asked, 1, run.count);
  const std::size_t ahead = detail::parts_ahead(run, threads);

  std::mutex mutex;  // guards these
  std::size_t taken = 0, fetched = 0;
  std::exception_ptr failure;
  std::mutex telling;  // guards this, and the progress function
  std::size_t done = 0;

  const auto fetch_ahead = [&](std::size_t i) {
    for (;;) {
      std::size_t next = 0;
      {
        const std::lock_guard lock(mutex);
        next = fetched = std::max(fetched, taken);  // what is taken is being read
        if (next >= std::min(run.count, i + 1 + ahead)) return;
        ++fetched;
      }
      fetch(next);
    }
  };
  const auto go = [&]() noexcept {
    try {
      while (!stop.stop_requested()) {
        std::size_t i = 0;
        {
          const std::lock_guard lock(mutex);
          if (taken == run.count) return;
          i = taken++;
        }
        fetch_ahead(i);
        work(i);
        const std::lock_guard lock(telling);
        ++done;
        if (options.progress) {
          options.progress({static_cast<std::int64_t>(done), static_cast<std::int64_t>(run.count), 0});
        }
      }
    } catch (...) {
      {
        const std::lock_guard lock(mutex);
        if (!failure) failure = std::current_exception();
      }
      stop.request_stop();
    }
  };
  {
    std::vector<std::jthread> others;  // joined at the end of this scope
    others.reserve(threads);
    try {
      while (others.size() + 1 < threads) others.emplace_back(go);
    } catch (const std::exception&) {
      // The system has no more of them: as many as there are do it.
    }
    go();
  }
  if (failure) std::rethrow_exception(failure);
  if (done < run.count) throw Error(Errc::cancelled, "for_each_block was cancelled");
}

}  // namespace catvox::abi
