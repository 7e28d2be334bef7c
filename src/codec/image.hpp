#pragma once

#include <catvox/core/error.hpp>
#include <cstddef>
#include <cstdint>
#include <span>

namespace catvox::detail {

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
/// Colour becomes grey by the JPEG luma (0.299 R + 0.587 G + 0.114 B), rounded as Pillow's mode "L" does; of a YCbCr
/// JPEG that is the Y it holds. 1-, 2- and 4-bit grey spans 0 to 255 (times 255, 85, 17), as in Pillow; a 16-bit sample
/// v becomes round(v / 257), which Pillow does not do. Alpha is dropped, not composed; gamma and colour profiles are
/// not applied.
///
/// JPEG: baseline, progressive, arithmetic; grey, YCbCr with any subsampling, RGB; 8 bit. PNG: every kind.
///
/// Rows below the window are not decoded, nor, where the format can do without them, rows above and columns beside it.
/// So what is wrong with the rest of a file may go unseen, as long as the window itself is there: a file that is cut
/// short never gives pixels of its own making, whether or not it was closed with an end marker. A JPEG that lacks its end
/// marker alone is complete; a progressive one that lacks its last scans is not. Of an arithmetic-coded JPEG nothing
/// tells where its data should end: one whose data end before the last row of blocks is refused, though a blank bottom
/// may look like that, and what is cut off that row goes unseen. Flipped bits are found by PNG's check sums, unless the window ends
/// before the chunk that holds them does; JPEG has none. What most PNG tiles are, though, 8-bit grey, not interlaced,
/// up to 5 MiB as a file and as an image, is checked to the end of the image data wherever the window ends (in a build
/// with libdeflate): any cut or flipped bit in them is an error.
///
/// \param encoded     the whole file
/// \param cell        the largest size that is accepted: a tile of the grid, rows x columns
/// \param window      what to write, inside `cell`; pixels that the image does not have become `fill`
/// \param fill        value for pixels that a short tile lacks
/// \param out         where the window's first pixel goes
/// \param row_stride  bytes from one row of `out` to the next, may be negative
/// \throws Error{corrupt_data} for bytes that are no image (the message quotes the first), are cut short, or do not
///         decode, and for an image larger than `cell`: "expected at most 512 x 512, got 1024 x 1024", width x height;
///         Error{too_large} for a JPEG of several scans, or an interlaced PNG, that needs more than 128 MiB whatever the
///         window is; Error{unsupported} naming a kind that is not read ("CMYK JPEG is not supported"; 12 bit; GIF, TIFF, WebP,
///         BMP); Error{invalid_argument} for a window that leaves `cell`. `out` may then be partly written
void decode_grey8(std::span<const std::byte> encoded, const ImageSize& cell, const ImageWindow& window,
                  std::uint8_t fill, std::uint8_t* out, std::ptrdiff_t row_stride);

}  // namespace catvox::detail
