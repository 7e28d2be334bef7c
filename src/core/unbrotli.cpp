#include "core/unbrotli.hpp"

#include <algorithm>
#include <catvox/core/error.hpp>
#include <cstdint>
#include <memory>
#include <new>
#include <string>

#ifdef CATVOX_WITH_BROTLI
#include <brotli/decode.h>
#endif

namespace catvox::detail {

#ifdef CATVOX_WITH_BROTLI
Buffer unbrotli(std::span<const std::byte> encoded, std::size_t max_bytes) {
  struct Destroy {
    void operator()(BrotliDecoderState* state) const noexcept { BrotliDecoderDestroyInstance(state); }
  };
  const std::unique_ptr<BrotliDecoderState, Destroy> state(BrotliDecoderCreateInstance(nullptr, nullptr, nullptr));
  if (!state) throw std::bad_alloc();

  Buffer decoded;
  decoded.reserve(std::min(max_bytes, std::max<std::size_t>(4 * encoded.size(), 4096)));
  const auto* next_in = reinterpret_cast<const std::uint8_t*>(encoded.data());
  std::size_t left = encoded.size();
  while (true) {
    auto* next_out = reinterpret_cast<std::uint8_t*>(decoded.data()) + decoded.size();
    std::size_t room = decoded.capacity() - decoded.size();
    const auto result = BrotliDecoderDecompressStream(state.get(), &left, &next_in, &room, &next_out, nullptr);
    decoded.resize(decoded.capacity() - room);
    if (result == BROTLI_DECODER_RESULT_SUCCESS) {
      if (left != 0) throw Error(Errc::corrupt_data, "br: bytes follow the stream");
      return decoded;
    }
    if (result != BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT) {
      throw Error(Errc::corrupt_data, "br: damaged or cut short");
    }
    if (decoded.capacity() >= max_bytes) {
      throw Error(Errc::too_large, "br: more than the limit of " + std::to_string(max_bytes) + " bytes");
    }
    decoded.reserve(std::min(max_bytes, 2 * decoded.capacity()));
  }
}
#else
Buffer unbrotli(std::span<const std::byte>, std::size_t) {
  throw Error(Errc::unsupported, "br is not part of this build (CATVOX_WITH_BROTLI)");
}
#endif

}  // namespace catvox::detail
