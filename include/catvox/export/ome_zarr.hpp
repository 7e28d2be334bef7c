#pragma once

#include <catvox/core/export.hpp>
#include <catvox/export/block_writer.hpp>
#include <catvox/export/chunk_options.hpp>
#include <catvox/export/export_volume.hpp>
#include <filesystem>
#include <memory>
#include <string>

namespace catvox {

/// An OME-Zarr 0.4 image (Zarr 2, chunks at "c/z/y/x"), an array for each level, 0, 1, …, as napari, neuroglancer, Fiji and
/// OMERO open it. Axes are the view's, channels first where there are several.
///
/// `multiscales` has the voxel size of each level in nm, and as translation the centre of its first voxel: that is what
/// OME-Zarr's coordinates are of. Blocks that the source has nothing of are absent and read as 0.
/// \throws Error{invalid_argument, unsupported, too_large} for what Zarr, or this build, cannot hold
CATVOX_EXPORT std::unique_ptr<BlockWriter> ome_zarr_writer(const ExportVolume& volume, std::filesystem::path folder,
                                                           const ChunkOptions& options = {},
                                                           const std::string& title = {});

}  // namespace catvox
