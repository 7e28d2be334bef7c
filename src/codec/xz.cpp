#include <lzma.h>

#include <algorithm>
#include <new>

#include "codec/decompressors.hpp"

namespace catvox::detail {
namespace {

constexpr std::uint8_t magic[] = {0xfd, '7', 'z', 'X', 'Z', 0x00};

/// How many zeros pad a stream: a multiple of four.
std::size_t padding(Input payload) noexcept {
  const auto next = std::find_if(payload.begin(), payload.end(), [](std::byte b) { return b != std::byte{0}; });
  return static_cast<std::size_t>(next - payload.begin()) / 4 * 4;
}

}  // namespace

std::size_t decompress_xz(Input& payload, Output out) {
  std::size_t written = 0;
  do {
    std::uint64_t memory = std::uint64_t{128} << 20;
    std::size_t consumed = 0;
    switch (lzma_stream_buffer_decode(&memory, 0, nullptr, reinterpret_cast<const std::uint8_t*>(payload.data()),
                                      &consumed, payload.size(), reinterpret_cast<std::uint8_t*>(out.data()), &written,
                                      out.size())) {
      case LZMA_OK:
        break;
      case LZMA_BUF_ERROR:
        throw_too_long("xz", out);
      case LZMA_FORMAT_ERROR:
        throw_corrupt("xz", "does not start as xz");
      case LZMA_MEM_ERROR:
        throw std::bad_alloc();
      case LZMA_MEMLIMIT_ERROR:
        throw Error(Errc::too_large, "xz payload: needs " + std::to_string(memory >> 20) +
                                         " MiB to decompress, at most 128 MiB are allowed");
      default:
        throw_corrupt("xz", "damaged or cut short");
    }
    payload = payload.subspan(consumed);
    payload = payload.subspan(padding(payload));
  } while (starts_with(payload, magic));
  return written;
}

}  // namespace catvox::detail
