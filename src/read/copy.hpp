#pragma once

#include <catvox/core/box.hpp>
#include <catvox/format/chunk_store.hpp>
#include <cstddef>
#include <cstdint>

namespace catvox::detail {

/// One axis of a copy: how many voxels, and the bytes from one to the next on both sides.
struct CopyAxis {
  std::int64_t count = 0;
  std::int64_t from_stride = 0;
  std::int64_t to_stride = 0;
};

/// Copies rows x columns voxels of `item` bytes (1, 2, 4 or 8) between memory of any strides.
void copy_plane(const std::byte* from, std::byte* to, const CopyAxis& rows, const CopyAxis& columns, std::size_t item);

/// Sets rows x columns voxels to zero.
void zero_plane(std::byte* to, const CopyAxis& rows, const CopyAxis& columns, std::size_t item);

}  // namespace catvox::detail
