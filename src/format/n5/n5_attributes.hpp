#pragma once

#include <catvox/core/dtype.hpp>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "codec/compression.hpp"

namespace catvox::detail {

/// The largest block that is read, in decoded bytes. The largest in use, 512^3 uint64, is exactly this.
inline constexpr std::int64_t n5_max_block_bytes = std::int64_t{1} << 30;

/// What the `attributes.json` of an N5 dataset says. The per-dimension lists are in N5's order, first dimension fastest
/// in a block, and equally long.
struct N5Attributes {
  std::vector<std::int64_t> dimensions;  ///< voxels, each > 0
  std::vector<std::int64_t> block_size;  ///< voxels of a block, each > 0; all of them at most n5_max_block_bytes
  DType dtype = DType::uint8;
  Compression compression = Compression::raw;

  friend bool operator==(const N5Attributes&, const N5Attributes&) = default;
};

/// Parses the text of an `attributes.json`. Compression is read from `compression` (an object with a `type`, other
/// members ignored) or from the older `compressionType`; unknown keys are ignored and the root's version is not asked
/// for.
///
/// \throws Error{invalid_metadata} naming the key that is missing or wrong;
///         Error{unsupported} naming an element type or a compression that is not read;
///         Error{too_large} if a block would take more than n5_max_block_bytes
N5Attributes parse_n5_attributes(std::string_view json);

}  // namespace catvox::detail
