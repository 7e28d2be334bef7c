// decode_grey8() on any bytes: it throws catvox::Error or writes every pixel of the window and no other, and a window
// holds what a decode of the whole cell has there; an 8-bit grey PNG decodes to what libpng makes of it. The last six
// bytes of an input choose the cell and the window, so that an image file is an input, and whether the CRCs of a PNG are
// made right first: few mutants would get past them.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include <zlib.h>

#include "codec/image.hpp"
#include "support/libpng_grey8.hpp"

namespace {

using namespace catvox;
using namespace catvox::detail;

using Pixels = std::unique_ptr<std::uint8_t[]>;

/// The window's pixels, in a block of exactly their size so that the sanitizer sees what is written beside it;
/// nothing if it does not decode.
std::optional<Pixels> decode(std::span<const std::byte> encoded, const ImageSize& cell, const ImageWindow& window) {
  auto pixels = std::make_unique<std::uint8_t[]>(static_cast<std::size_t>(window.height * window.width));
  try {
    decode_grey8(encoded, cell, window, 7, pixels.get(), window.width);
  } catch (const Error&) {
    return std::nullopt;
  }
  return pixels;
}

std::uint32_t big_endian(const std::uint8_t* four) {
  return std::uint32_t{four[0]} << 24 | std::uint32_t{four[1]} << 16 | std::uint32_t{four[2]} << 8 | four[3];
}

/// Makes the CRC of every chunk right (length, type, data, CRC of type and data), as far as they are whole.
void mend_crcs(std::span<std::uint8_t> png) {
  for (auto rest = png.subspan(std::min<std::size_t>(png.size(), 8)); rest.size() >= 12;) {
    const std::size_t length = big_endian(rest.data());
    if (length > rest.size() - 12) return;
    const uLong crc = crc32(0, rest.data() + 4, static_cast<uInt>(4 + length));
    for (std::size_t i = 0; i < 4; ++i) rest[8 + length + i] = static_cast<std::uint8_t>(crc >> (24 - 8 * i));
    rest = rest.subspan(12 + length);
  }
}

/// Aborts if libpng decodes 8-bit grey to other pixels.
void compare_to_libpng(std::span<const std::byte> encoded, const ImageSize& cell, const Pixels& whole) {
  if (encoded.size() < 24) return;
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(encoded.data());
  const ImageSize size{big_endian(bytes + 20), big_endian(bytes + 16)};
  if (size.height > cell.height || size.width > cell.width) return;
  Pixels expected = std::make_unique<std::uint8_t[]>(static_cast<std::size_t>(size.height * size.width));
  if (!test::read_grey8_by_libpng(encoded, size, expected.get())) return;
  for (std::int64_t row = 0; row < size.height; ++row) {
    const std::uint8_t* line = expected.get() + row * size.width;
    if (!std::equal(line, line + size.width, whole.get() + row * cell.width)) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::uint8_t choice[6] = {};
  std::copy_n(data + size - std::min(size, sizeof choice), std::min(size, sizeof choice), choice);
  std::vector<std::uint8_t> input(data, data + size);
  if ((choice[0] & 0x80) != 0) mend_crcs(input);
  const auto encoded = std::as_bytes(std::span(input));

  const ImageSize cell{64 + choice[0] % 64, 68 + choice[1] % 64};  // no smaller than the seeds
  ImageWindow window{choice[2] % cell.height, choice[3] % cell.width, 0, 0};
  window.height = 1 + choice[4] % (cell.height - window.row);
  window.width = 1 + choice[5] % (cell.width - window.column);

  const auto whole = decode(encoded, cell, {0, 0, cell.height, cell.width});
  const auto part = decode(encoded, cell, window);
  if (!whole) return 0;  // the window may have ended before what is wrong
  if (!part) std::abort();
  compare_to_libpng(encoded, cell, *whole);
  for (std::int64_t row = 0; row < window.height; ++row) {
    const std::uint8_t* expected = whole->get() + (window.row + row) * cell.width + window.column;
    if (!std::equal(expected, expected + window.width, part->get() + row * window.width)) std::abort();
  }
  return 0;
}
