#pragma once

#include <catvox/core/box.hpp>
#include <catvox/core/buffer.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
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

/// A decoded chunk, clipped to its level, C order. Empty voxels: the source does not have it.
struct CachedChunk {
  Box extent;  ///< relative to the chunk's first voxel
  Buffer voxels;
  [[nodiscard]] bool missing() const { return voxels.size() == 0; }
};

/// Decoded chunks, least recently used dropped first, bounded in bytes. Not thread-safe: its owner locks.
class ChunkCache {
 public:
  explicit ChunkCache(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  [[nodiscard]] std::size_t max_bytes() const { return max_bytes_; }

  /// Null if it is not there. Makes it the most recently used.
  std::shared_ptr<const CachedChunk> find(const ChunkKey& key) {
    const auto found = entries_.find(key);
    if (found == entries_.end()) return nullptr;
    order_.splice(order_.begin(), order_, found->second);
    return found->second->chunk;
  }

  void insert(const ChunkKey& key, std::shared_ptr<const CachedChunk> chunk) {
    const auto bytes = cost(*chunk);
    if (bytes > max_bytes_ || entries_.contains(key)) return;
    order_.push_front({key, std::move(chunk)});
    entries_.emplace(key, order_.begin());
    bytes_ += bytes;
    while (bytes_ > max_bytes_) {
      bytes_ -= cost(*order_.back().chunk);
      entries_.erase(order_.back().key);
      order_.pop_back();
    }
  }

 private:
  struct Entry {
    ChunkKey key;
    std::shared_ptr<const CachedChunk> chunk;
  };

  // What an entry costs beside its voxels, roughly: so that millions of missing chunks are bounded too.
  static std::size_t cost(const CachedChunk& chunk) { return chunk.voxels.size() + 256; }

  std::size_t max_bytes_;
  std::size_t bytes_ = 0;
  std::list<Entry> order_;  // most recently used first
  std::unordered_map<ChunkKey, std::list<Entry>::iterator, ChunkKeyHash> entries_;
};

}  // namespace catvox::detail
