#pragma once

#include <array>
#include <catvox/core/box.hpp>
#include <catvox/format/chunk_store.hpp>
#include <cstddef>
#include <span>

#include "format/n5/n5_attributes.hpp"

namespace catvox::detail {

/// Decodes a part of one N5 block to native byte order and array axes.
///
/// The block's own size rules: voxels of the window that it does not reach become 0, voxels beyond the cell are
/// clipped. It may decode to at most 8 times the bytes of a cell (a cell doubled along three axes) or 1 MiB, whichever
/// is more, and to at most n5_max_block_bytes.
///
/// \param axes     N5 dimension of each array axis, zyx; dimensions that are not picked are read at their position 0
/// \param encoded  header and payload, as fetched
/// \param window   zyx, relative to the block's first voxel, not empty
/// \param out      receives every voxel of the window; strides[2] == item_size(attributes.dtype)
/// \throws Error{corrupt_data} if the header is cut short, does not fit the attributes (number of dimensions, sizes,
///         element count of mode 1), or the payload does not decode to exactly the block;
///         Error{unsupported} for mode 2, which holds an object and not voxels; Error{too_large} beyond the bounds
///         above
void decode_n5_block(const N5Attributes& attributes, const std::array<std::size_t, 3>& axes,
                     std::span<const std::byte> encoded, const Box& window, const StridedBytes& out);

}  // namespace catvox::detail
