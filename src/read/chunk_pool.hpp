#pragma once

#include <catvox/bytes/byte_source.hpp>
#include <catvox/core/error.hpp>
#include <catvox/format/chunk_store.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "read/chunk_cache.hpp"
#include "read/chunk_part.hpp"

namespace catvox::detail {

/// What getting a chunk took.
struct ChunkCost {
  std::int64_t requests = 0;
  std::int64_t bytes = 0;
  double first_byte_seconds = 0;
  double fetch_seconds = 0;
  double decode_seconds = 0;
  bool missing = false;
  bool from_disk = false;
  bool shared = false;  ///< the cache or another read's request gave it
};

/// What wants chunks, a read or a prefetch, as the pool sees it. Called on threads of the byte source.
class ChunkConsumer {
 public:
  virtual ~ChunkConsumer() = default;

  [[nodiscard]] virtual ChunkPart part(std::int64_t number) const = 0;

  /// What chunks are wanted for: to be read now; to be kept, encoded, for a read to come; or for many, each of a part.
  enum class Purpose { read, prefetch, walk };

  /// part() has a destination for Purpose::read only.
  [[nodiscard]] virtual Purpose purpose() const noexcept = 0;

  /// Whether it has ended early: its parts are then dropped without a word to finished() or failed().
  [[nodiscard]] virtual bool stopped() const noexcept = 0;

  /// Asks whether so many bytes of a chunk may stay in the cache on its account.
  /// \param whole  it takes every voxel of the chunk
  [[nodiscard]] virtual bool may_keep(std::size_t bytes, bool whole) noexcept = 0;

  /// A thread is about to decode for it, or has done so. In pairs.
  virtual void decoding(bool begins) noexcept = 0;

  /// The part's voxels are in place, or (dropped) never will be. After this its memory is not touched.
  virtual void finished(std::int64_t number, const ChunkCost& cost) noexcept = 0;
  virtual void failed(std::int64_t number, const Error& error) noexcept = 0;
  virtual void dropped(std::int64_t number) noexcept = 0;
};

/// Where chunks come from.
struct ChunkOrigin {
  std::shared_ptr<const ChunkStore> store;
  std::uint64_t store_number = 0;  ///< part of the cache's key
  std::shared_ptr<ByteSource> source;
};

class ChunkFetch;

/// Chunks that are kept, and chunks on their way: every chunk is requested once, however many reads want it. What came
/// and what was decoded of it are kept apart: what came in at most half of the cache, voxels in the rest. Encoded
/// chunks take a fraction of the memory, and decoding again is cheaper than asking again.
class ChunkPool : public std::enable_shared_from_this<ChunkPool> {
 public:
  explicit ChunkPool(std::size_t cache_bytes)
      : cache_bytes_(cache_bytes), encoded_(cache_bytes / 2), decoded_(cache_bytes) {}

  [[nodiscard]] std::size_t cache_bytes() const { return cache_bytes_; }

  /// Gets one part into place: at once out of the cache, or later on a thread of the byte source, from bytes that the
  /// cache has or by a request, its own or another consumer's.
  /// One of the consumer's finished, failed and dropped follows, maybe before this returns.
  void get(const ChunkOrigin& origin, const std::shared_ptr<ChunkConsumer>& consumer, std::int64_t number);

  /// Drops every part of a stopped consumer that no thread is writing just now, and cancels the transfers that nobody
  /// waits for any more.
  void drop(const ChunkConsumer& consumer, ByteSource& source);

 private:
  friend class ChunkFetch;

  /// Call with the mutex held.
  void forget(const ChunkKey& key, const ChunkFetch& fetch);

  const std::size_t cache_bytes_;
  std::mutex mutex_;  // guards what follows, and the members of ChunkFetch that change
  ChunkCache<EncodedChunk> encoded_;
  ChunkCache<DecodedChunk> decoded_;
  std::unordered_map<ChunkKey, std::shared_ptr<ChunkFetch>, ChunkKeyHash> fetches_;
};

}  // namespace catvox::detail
