#pragma once

#include <catvox/core/dtype.hpp>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "support/volume.hpp"

namespace tools {

/// A grey image, rows on top of each other without padding.
struct GreyImage {
  std::int64_t height = 0;
  std::int64_t width = 0;
  catvox::DType dtype = catvox::DType::uint8;  ///< uint8 or uint16, in the machine's byte order
  std::span<const std::byte> pixels;
};

/// \throws Error{invalid_argument} unless dtype is uint8 or uint16: a PNG holds nothing else
void check_png_dtype(catvox::DType dtype);

/// Writes an 8- or 16-bit grey PNG.
/// \throws Error{invalid_argument} for another dtype, Error{too_large} beyond PNG's 2^31 - 1 pixels a side, Error{io}
void write_png(const std::filesystem::path& name, const GreyImage& image);

/// One file for each slice: "out.png" becomes "out_0000.png", "out_0001.png", …, however many there are.
std::vector<std::filesystem::path> png_slice_names(const std::filesystem::path& name, std::int64_t slices);

/// Removes what a longer crop under the same name left: files that continue the row of png_slice_names().
/// \returns those that were there \throws Error{io}
std::vector<std::filesystem::path> remove_later_png_slices(const std::filesystem::path& name, std::int64_t slices);

/// Writes slice i to names[i]. \throws Error as write_png()
void write_png_slices(std::span<const std::filesystem::path> names, const Volume& volume);

/// Writes all slices side by side, in rows from the top left, with a thin white line between them. The grid is as near
/// to a square picture as whole slices allow. \throws Error as write_png()
void write_png_montage(const std::filesystem::path& name, const Volume& volume);

}  // namespace tools
