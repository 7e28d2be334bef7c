#pragma once

#include <catvox/bytes/byte_source.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace catvox::detail {

/// How chunks lie in shards, as an `info` says it (`neuroglancer_uint64_sharded_v1`).
struct ShardingSpec {
  enum class Hash : std::uint8_t { identity, murmurhash3_x86_128 };
  enum class Encoding : std::uint8_t { raw, gzip };

  int preshift_bits = 0;   ///< 0 to 64
  int minishard_bits = 0;  ///< 0 to 64; with shard_bits at most 64
  int shard_bits = 0;
  Hash hash = Hash::identity;
  Encoding minishard_index_encoding = Encoding::raw;
  Encoding data_encoding = Encoding::raw;
};

/// What a source of sharded chunks is made of.
struct ShardSourceOptions {
  std::shared_ptr<ByteSource> files;  ///< where the shards lie
  std::string folder{};  ///< of the shards, as `files` names it, with its '/': folder + "1f.shard" is a key
  ShardingSpec sharding{};
  std::size_t index_bytes = std::size_t{32} << 20;  ///< of indices that are kept, the least recently used dropped first
};

/// Chunks that lie in shards: for each one, what of an index is not known yet is read, then the chunk's range of its
/// shard; of chunks that lie together and are asked for at the same time, one range.
///
/// The key of a chunk is its number ("compressed Morton code") in decimal. Its `range` and `unless_generation` must not
/// be set. What no shard lists is missing.
/// \throws Error{invalid_metadata} naming the number of bits that is out of range
std::shared_ptr<ByteSource> make_shard_source(ShardSourceOptions options);

}  // namespace catvox::detail
