#pragma once

#include <catvox/core/box.hpp>
#include <catvox/core/buffer.hpp>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <list>
#include <memory>
#include <unordered_map>
#include <utility>

namespace catvox::detail {

/// A chunk of a store; `store` is a number that no other store of the same reader has.
struct ChunkKey {
  std::uint64_t store = 0;
  Index3 chunk{};
  friend bool operator==(const ChunkKey&, const ChunkKey&) = default;
};

struct ChunkKeyHash {
  std::size_t operator()(const ChunkKey& key) const noexcept {
    std::uint64_t hash = key.store;
    for (const auto index : key.chunk) {
      hash = (hash ^ static_cast<std::uint64_t>(index)) * 0x9E3779B97F4A7C15ULL;
      hash ^= hash >> 32;
    }
    return static_cast<std::size_t>(hash);
  }
};

/// The answer of a source for a chunk.
struct EncodedChunk {
  bool missing = false;
  Buffer body;  ///< empty if missing

  /// What has been decoded of it so far. A chunk on the way of a walk counts as used: it will be, more than once.
  enum class Use { nothing, part, whole } use = Use::nothing;
  [[nodiscard]] std::size_t bytes() const { return body.capacity(); }
};

/// Voxels of a chunk.
struct DecodedChunk {
  Box extent{};   ///< what `voxels` holds, relative to the chunk's first voxel
  Buffer voxels;  ///< C order
  [[nodiscard]] std::size_t bytes() const { return voxels.capacity(); }

  [[nodiscard]] bool holds(const Box& window) const {
    for (std::size_t axis = 0; axis < 3; ++axis) {
      if (window.min[axis] < extent.min[axis] || window.max[axis] > extent.max[axis]) return false;
    }
    return true;
  }
};

/// Chunks of one of these kinds, least recently used dropped first, bounded in bytes. Not thread-safe: its owner locks.
template <class Chunk>
class ChunkCache {
 public:
  explicit ChunkCache(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  [[nodiscard]] std::size_t bytes() const { return bytes_; }

  void set_max_bytes(std::size_t max_bytes) {
    max_bytes_ = max_bytes;
    make_room();
  }

  /// Null if it is not there. Makes it the most recently used.
  std::shared_ptr<Chunk> find(const ChunkKey& key) {
    const auto found = entries_.find(key);
    if (found == entries_.end()) return nullptr;
    order_.splice(order_.begin(), order_, found->second);
    return found->second->chunk;
  }

  void erase(const ChunkKey& key) {
    const auto found = entries_.find(key);
    if (found != entries_.end()) drop(found->second);
  }

  /// Takes the place of what was kept of the chunk.
  void insert(const ChunkKey& key, std::shared_ptr<Chunk> chunk) {
    erase(key);
    // What an entry costs beside its bytes, roughly: so that millions of missing chunks are bounded too.
    const std::size_t bytes = chunk->bytes() + 256;
    if (bytes > max_bytes_) return;
    order_.push_front({key, std::move(chunk), bytes});
    entries_.emplace(key, order_.begin());
    bytes_ += bytes;
    make_room();
  }

 private:
  struct Entry {
    ChunkKey key;
    std::shared_ptr<Chunk> chunk;
    std::size_t bytes = 0;
  };
  using Place = typename std::list<Entry>::iterator;

  void make_room() {
    while (bytes_ > max_bytes_) drop(std::prev(order_.end()));
  }

  void drop(Place entry) {
    bytes_ -= entry->bytes;
    entries_.erase(entry->key);
    order_.erase(entry);
  }

  std::size_t max_bytes_;
  std::size_t bytes_ = 0;
  std::list<Entry> order_;  // most recently used first
  std::unordered_map<ChunkKey, Place, ChunkKeyHash> entries_;
};

}  // namespace catvox::detail
