#pragma once

#include <catvox/core/box.hpp>
#include <catvox/core/strided.hpp>
#include <cstddef>
#include <span>

namespace catvox::detail {

/// Decodes a whole chunk of labels in the compresso format, versions 0 and 1.
///
/// \param item_size  bytes of a label: 1, 2, 4 or 8
/// \param shape      voxels, zyx with x fastest in the chunk, each > 0
/// \param out        receives every voxel; strides[2] == item_size
/// \throws Error{corrupt_data} for a chunk of another shape or label width, one that is cut short, and for windows,
///         components and locations that do not add up. `out` may then be partly written
void decode_compresso(std::span<const std::byte> encoded, std::size_t item_size, const Shape3& shape,
                      const StridedBytes& out);

}  // namespace catvox::detail
