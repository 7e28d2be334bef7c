#pragma once

#include <catvox/bytes/byte_source.hpp>
#include <memory>
#include <string>

#include "bytes/shard_indices.hpp"
#include "bytes/shard_layout.hpp"

namespace catvox::detail {

/// What a source of sharded chunks is made of.
struct ShardSourceOptions {
  std::shared_ptr<ByteSource> files;  ///< where the shards lie
  std::string folder{};  ///< of the shards, as `files` names it, with its '/': folder + "1f.shard" + query is a key
  std::string query{};
  ShardingSpec sharding{};
  std::shared_ptr<ShardIndices> indices = std::make_shared<ShardIndices>();  ///< one for all scales of a volume
};

/// Chunks that lie in shards: for each one, what of an index is not known yet is read, then the chunk's range of its
/// shard. A cold chunk takes three round trips (page of the shard's index, minishard's index, chunk), a warm one the last.
/// Chunks that the same index was waited for are asked for together, see ReadBatch.
///
/// The key of a chunk is its number ("compressed Morton code") in decimal. Its `range` and `unless_generation` must not
/// be set. What no shard lists is missing.
/// \throws Error{invalid_metadata} naming the number of bits that is out of range
std::shared_ptr<ByteSource> make_shard_source(ShardSourceOptions options);

}  // namespace catvox::detail
