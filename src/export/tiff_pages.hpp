#pragma once

#include <catvox/core/dtype.hpp>
#include <cstdint>
#include <string>

namespace catvox::detail {

/// Grey pages of one size, one strip each, that follow their headers without a gap.
struct TiffPages {
  std::int64_t pages = 0;
  std::int64_t headers = 0;  ///< that are written: one a page, or one for all
  std::int64_t height = 0, width = 0;
  DType dtype{};
  double pixel_height = 1, pixel_width = 1;
  std::string description{};  ///< of the first page
  bool big = false;           ///< BigTIFF
};

/// All bytes before the first pixel, little-endian.
std::string tiff_header(const TiffPages& pages);

/// Whether a classic TIFF with a header for each page would be too large for its 32-bit offsets.
bool exceeds_classic_tiff(TiffPages pages);

}  // namespace catvox::detail
