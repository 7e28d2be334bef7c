#pragma once

#include <catvox/core/error.hpp>
#include <cstddef>
#include <cstdint>
#include <span>

namespace catvox {

/// Rows x columns of pixels.
struct ImageSize {
  std::int64_t height = 0;
  std::int64_t width = 0;
  friend bool operator==(const ImageSize&, const ImageSize&) = default;
};

/// The part of an image that is wanted: rows [row, row + height), columns [column, column + width).
struct ImageWindow {
  std::int64_t row = 0;
  std::int64_t column = 0;
  std::int64_t height = 0;
  std::int64_t width = 0;
};

/// Decodes a JPEG or PNG tile to 8-bit grey. The bytes decide the format, not a file extension.
///
/// Colour becomes grey by the JPEG luma (0.299 R + 0.587 G + 0.114 B), rounded as Pillow's mode "L" does;
/// 16-bit samples are scaled to 8; alpha is dropped. Only the rows that the window needs are decoded where the
/// format allows it.
///
/// \param encoded     the whole file
/// \param cell        the largest size that is accepted: a tile of the grid, rows x columns
/// \param window      what to write, inside `cell`; pixels that the image does not have become `fill`
/// \param fill        value for pixels that a short tile lacks
/// \param out         where the window's first pixel goes
/// \param row_stride  bytes from one row of `out` to the next, may be negative
/// \throws Error{corrupt_data} for bytes that are no image, are cut short, or do not decode, and for an image larger
///         than `cell` (the message gives both sizes); Error{unsupported} for a kind that is not read (CMYK, 12 bit)
void decode_grey8(std::span<const std::byte> encoded, const ImageSize& cell, const ImageWindow& window,
                  std::uint8_t fill, std::uint8_t* out, std::ptrdiff_t row_stride);

}  // namespace catvox
