#pragma once

#include <catvox/core/box.hpp>
#include <cstddef>

namespace catvox {

/// Memory that voxels are decoded into: `data` is the first voxel, strides are bytes per step, zyx.
struct StridedBytes {
  std::byte* data = nullptr;
  Strides3 strides{};
};

}  // namespace catvox
