#pragma once

#include <catvox/core/error.hpp>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

// One function a library. Each takes off `payload` what it has read, up to the end mark of the last stream, and returns
// how many bytes of `out` it has written, or throws. decompress() has checked that both sizes fit an int, and checks
// afterwards that nothing is left of either: no codec can forget to.
namespace catvox::detail {

using Input = std::span<const std::byte>;
using Output = std::span<std::byte>;

std::size_t decompress_gzip(Input& payload, Output out);
std::size_t decompress_bzip2(Input& payload, Output out);
std::size_t decompress_xz(Input& payload, Output out);
std::size_t decompress_lz4(Input& payload, Output out);
std::size_t decompress_zstd(Input& payload, Output out);
std::size_t decompress_blosc(Input& payload, Output out);

[[noreturn]] inline void throw_corrupt(std::string_view compression, std::string_view why) {
  throw Error(Errc::corrupt_data, std::string(compression) + " payload: " + std::string(why));
}

[[noreturn]] inline void throw_too_long(std::string_view compression, Output out) {
  throw_corrupt(compression, "decodes to more than the expected " + std::to_string(out.size()) + " bytes");
}

/// Throws unless `size` bytes, which the payload decodes to, are what `out` needs.
inline void require_full(std::string_view compression, std::size_t size, Output out) {
  if (size == out.size()) return;
  throw_corrupt(compression, "decodes to " + std::to_string(size) + " bytes, expected " + std::to_string(out.size()));
}

template <std::size_t N>
bool starts_with(Input bytes, const std::uint8_t (&magic)[N]) noexcept {
  if (bytes.size() < N) return false;
  for (std::size_t i = 0; i < N; ++i) {
    if (bytes[i] != std::byte{magic[i]}) return false;
  }
  return true;
}

}  // namespace catvox::detail
