#pragma once

#include <catvox/core/dtype.hpp>
#include <filesystem>
#include <string>

#include "support/volume.hpp"

namespace tools {

/// \throws Error{invalid_argument} for 64-bit types, which ImageJ cannot open, and for int8, which it takes for uint8.
/// (It opens the 32-bit integers, but shows them as float32: exact up to 2^24.)
void check_tiff_dtype(catvox::DType dtype);

/// Whether the volume needs BigTIFF (4 GiB and more), which ImageJ opens by Bio-Formats only.
bool needs_big_tiff(const Volume& volume);

/// What ImageJ reads from the first page: number of slices, unit, slice spacing, display range, and the origin, so that
/// its coordinates are world coordinates. (ij/io/FileOpener.java, decodeDescription and setCalibration)
std::string imagej_description(const Volume& volume);

/// Writes a page for each slice and, within it, each channel (more than one: a hyperstack, as a composite), uncompressed, with the voxel size that ImageJ reads (the in-plane sizes, which may
/// differ, as the pages' X and Y resolution).
///
/// All pages' pixels lie in one run behind the page headers: of a file that says "images=N" ImageJ looks at the first
/// page only and takes the other slices to follow it without a gap.
/// \throws Error{invalid_argument} for a dtype that check_tiff_dtype() refuses, Error{too_large} for a slice beyond TIFF's
///         2^32 - 1 pixels a side, Error{io}
void write_tiff(const std::filesystem::path& name, const Volume& volume);

}  // namespace tools
