#include "core/inflate.hpp"

#include <algorithm>
#include <catvox/core/error.hpp>
#include <string>

#ifdef CATVOX_WITH_GZIP
#include "core/libdeflate_decompressor.hpp"
#endif

namespace catvox::detail {

#ifdef CATVOX_WITH_GZIP
namespace {

// Adds what one stream holds, whose size nobody says: where there is no room, it begins anew with twice as much.
// \param decode  one of libdeflate's
// \returns       bytes that the stream takes
template <class Decode>
std::size_t append_decoded(Buffer& decoded, std::span<const std::byte> encoded, std::size_t max_bytes,
                           const std::string& name, Decode decode) {
  decoded.reserve(std::min(max_bytes, std::max<std::size_t>(4 * encoded.size(), 4096)));
  while (true) {
    std::size_t consumed = 0, produced = 0;
    const auto result = decode(thread_decompressor(), encoded.data(), encoded.size(), decoded.data() + decoded.size(),
                               decoded.capacity() - decoded.size(), &consumed, &produced);
    if (result == LIBDEFLATE_SUCCESS) {
      decoded.resize(decoded.size() + produced);
      return consumed;
    }
    if (result != LIBDEFLATE_INSUFFICIENT_SPACE) throw Error(Errc::corrupt_data, name + ": damaged or cut short");
    if (decoded.capacity() >= max_bytes) {
      throw Error(Errc::too_large, name + ": more than the limit of " + std::to_string(max_bytes) + " bytes");
    }
    decoded.reserve(std::min(max_bytes, 2 * decoded.capacity()));
  }
}

// RFC 1950: a multiple of 31 that names method 8. No encoder begins a bare stream so.
bool is_zlib(std::span<const std::byte> encoded) noexcept {
  if (encoded.size() < 2) return false;
  const auto first = std::to_integer<unsigned>(encoded[0]);
  const auto second = std::to_integer<unsigned>(encoded[1]);
  return (first & 0x0f) == 8 && (first << 8 | second) % 31 == 0;
}

}  // namespace

Buffer gunzip(std::span<const std::byte> encoded, std::size_t max_bytes) {
  Buffer decoded;
  do {
    encoded = encoded.subspan(append_decoded(decoded, encoded, max_bytes, "gzip", libdeflate_gzip_decompress_ex));
  } while (!encoded.empty());
  return decoded;
}

Buffer inflate(std::span<const std::byte> encoded, std::size_t max_bytes) {
  Buffer decoded;
  const auto decode = is_zlib(encoded) ? libdeflate_zlib_decompress_ex : libdeflate_deflate_decompress_ex;
  const auto consumed = append_decoded(decoded, encoded, max_bytes, "deflate", decode);
  if (consumed != encoded.size()) throw Error(Errc::corrupt_data, "deflate: bytes follow the stream");
  return decoded;
}
#else
Buffer gunzip(std::span<const std::byte>, std::size_t) {
  throw Error(Errc::unsupported, "gzip is not part of this build (CATVOX_WITH_GZIP)");
}

Buffer inflate(std::span<const std::byte>, std::size_t) {
  throw Error(Errc::unsupported, "deflate is not part of this build (CATVOX_WITH_GZIP)");
}
#endif

}  // namespace catvox::detail
