#pragma once

#include <catvox/core/error.hpp>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace catvox::detail {

/// The block compressions that N5 names.
enum class Compression : std::uint8_t { raw, gzip, bzip2, xz, lz4, zstd, blosc };

/// \param type  as in a volume's attributes: "gzip"
/// \throws Error{unsupported} naming the compression if it is unknown, or was left out of this build
Compression compression_from_name(std::string_view type);

/// The N5 name: "raw", "gzip", …
std::string_view name(Compression compression) noexcept;

/// Whether this build can read it: CMake's CATVOX_WITH_GZIP, CATVOX_WITH_BZIP2, … leave compressions out.
bool is_available(Compression compression) noexcept;

/// Decompresses one block's payload into `out`, which has exactly the size that the payload must have.
///
/// | compression | what is read |
/// |---|---|
/// | raw   | the bytes themselves |
/// | gzip  | RFC 1952, one member or several, or RFC 1950 (zlib); told apart by their bytes |
/// | bzip2 | one stream or several |
/// | xz    | one stream or several, padded or not, with a dictionary of at most 128 MiB (preset 9 has 64) |
/// | lz4   | lz4-java's LZ4Block records, LZ4 frames, a bare block (z5), or one behind its size; told apart by their bytes |
/// | zstd  | one frame or several |
/// | blosc | one blosc 1 frame, with every inner codec that the blosc library has |
///
/// Every checksum that the format carries is verified, and a compressed stream must be there up to its end mark. Nothing
/// may follow that is no further stream, but for the zeros, a multiple of four, that xz pads with: a payload of another
/// length than it should have is most often voxels of another type.
///
/// \param payload  at most 2^31 - 1 bytes
/// \param out      at most 2^31 - 1 bytes; holds nothing of use after an exception
/// \throws Error{corrupt_data} if the payload does not decode to exactly out.size() bytes;
///         Error{unsupported} if the compression, or blosc's inner codec, was left out of the build;
///         Error{too_large} if a size is beyond the limits above
void decompress(Compression compression, std::span<const std::byte> payload, std::span<std::byte> out);

}  // namespace catvox::detail
