#pragma once

#include <catvox/core/error.hpp>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace catvox {

/// The block compressions that N5 names.
enum class Compression : std::uint8_t { raw, gzip, bzip2, xz, lz4, zstd, blosc };

/// \throws Error{unsupported} naming the compression if `type` is unknown, or was left out of this build
Compression compression_from_name(std::string_view type);

/// The N5 name: "raw", "gzip", …
std::string_view name(Compression compression) noexcept;

/// Decompresses one block's payload into `out`, which has exactly the size that the payload must have.
///
/// gzip detects RFC 1952 (with concatenated members) and RFC 1950 by their bytes; lz4 detects lz4-java's LZ4Block
/// records, the LZ4 frame and a bare block. Codec contexts are kept per thread.
///
/// \throws Error{corrupt_data} if the payload does not decode to exactly out.size() bytes
void decompress(Compression compression, std::span<const std::byte> payload, std::span<std::byte> out);

}  // namespace catvox
