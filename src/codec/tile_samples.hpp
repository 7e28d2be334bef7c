#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "codec/image.hpp"

namespace catvox::detail {

/// A value of each pixel. Grey is its own red, green and blue. Pixels of an image without alpha are opaque: 255, or 65535
/// where samples have 16 bits. Luma is that of decode_grey8(), but of red, green and blue for every JPEG.
enum class Sample : std::uint8_t { luma, red, green, blue, alpha };

/// A sample that is wanted of a tile, and where that of the window's first pixel goes.
struct SamplePlane {
  Sample sample = Sample::luma;
  std::byte* out = nullptr;
};

/// Where the other pixels go: bytes from one row of the image, and from one column, to the next.
struct PixelStrides {
  std::ptrdiff_t row = 0;
  std::ptrdiff_t column = 0;
};

/// Decodes a JPEG or PNG tile once, for as many of its samples as are wanted.
///
/// \param encoded       the whole file
/// \param cell          the largest size that is accepted
/// \param window        what is wanted, inside `cell`; pixels that the image does not have become 0
/// \param sample_bytes  of the output: 1, where a 16-bit sample v becomes round(v / 257), or 2, where only images of 16-bit
///                      samples are accepted, which are written as they are
/// \throws Error as decode_grey8(); {corrupt_data} for an image of 8 bits where 16 are wanted
void decode_tile_samples(std::span<const std::byte> encoded, const ImageSize& cell, const ImageWindow& window,
                         int sample_bytes, std::span<const SamplePlane> planes, const PixelStrides& strides);

}  // namespace catvox::detail
