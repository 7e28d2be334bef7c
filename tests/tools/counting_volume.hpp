#pragma once

#include <catvox/core/dtype.hpp>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

#include "support/file_bytes.hpp"
#include "support/volume.hpp"

/// Voxels 0, 1, 2, … of a type, with the memory that holds them.
template <class T>
struct CountingVolume {
  explicit CountingVolume(const catvox::Shape3& shape) : voxels(static_cast<std::size_t>(catvox::volume(shape))) {
    std::iota(voxels.begin(), voxels.end(), T{});
    volume.voxels = std::as_bytes(std::span(voxels));
    volume.dtype = catvox::dtype_of<T>;
    volume.shape = shape;
  }
  std::vector<T> voxels;
  tools::Volume volume;
};
