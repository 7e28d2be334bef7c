#pragma once

#include <catvox/core/export.hpp>
#include <catvox/export/block_writer.hpp>
#include <catvox/export/export_volume.hpp>
#include <filesystem>
#include <memory>
#include <string>

namespace catvox {

/// How a Neuroglancer precomputed volume is cut and encoded.
struct PrecomputedOptions {
  Shape3 chunk_shape{64, 64, 64};  ///< zyx, each > 0
  std::string encoding = "raw";    ///< "raw", "jpeg" (uint8, one channel) or "compressed_segmentation" (uint32, uint64)
  int jpeg_quality = 85;           ///< 1 to 100
  bool segmentation = false;       ///< whether viewers shall show labels
  bool sharded = false;            ///< many chunks a file, of up to 32 MiB before compression
  bool round_origin = false;       ///< see precomputed_writer()
};

/// A Neuroglancer precomputed volume, as neuroglancer, cloud-volume, tensorstore, CATMAID (tile source type 14) and catvox
/// open it; a scale for each level. Its axes are the world's: bring the view in_world_order().
///
/// The format counts whole voxels from the world's zero: an origin between them is an error, unless round_origin takes the
/// nearest, of each level its own. Unsharded chunks that the source has nothing of are absent, which reads as 0.
/// \throws Error{invalid_argument} for what the format, or the encoding, cannot hold; Error{too_large}
CATVOX_EXPORT std::unique_ptr<BlockWriter> precomputed_writer(const ExportVolume& volume, std::filesystem::path folder,
                                                              const PrecomputedOptions& options = {});

}  // namespace catvox
