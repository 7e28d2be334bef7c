#include "read/cache_policy.hpp"

#include <algorithm>
#include <new>

namespace catvox::detail {
namespace {

constexpr std::size_t most_regretted = 4096;

bool lies_in(const Box& inner, const Box& outer) noexcept {
  for (std::size_t axis = 0; axis < 3; ++axis) {
    if (inner.min[axis] < outer.min[axis] || inner.max[axis] > outer.max[axis]) return false;
  }
  return true;
}

}  // namespace

bool CachePolicy::may_evict(const ChunkKey& key, const ChunkUse& use, std::uint64_t for_consumer) const noexcept {
  if (use.brought_by == for_consumer) return false;
  return std::none_of(plans_.begin(), plans_.end(), [&](const PendingChunks* plan) { return plan->will_ask_for(key); });
}

void CachePolicy::evicted(const ChunkKey& key, std::size_t voxels) noexcept {
  if (voxels == 0) {
    voxel_share_ = max_bytes_ / 4;
    return;
  }
  try {
    if (regretted_.size() >= most_regretted) regretted_.clear();
    regretted_.insert(key);
  } catch (const std::bad_alloc&) {
    regretted_.clear();
  }
}

void CachePolicy::brought(const ChunkKey& key) noexcept {
  if (regretted_.empty() || regretted_.erase(key) == 0) return;
  regretted_.clear();
  voxel_share_ = 0;
}

bool CachePolicy::is_hot(const ChunkUse& use, const ChunkConsumer& reader, const Box& window) noexcept {
  return use.last_reader != 0 && use.last_reader != reader.id() && !reader.slides() && lies_in(window, use.last_window);
}

void CachePolicy::clear() noexcept {
  voxel_share_ = 0;
  regretted_.clear();
}

}  // namespace catvox::detail
