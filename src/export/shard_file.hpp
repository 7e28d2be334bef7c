#pragma once

#include <catvox/core/box.hpp>
#include <catvox/core/buffer.hpp>
#include <cstdint>
#include <map>
#include <span>
#include <string>

#include "bytes/shard_source.hpp"
#include "format/precomputed/info.hpp"

namespace catvox::detail {

/// The shards of a scale: boxes of chunks, because chunks are counted by Morton code and a shard holds those whose numbers
/// begin alike.
struct ShardGrid {
  ShardingSpec sharding;
  VolumeVector chunks{};  ///< of a shard per axis, xyz: powers of two
};

/// \param grid         chunks of the scale per axis, xyz
/// \param chunk_bytes  of a chunk
/// \param most_bytes   a shard has at most so many, or one chunk
/// \throws Error{too_large} if chunks cannot be numbered by 64 bits
ShardGrid plan_shards(const VolumeVector& grid, std::int64_t chunk_bytes, std::int64_t most_bytes);

/// "1f.shard"
std::string shard_name(const ShardingSpec& sharding, std::uint64_t shard);

/// A shard file; chunks by their numbers.
Buffer encode_shard(const ShardingSpec& sharding, const std::map<std::uint64_t, Buffer>& chunks);

/// The place of a chunk in a shard that encode_shard() made; empty where it has none.
/// \throws Error{corrupt_data} if it is cut short
std::span<const std::byte> find_in_shard(const ShardingSpec& sharding, std::span<const std::byte> shard,
                                         std::uint64_t chunk);

}  // namespace catvox::detail
