#pragma once

#include <catvox/core/box.hpp>
#include <catvox/core/strided.hpp>
#include <cstddef>
#include <span>

namespace catvox::detail {

/// What the metadata say of a chunk in Neuroglancer's compressed_segmentation.
struct SegmentationChunk {
  std::size_t item_size = 4;  ///< 4 or 8 bytes a label
  int channels = 1;
  Shape3 shape{};  ///< voxels, zyx with x fastest in the chunk, each > 0
  Shape3 block{};  ///< voxels of a block, zyx, each 1 to 2^20
};

/// Decodes a part of a channel, block by block straight into place.
///
/// \param encoded  the whole chunk
/// \param channel  0 to chunk.channels - 1
/// \param window   zyx, inside chunk.shape, not empty
/// \param out      receives every voxel of the window; strides[2] == chunk.item_size
/// \throws Error{corrupt_data} for a chunk that is cut short, and offsets or indices beyond its end. `out` may then be
///         partly written
void decode_compressed_segmentation(std::span<const std::byte> encoded, const SegmentationChunk& chunk, int channel,
                                    const Box& window, const StridedBytes& out);

}  // namespace catvox::detail
