#pragma once

#include <algorithm>
#include <catvox/core/box.hpp>
#include <catvox/core/buffer.hpp>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <unordered_map>

#include "read/cache_policy.hpp"

namespace catvox::detail {

/// Voxels of a chunk.
struct DecodedChunk {
  Box extent{};                             ///< what `voxels` holds, relative to the chunk's first voxel
  std::optional<AxisSelection> channels{};  ///< see ChunkPart::channels
  Buffer voxels;                            ///< C order, channel by channel

  /// Whether it has the voxels of a window, of these channels; see ChunkPart::channels.
  [[nodiscard]] bool holds(const Box& window, const std::optional<ChannelSelection>& needed = {}) const {
    if (!has_channels(channels, needed)) return false;
    for (std::size_t axis = 0; axis < 3; ++axis) {
      if (window.min[axis] < extent.min[axis] || window.max[axis] > extent.max[axis]) return false;
    }
    return true;
  }
};

/// Whether nobody else has what `pointer` points to: then it may be changed. What other threads did with it before they let
/// go has happened: use_count() alone would not order it, the release of another owner does.
template <class T>
[[nodiscard]] bool is_unshared(const std::shared_ptr<T>& pointer) noexcept {
  if (pointer.use_count() != 1) return false;
  const std::shared_ptr<T> another = pointer;
  return true;
}

/// What is kept of a chunk. What its members point to does not change: readers share it without a lock.
struct KeptChunk {
  bool missing = false;                     ///< the source does not have it
  std::shared_ptr<Buffer> body{};           ///< as it came; null: not kept
  std::shared_ptr<DecodedChunk> decoded{};  ///< null: not kept
  bool may_store = false;                   ///< the body may go to disk once it has decoded, which it has not yet
  bool needs_no_body = false;               ///< `decoded` is all of it, and no larger than the body
  ChunkUse use{};
};

/// Chunks, bounded in bytes, in two forms and two segments; CachePolicy says what goes. Not thread-safe: the pool locks.
///
/// Invariants, which hold because only link(), unlink(), link_voxels(), unlink_voxels() and make_hot() change the lists,
/// each together with the sums:
/// - ground_bytes_, voxel_bytes_ and hot_bytes_ are the sums over all entries, all of voxels_ and all of hot_;
/// - an entry is in the list that `hot` names, and in voxels_ exactly if it has extra voxels.
/// bytes() <= max_bytes() holds because link() and link_voxels() are only called after room was made.
class ChunkCache {
 public:
  /// What an entry costs beside its bytes, roughly: so that millions of missing chunks are bounded, too.
  static constexpr std::size_t entry_bytes = 256;

  explicit ChunkCache(std::size_t max_bytes) : policy_(max_bytes) {}

  struct Entry;

  /// Voxels that a chunk has beside its body.
  struct Extra {
    Entry* owner = nullptr;
    std::shared_ptr<DecodedChunk> decoded;
  };

  struct Entry {
    ChunkKey key;
    KeptChunk kept;
    bool hot = false;
    bool has_extra = false;
    std::list<Extra>::iterator extra{};

    [[nodiscard]] std::size_t ground_bytes() const;
  };

  /// What had to go. To be destroyed when the pool's mutex is no longer held: freeing a chunk takes longer than finding
  /// one.
  struct Removed {
    std::list<Entry> entries;
    std::list<Extra> extras;

    /// Memory for another chunk, if there is any: empty, maybe with capacity.
    [[nodiscard]] Buffer spare_body() noexcept;
    [[nodiscard]] Buffer spare_voxels() noexcept;
  };

  [[nodiscard]] CachePolicy& policy() { return policy_; }
  [[nodiscard]] std::size_t bytes() const { return ground_bytes_ + voxel_bytes_; }
  [[nodiscard]] std::size_t voxel_bytes() const { return voxel_bytes_; }
  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  [[nodiscard]] std::int64_t evictions() const { return evictions_; }

  /// How many bytes of extra voxels there is room for, those that are there included.
  [[nodiscard]] std::size_t voxel_room() const {
    return std::max(policy_.max_bytes() - ground_bytes_, policy_.voxel_share());
  }

  /// What is kept of a chunk, or null. Changes nothing.
  [[nodiscard]] std::optional<KeptChunk> find(const ChunkKey& key) const;

  /// The chunk is used: it is the most recent one now.
  void touch(const ChunkKey& key) noexcept;

  /// It is read: it is hot, too, if the read needs the same of it as another one did.
  void read(const ChunkKey& key, const ChunkConsumer& reader, const Box& window) noexcept;

  /// Keeps a chunk, as far as there is room, in the place of what was kept of it.
  /// \param consumer  for which it is kept
  void insert(const ChunkKey& key, KeptChunk kept, std::uint64_t consumer, Removed& removed);

  void erase(const ChunkKey& key, Removed& removed) noexcept;

  /// What a consumer brought and nobody else has read is the first to go.
  void demote(std::uint64_t consumer) noexcept;

  void clear(Removed& removed) noexcept;

 private:
  using Entries = std::list<Entry>;
  using Place = Entries::iterator;

  bool make_room(std::size_t bytes, std::uint64_t consumer, Removed& removed) noexcept;
  bool make_voxel_room(const Entry& owner, std::size_t bytes, std::uint64_t consumer, Removed& removed) noexcept;
  bool evict_one(const Entry* but, std::uint64_t consumer, std::size_t voxels, Removed& removed) noexcept;
  void link(Entries& fresh, bool hot) noexcept;
  void unlink(Place entry, Removed& removed) noexcept;
  void link_voxels(std::list<Extra>& fresh) noexcept;
  void unlink_voxels(Entry& entry, Removed& removed) noexcept;
  void make_newest(Place entry) noexcept;
  void make_hot(Place entry) noexcept;

  CachePolicy policy_;
  std::size_t ground_bytes_ = 0;
  std::size_t voxel_bytes_ = 0;
  std::size_t hot_bytes_ = 0;  // ground bytes of hot_
  std::int64_t evictions_ = 0;
  Entries cold_, hot_;       // the most recently used first
  std::list<Extra> voxels_;  // the most recently used first
  std::unordered_map<ChunkKey, Place, ChunkKeyHash> entries_;
};

}  // namespace catvox::detail
