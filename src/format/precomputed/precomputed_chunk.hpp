#pragma once

#include <catvox/core/box.hpp>
#include <catvox/core/dtype.hpp>
#include <catvox/core/selection.hpp>
#include <catvox/core/strided.hpp>
#include <cstddef>
#include <span>

#include "format/precomputed/info.hpp"

namespace catvox::detail {

/// What the metadata say of one chunk. Everything is in the chunk's own order: zyx with x fastest.
struct PrecomputedChunk {
  DType dtype = DType::uint8;
  int channels = 1;
  ChunkEncoding encoding = ChunkEncoding::raw;
  Shape3 shape{};               ///< voxels, each > 0: a chunk at the volume's end is smaller than others
  Shape3 segmentation_block{};  ///< of compressed_segmentation
};

/// Why a combination of encoding, element type and channels cannot be; empty if it can.
std::string_view contradiction(ChunkEncoding encoding, DType dtype, int channels) noexcept;

/// Decodes a part of some channels of a chunk: an image of several once.
///
/// \param channels  inside of chunk.channels, at least one
/// \param window    inside chunk.shape, not empty
/// \param out       receives every voxel of the window. One of its three strides is the size of an element; they need not
///                  be in any order, but `rows` says which
/// \param rows      the axis of the window (0: z, 1: y, 2: x) whose stride in `out` is the size of an element
/// \throws Error{corrupt_data} for a chunk of another length or number of pixels, and as the decoders do
void decode_precomputed_chunk(const PrecomputedChunk& chunk, const ChannelSelection& channels,
                              std::span<const std::byte> encoded, const Box& window, const StridedBytes& out,
                              std::size_t rows);

}  // namespace catvox::detail
