#pragma once

#include <array>
#include <catvox/core/dtype.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bytes/shard_layout.hpp"

namespace catvox::detail {

/// Three numbers in the volume's own order, x first.
using VolumeVector = std::array<std::int64_t, 3>;

/// How the chunks of a scale are encoded.
enum class ChunkEncoding : std::uint8_t { raw, jpeg, png, compressed_segmentation, compresso };

std::string_view name(ChunkEncoding encoding) noexcept;

/// One of the scales of an `info`.
struct PrecomputedScale {
  std::string key;                        ///< folder of the chunks, relative to that of `info`; may hold '/' and ".."
  VolumeVector size{};                    ///< voxels, each 1 to 2^53
  VolumeVector chunk_size{};              ///< voxels, each > 0; a chunk has at most max_chunk_bytes
  VolumeVector voxel_offset{};            ///< of the first voxel, within 2^53 of 0; part of chunks' names
  std::array<double, 3> resolution{};     ///< nm a voxel, each > 0
  std::optional<ChunkEncoding> encoding;  ///< absent: one that is not read
  std::string encoding_name;              ///< as it is written there
  VolumeVector segmentation_block{8, 8, 8};  ///< of compressed_segmentation
  std::optional<ShardingSpec> sharding;
};

/// Bytes of a decoded chunk, all channels, at most.
inline constexpr std::int64_t max_chunk_bytes = std::int64_t{1} << 30;

/// What the `info` of a Neuroglancer precomputed volume says.
struct PrecomputedInfo {
  DType dtype = DType::uint8;
  int channels = 1;
  std::vector<PrecomputedScale> scales;  ///< finest first, never empty
};

/// Parses the text of an `info`. Unknown members are ignored, `@type` may be absent.
/// \throws Error{invalid_metadata} naming the member that is missing or wrong; Error{unsupported} for a data type that
///         is not read, or a volume that is none (a mesh, annotations); Error{too_large} for a chunk beyond max_chunk_bytes
PrecomputedInfo parse_precomputed_info(std::string_view json);

}  // namespace catvox::detail
