#pragma once

#include <catvox/core/dtype.hpp>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include "support/volume.hpp"

inline std::string file_bytes(const std::filesystem::path& name) {
  std::ifstream file(name, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

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
  examples::Volume volume;
};
