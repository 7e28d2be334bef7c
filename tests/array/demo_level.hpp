#pragma once

#include <catvox/array/scale_view.hpp>
#include <cstdint>
#include <memory>
#include <vector>

#include "array/memory_level.hpp"

namespace catvox::testing {

/// The level that docs/arrays.md shows: 6 x 7 x 8 voxels of 40 x 5 x 4 nm from (100, 200, 300), and half of it as
/// level 1. Voxel (z, y, x) is 100 z + 10 y + x.
inline ScaleView<std::uint16_t> demo_level() {
  using Level = MemoryLevel<std::uint16_t>;
  StackFrame frame;
  frame.resolution = {4, 5, 40};
  frame.translation = {100, 200, 300};
  static const auto full = std::make_shared<Level>(Shape3{6, 7, 8}, Shape3{1, 4, 4}, frame);
  static const auto half = std::make_shared<Level>(Shape3{6, 3, 4}, Shape3{1, 4, 4}, frame, 1, StackVector{2, 2, 1});
  full->set_levels({full, half});
  half->set_levels({full, half});
  return ScaleView<std::uint16_t>(full);
}

}  // namespace catvox::testing
