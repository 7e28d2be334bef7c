#pragma once

#include <catvox/core/error.hpp>
#include <catvox/http/transport.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "read/chunk_pool.hpp"

namespace catvox::detail {

/// One chunk on its way: its transfer's handler, and every part of every consumer that waits for it.
class ChunkFetch final : public TransferHandler {
 public:
  struct Subscriber {
    std::shared_ptr<ChunkConsumer> consumer;
    std::int64_t number = 0;
    bool joined = false;  // another consumer's part started the transfer
  };

  /// \param encoded  what the cache had of the chunk, or null: its body is on its way to on_response()
  ChunkFetch(std::shared_ptr<ChunkPool> pool, const ChunkOrigin& origin, const ChunkKey& key,
             const EncodedChunk* encoded);

  void on_response(Response& response) override;
  void on_error(const Error& error) noexcept override;
  void fail(const Error& error) noexcept;

  // Guarded by the pool's mutex.
  std::vector<Subscriber> waiting;
  bool serving = false;
  std::optional<Transport::TransferId> transfer;

 private:
  using Use = EncodedChunk::Use;

  std::vector<Subscriber> serve_next(Response& response);
  void resume_waiting(std::vector<Subscriber> subscribers);
  void serve(const std::vector<Subscriber>& subscribers, const Response& response);
  void serve_one(const Subscriber& reader, const Buffer& body);
  void serve_several(const std::vector<Subscriber>& readers, const Buffer& body);
  void decode_into_place(const ChunkPart& part, const Buffer& body) const;
  void decode_and_keep(const Box& box, const Buffer& body);
  void decode(const Buffer& body, const Box& box, Buffer& voxels) const;
  void note_use(EncodedChunk::Use use) noexcept;

  const std::shared_ptr<ChunkPool> pool_;
  const std::shared_ptr<const ChunkStore> store_;
  const bool forbidden_is_missing_;
  const ChunkKey key_;
  const Box all_;  // of the chunk's voxels, those that lie in the level

  // Of the transfer's thread.
  std::shared_ptr<EncodedChunk> encoded_ = std::make_shared<EncodedChunk>();  // for the cache; the body comes last
  std::shared_ptr<DecodedChunk> decoded_;                                     // for the cache, if there is any
  bool keep_body_;
  bool decode_failed_ = false;
};

}  // namespace catvox::detail
