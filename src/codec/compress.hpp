#pragma once

#include <catvox/core/buffer.hpp>
#include <cstddef>
#include <span>
#include <string>
#include "codec/compression.hpp"

namespace catvox::detail {

/// How a block is compressed, as N5 and Zarr have it in their metadata.
struct Compressor {
  Compression compression = Compression::gzip;  ///< raw, gzip, zstd or blosc
  int level = 5;                                ///< gzip 1 to 9, zstd 1 to 19, blosc 1 to 9
  std::string blosc_codec = "zstd";             ///< inside of blosc; bytes are shuffled
};

/// \throws Error{invalid_argument} for a level that the compression does not have; Error{unsupported} for a compression
///         that is not written, or was left out of this build
void check_compressor(const Compressor& compressor);

/// Compresses a block's payload; decompress() gives it back.
/// \param item_size  bytes of a voxel, for the shuffling of blosc
/// \throws Error{too_large} beyond 2^31 - 1 bytes
Buffer compress(const Compressor& compressor, std::span<const std::byte> payload, std::size_t item_size);

}  // namespace catvox::detail
