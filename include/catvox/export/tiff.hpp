#pragma once

#include <catvox/core/export.hpp>
#include <catvox/export/block_writer.hpp>
#include <catvox/export/export_volume.hpp>
#include <filesystem>
#include <memory>

namespace catvox {

/// A TIFF that ImageJ opens as a (hyper)stack in nm, whose coordinates are the world's: slices are the view's first axis,
/// channels come first within a slice. Uncompressed, all pages one after the other.
///
/// From 4 GiB on it has one page header that says how many pages follow, as ImageJ itself writes such files, because
/// ImageJ refuses BigTIFF; tifffile reads it, too, other programs see the first page alone. ImageJ shows 32-bit integers
/// as float32: exact up to 2^24.
/// \throws Error{invalid_argument} for several levels, int8, 64-bit voxels; Error{too_large} for a page of 2^31 pixels or
///         4 GiB
CATVOX_EXPORT std::unique_ptr<BlockWriter> imagej_tiff_writer(const ExportVolume& volume, std::filesystem::path file);

/// An OME-TIFF, as Bio-Formats, OMERO, napari and tifffile open it: voxel size in nm, the origin as stage label. BigTIFF
/// from 4 GiB on. Uncompressed.
/// \throws Error{invalid_argument} for several levels or 64-bit integers; Error{too_large} for a page of 2^32 pixels a side
CATVOX_EXPORT std::unique_ptr<BlockWriter> ome_tiff_writer(const ExportVolume& volume, std::filesystem::path file);

}  // namespace catvox
