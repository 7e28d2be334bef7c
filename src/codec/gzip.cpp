#include "codec/decompressors.hpp"
#include "core/libdeflate_decompressor.hpp"

// libdeflate rather than zlib's stream or ISA-L: on 64^3 blocks of EM uint8 it inflates 2.2 times as fast as zlib
// and 1.2 times as fast as ISA-L; on label blocks 3 times as fast as zlib and 0.85 to 1.15 times as fast as ISA-L.
namespace catvox::detail {
namespace {

constexpr std::uint8_t gzip_magic[] = {0x1f, 0x8b};

/// RFC 1950: a multiple of 31 that names method 8.
bool is_zlib(Input payload) noexcept {
  if (payload.size() < 2) return false;
  const auto first = std::to_integer<unsigned>(payload[0]);
  const auto second = std::to_integer<unsigned>(payload[1]);
  return (first & 0x0f) == 8 && (first << 8 | second) % 31 == 0;
}

}  // namespace

std::size_t decompress_gzip(Input& payload, Output out) {
  const bool zlib = !starts_with(payload, gzip_magic);
  if (zlib && !is_zlib(payload)) throw_corrupt("gzip", "starts neither as gzip nor as zlib");
  const auto inflate = zlib ? libdeflate_zlib_decompress_ex : libdeflate_gzip_decompress_ex;

  std::size_t written = 0;
  do {
    std::size_t consumed = 0;
    std::size_t produced = 0;
    switch (inflate(thread_decompressor(), payload.data(), payload.size(), out.data() + written, out.size() - written,
                    &consumed, &produced)) {
      case LIBDEFLATE_SUCCESS:
        break;
      case LIBDEFLATE_INSUFFICIENT_SPACE:
        throw_too_long("gzip", out);
      default:
        throw_corrupt("gzip", "damaged or cut short");
    }
    payload = payload.subspan(consumed);
    written += produced;
  } while (!zlib && starts_with(payload, gzip_magic));
  return written;
}

}  // namespace catvox::detail
