#pragma once

#include <algorithm>
#include <catvox/array/level_source.hpp>
#include <cstdint>
#include <cstdlib>

namespace catvox::detail {

/// Chunks that hold a voxel of a selection.
inline std::int64_t count_chunks(const Selection3& selection, const Shape3& chunk_shape) noexcept {
  std::int64_t chunks = 1;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const auto& [start, step, count] = selection[axis];
    const std::int64_t span =
        std::abs((start + (count - 1) * step) / chunk_shape[axis] - start / chunk_shape[axis]) + 1;
    chunks *= count == 0 ? 0 : std::min(span, count);
  }
  return chunks;
}

}  // namespace catvox::detail
