#pragma once

#include <pthread.h>

#include <atomic>

namespace catvox::detail {

/// How often the process was forked on the way from the first call to this one. Threads and locks of before a fork are
/// of no use in the child: what depends on them remembers the number and compares, which needs no lock.
inline unsigned fork_generation() noexcept {
  static std::atomic<unsigned> generation{0};
  [[maybe_unused]] static const int watched =
      ::pthread_atfork(nullptr, nullptr, [] { generation.fetch_add(1, std::memory_order_relaxed); });
  return generation.load(std::memory_order_relaxed);
}

}  // namespace catvox::detail
