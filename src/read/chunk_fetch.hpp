#pragma once

#include <catvox/bytes/byte_source.hpp>
#include <catvox/core/error.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "read/chunk_pool.hpp"

namespace catvox::detail {

/// One chunk on its way: its read's handler, and every part of every consumer that waits for it.
class ChunkFetch final : public ByteHandler {
 public:
  struct Subscriber {
    std::shared_ptr<ChunkConsumer> consumer;
    std::int64_t number = 0;
    bool joined = false;  // another consumer's part started the read
  };

  /// \param encoded  what the cache had of the chunk, or null: its body is on its way to on_bytes()
  ChunkFetch(std::shared_ptr<ChunkPool> pool, const ChunkOrigin& origin, const ChunkKey& key,
             const EncodedChunk* encoded);

  void on_bytes(ByteResult& result) override;
  void on_error(const Error& error) noexcept override;
  void fail(const Error& error) noexcept;

  // Guarded by the pool's mutex.
  std::vector<Subscriber> waiting;
  bool serving = false;
  std::optional<ByteSource::ReadId> read_id;

 private:
  using Use = EncodedChunk::Use;

  std::vector<Subscriber> serve_next(ByteResult& result);
  void resume_waiting(std::vector<Subscriber> subscribers);
  void serve(const std::vector<Subscriber>& subscribers, const ByteResult& result);
  void serve_one(const Subscriber& reader, const Buffer& body);
  void serve_several(const std::vector<Subscriber>& readers, const Buffer& body);
  void decode_into_place(const ChunkPart& part, const Buffer& body) const;
  void decode_and_keep(const Box& box, const Buffer& body);
  void decode(const Buffer& body, const Box& box, Buffer& voxels) const;
  void note_use(EncodedChunk::Use use) noexcept;

  const std::shared_ptr<ChunkPool> pool_;
  const std::shared_ptr<const ChunkStore> store_;
  const ChunkKey key_;
  const Box all_;  // of the chunk's voxels, those that lie in the level

  // Of the transfer's thread.
  std::shared_ptr<EncodedChunk> encoded_ = std::make_shared<EncodedChunk>();  // for the cache; the body comes last
  std::shared_ptr<DecodedChunk> decoded_;                                     // for the cache, if there is any
  bool keep_body_;
  bool decode_failed_ = false;
};

}  // namespace catvox::detail
