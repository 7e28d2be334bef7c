#pragma once

#include <catvox/core/buffer.hpp>
#include <cstddef>
#include <span>

#include "codec/image.hpp"

namespace catvox::detail {

/// The largest side that a JPEG can have.
inline constexpr std::int64_t max_jpeg_side = 65500;

/// A baseline JPEG of 8-bit grey pixels.
/// \param pixels   size.height rows of size.width, without gaps; each side 1 to max_jpeg_side
/// \param quality  1 to 100
/// \throws Error{io} with libjpeg's words
Buffer encode_jpeg(std::span<const std::byte> pixels, const ImageSize& size, int quality);

}  // namespace catvox::detail
