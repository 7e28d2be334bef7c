#include <blosc.h>

#include <catvox/core/text.hpp>
#include <iterator>

#include "codec/decompressors.hpp"

namespace catvox::detail {
namespace {

/// Blosc answers a missing inner codec like damage; told apart, the user knows what to do.
void check_inner_codec(Input frame) {
  constexpr const char* codecs[] = {"blosclz", "lz4", "snappy", "zlib", "zstd"};
  const auto flags = std::to_integer<unsigned>(frame[2]);
  constexpr unsigned stored = 0x2;
  if ((flags & stored) != 0) return;
  const unsigned codec = flags >> 5;
  if (codec >= std::size(codecs)) throw_corrupt("blosc", "unknown inner codec " + std::to_string(codec));
  if (blosc_compname_to_compcode(codecs[codec]) < 0) {
    throw Error(Errc::unsupported, "blosc payload: inner codec " + in_quotes(codecs[codec]) +
                                       " was left out of this build of the blosc library");
  }
}

}  // namespace

std::size_t decompress_blosc(Input& payload, Output out) {
  if (payload.size() < BLOSC_MIN_HEADER_LENGTH) throw_corrupt("blosc", "cut short");
  std::size_t decoded = 0;
  std::size_t frame = 0;
  std::size_t block = 0;
  blosc_cbuffer_sizes(payload.data(), &decoded, &frame, &block);
  if (frame > payload.size()) {
    throw_corrupt("blosc", std::to_string(payload.size()) + " bytes, expected " + std::to_string(frame));
  }
  std::size_t validated = 0;
  if (blosc_cbuffer_validate(payload.data(), frame, &validated) != 0) throw_corrupt("blosc", "header is damaged");
  check_inner_codec(payload);
  require_full("blosc", decoded, out);
  // The context variant: the plain one serialises all threads on a lock.
  const int written = blosc_decompress_ctx(payload.data(), out.data(), out.size(), 1);
  if (written < 0 || static_cast<std::size_t>(written) != decoded) throw_corrupt("blosc", "damaged");
  payload = payload.subspan(frame);
  return decoded;
}

}  // namespace catvox::detail
