#pragma once

#include <catvox/core/buffer.hpp>
#include <cstddef>
#include <span>

#include "codec/compressed_segmentation.hpp"

namespace catvox::detail {

/// Encodes a chunk of labels in Neuroglancer's compressed_segmentation.
/// \param labels  channel after channel, zyx without gaps, native byte order
/// \throws Error{too_large} if its tables do not fit the format's 24-bit offsets: choose smaller chunks
Buffer encode_compressed_segmentation(std::span<const std::byte> labels, const SegmentationChunk& chunk);

}  // namespace catvox::detail
