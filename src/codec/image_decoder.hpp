#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "codec/image.hpp"
#include "codec/image_samples.hpp"

namespace catvox::detail {

/// What an image may take beside the window that is wanted of it, where its kind needs the whole image at once.
inline constexpr std::int64_t most_image_memory = std::int64_t{128} << 20;

/// What a pixel becomes.
enum class PixelFormat : std::uint8_t {
  grey8,      ///< see decode_grey8()
  as_stored,  ///< see decode_samples()
  with_alpha  ///< the same with Transparency::as_alpha
};

/// What decode_grey8() or decode_samples() was asked for, with a window that is known to lie inside `cell`.
struct PixelRequest {
  ImageSize cell;
  ImageWindow window;
  std::uint8_t* out = nullptr;
  std::ptrdiff_t row_stride = 0;
  PixelFormat format = PixelFormat::grey8;

  /// Where row `index` of the window goes.
  [[nodiscard]] std::uint8_t* row(std::int64_t index) const noexcept { return out + index * row_stride; }
};

/// The extents of the pixels of `window` that an image has: always the window's top left part, 0 where it has none.
inline ImageSize part_in_image(const ImageWindow& window, const ImageSize& image) noexcept {
  return {std::clamp<std::int64_t>(image.height - window.row, 0, window.height),
          std::clamp<std::int64_t>(image.width - window.column, 0, window.width)};
}

/// \throws Error{corrupt_data} with both sizes if an image is larger than a cell; for use before pixels get memory
void check_size(const ImageSize& image, const ImageSize& cell);

/// One format each: what an image holds, see image_kind().
ImageKind jpeg_kind(std::span<const std::byte> encoded);
ImageKind png_kind(std::span<const std::byte> encoded, PixelFormat format);

/// One format each: writes the pixels of the window that the image has.
/// \returns  how many those are, see part_in_image(); the rest of the window is not touched
/// \throws Error{corrupt_data, unsupported} as decode_grey8()
ImageSize decode_jpeg(std::span<const std::byte> encoded, const PixelRequest& request);
ImageSize decode_png(std::span<const std::byte> encoded, const PixelRequest& request);

/// decode_png() for what most PNG tiles are: 8-bit grey, not interlaced, at most 5 MiB as a file and as an image.
/// Checks the image data to their end, wherever the window ends. Only in a build with libdeflate.
/// \returns  nothing, before anything is written, for a PNG that is not of this kind, or whose header or amount of data
///           is odd, so that libpng is to judge it
std::optional<ImageSize> decode_png_grey8(std::span<const std::byte> encoded, const PixelRequest& request);

}  // namespace catvox::detail
