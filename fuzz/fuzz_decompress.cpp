// decompress() on any bytes as every compression: it throws catvox::Error or writes all of the output and nothing else.
// An input is laid out as an N5 block, so that the blocks in tests/data/n5 are seeds: of its 16 bytes of header three
// give the size of the output, the rest is the payload.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <span>

#include "codec/compression.hpp"

namespace {

using namespace catvox;
using namespace catvox::detail;

using Output = std::unique_ptr<std::byte[]>;

/// Memory of exactly the size, so that the sanitizer sees what is written beside it; nothing if it does not decode.
std::optional<Output> decode(Compression compression, std::span<const std::byte> payload, std::size_t size,
                             int before) {
  auto out = std::make_unique_for_overwrite<std::byte[]>(size);
  std::memset(out.get(), before, size);
  try {
    decompress(compression, payload, {out.get(), size});
  } catch (const Error&) {
    return std::nullopt;
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 16) return 0;
  const std::span<const std::byte> payload(reinterpret_cast<const std::byte*>(data + 16), size - 16);
  const std::size_t decoded = std::size_t{1} * data[7] * data[11] * data[15];
  if (decoded > std::size_t{1} << 18) return 0;  // large enough for every seed
  for (int i = 0; i <= static_cast<int>(Compression::blosc); ++i) {
    const auto compression = static_cast<Compression>(i);
    const auto first = decode(compression, payload, decoded, 0x00);
    if (!first) continue;
    // A byte that is not written is what was there before.
    const auto second = decode(compression, payload, decoded, 0xff);
    if (!second || std::memcmp(first->get(), second->get(), decoded) != 0) std::abort();
  }
  return 0;
}
