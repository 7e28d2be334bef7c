#pragma once

#include <catvox/bytes/byte_source.hpp>
#include <catvox/core/error.hpp>
#include <cstdint>
#include <memory>
#include <optional>

#include "read/chunk_pool.hpp"

namespace catvox::detail {

/// Receives one chunk's bytes, serves every part that waits for them, and hands what is worth keeping to the cache.
/// Its own members are those of the thread that has the bytes: the source runs a handler on one thread at a time.
///
/// The source owns it, and it must not own the source: on whichever thread it goes, the source would have to wait for
/// itself. For the same reason the consumers that its flight owns own no source.
class ChunkFetch final : public ByteHandler {
 public:
  /// \param consumer  on whose behalf
  /// \param kept      what the cache has of the chunk: if it has the body, on_bytes() comes without one
  ChunkFetch(std::shared_ptr<ChunkPool> pool, const ChunkOrigin& origin, const ChunkKey& key, std::uint64_t consumer,
             std::optional<KeptChunk> kept);

  void on_bytes(ByteResult& result) override;
  void on_error(const Error& error) noexcept override;

  Flight flight;

 private:
  using Extent = ChunkUse::Extent;

  void accept(ByteResult& result);
  [[nodiscard]] int uncounted(int attempts) noexcept;
  void serve_all(ByteResult& result);
  void serve(const Subscribers& subscribers, std::size_t voxel_room);
  void serve_walk(const Subscriber& walk, std::size_t voxel_room);
  void serve_one(const ChunkConsumer& consumer, const ChunkPart& part, std::size_t voxel_room);
  void serve_several(const Subscribers& subscribers, const ChunkPart& part, std::size_t voxel_room);
  void decode_into_place(const ChunkPart& part);
  void decode_and_keep(const Box& box, const ChunkPart& part);
  void decode(const Box& box, const ChunkPart& part, Buffer& voxels);
  void decode_to(const Box& box, const StridedBytes& out, const std::optional<ChannelSelection>& channels);
  [[nodiscard]] KeptChunk for_cache();
  void recycle(ChunkCache::Removed& removed, ByteResult& result) noexcept;
  [[nodiscard]] Error described(const Error& error) const;

  const std::shared_ptr<ChunkPool> pool_;
  const std::shared_ptr<const ChunkStore> store_;
  const std::uint64_t consumer_;
  const Box all_;  // of the chunk's voxels, those that lie in the level

  KeptChunk kept_;  // for the cache; its body is what is decoded
  int counted_requests_ = 0;
  bool keep_body_ = true;
  bool from_memory_ = false;
  bool decode_failed_ = false;
};

}  // namespace catvox::detail
