#pragma once

#include <catvox/core/export.hpp>
#include <catvox/export/block_writer.hpp>
#include <catvox/export/chunk_options.hpp>
#include <catvox/export/export_volume.hpp>
#include <filesystem>
#include <memory>

namespace catvox {

/// An N5 group with a dataset for each level, s0, s1, …, as n5-viewer, BigDataViewer, Paintera, CATMAID (tile source type
/// 11, `FOLDER/%SCALE_DATASET%/0_1_2`) and catvox open them. N5 counts the fastest axis first: (x, y, z), and then channels.
///
/// World coordinates are in the attributes of each dataset: `transform` (COSEM: the centre of the first voxel, nm),
/// `resolution`, `downsamplingFactors`, and `corner`, the lower corner of the first voxel. Blocks that the source has
/// nothing of are absent, which N5 reads as 0.
/// \throws Error{invalid_argument, unsupported, too_large} for what N5, or this build, cannot hold
CATVOX_EXPORT std::unique_ptr<BlockWriter> n5_writer(const ExportVolume& volume, std::filesystem::path folder,
                                                     const ChunkOptions& options = {});

}  // namespace catvox
