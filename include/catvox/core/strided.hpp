#pragma once

#include <catvox/core/box.hpp>
#include <cstddef>

namespace catvox {

/// Memory that voxels are decoded into: `data` is the first voxel, strides are bytes per step, zyx.
struct StridedBytes {
  std::byte* data = nullptr;  ///< the first voxel
  Strides3 strides{};         ///< bytes from one voxel to the next, zyx
};

}  // namespace catvox
