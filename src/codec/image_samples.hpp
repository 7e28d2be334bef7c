#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "codec/image.hpp"

namespace catvox::detail {

/// What an image holds.
struct ImageKind {
  ImageSize size{};
  int channels = 1;      ///< 1 grey, 2 grey and alpha, 3 red, green and blue, 4 those and alpha
  int sample_bytes = 1;  ///< 1 or 2
  friend bool operator==(const ImageKind&, const ImageKind&) = default;
};

/// What becomes of colours that a PNG says are transparent (its tRNS). An alpha channel is a channel either way.
enum class Transparency : bool { dropped, as_alpha };

/// Reads the header of a JPEG or PNG; pixels take no memory yet. A palette is red, green and blue.
/// \throws Error{corrupt_data, unsupported} as decode_grey8()
ImageKind image_kind(std::span<const std::byte> encoded, Transparency transparency = Transparency::dropped);

/// Decodes samples as they are stored, in native byte order, the channels of a pixel one after the other. YCbCr becomes
/// RGB; 1-, 2- and 4-bit grey spans 0 to 255.
///
/// \param kind    of the image, from image_kind() with the same transparency
/// \param window  inside of the image
/// \param out     where the window's first sample goes
/// \throws Error as decode_grey8()
void decode_samples(std::span<const std::byte> encoded, const ImageKind& kind, const ImageWindow& window,
                    std::byte* out, std::ptrdiff_t row_stride, Transparency transparency = Transparency::dropped);

}  // namespace catvox::detail
