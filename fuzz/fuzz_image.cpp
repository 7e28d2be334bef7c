// decode_grey8() on any bytes: it throws catvox::Error or writes every pixel of the window and no other, and a window
// holds what a decode of the whole cell has there. The last six bytes of an input choose the cell and the window, so
// that an image file is an input.

#include <catvox/codec/image.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <span>

namespace {

using namespace catvox;

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

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::uint8_t choice[6] = {};
  std::copy_n(data + size - std::min(size, sizeof choice), std::min(size, sizeof choice), choice);
  const std::span<const std::byte> encoded(reinterpret_cast<const std::byte*>(data), size);

  const ImageSize cell{64 + choice[0] % 64, 68 + choice[1] % 64};  // no smaller than the seeds
  ImageWindow window{choice[2] % cell.height, choice[3] % cell.width, 0, 0};
  window.height = 1 + choice[4] % (cell.height - window.row);
  window.width = 1 + choice[5] % (cell.width - window.column);

  const auto whole = decode(encoded, cell, {0, 0, cell.height, cell.width});
  const auto part = decode(encoded, cell, window);
  if (!whole) return 0;  // the window may have ended before what is wrong
  if (!part) std::abort();
  for (std::int64_t row = 0; row < window.height; ++row) {
    const std::uint8_t* expected = whole->get() + (window.row + row) * cell.width + window.column;
    if (!std::equal(expected, expected + window.width, part->get() + row * window.width)) std::abort();
  }
  return 0;
}
