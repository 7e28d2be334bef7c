#pragma once

#include <catvox/array/level_source.hpp>
#include <catvox/core/dtype.hpp>
#include <string>

namespace catvox::detail {

/// How a level differs from another one in what makes their voxels comparable, one by one: shape, type, place in the world.
/// \returns "its level 1 has 50 x 35 x 12 voxels (x, y, z), not 51 x 35 x 12"; empty if they share a grid
inline std::string difference(const LevelSource& candidate, const LevelSource& level) {
  const auto sizes = [](const Shape3& shape) {
    return std::to_string(shape[2]) + " x " + std::to_string(shape[1]) + " x " + std::to_string(shape[0]);
  };
  const std::string which = "its level " + std::to_string(candidate.level()) + " ";
  if (const Shape3& shape = candidate.geometry().shape(); shape != level.geometry().shape()) {
    return which + "has " + sizes(shape) + " voxels (x, y, z), not " + sizes(level.geometry().shape());
  }
  if (candidate.dtype() != level.dtype()) {
    return which + "holds " + std::string(name(candidate.dtype())) + ", not " + std::string(name(level.dtype()));
  }
  return candidate.geometry() == level.geometry() ? "" : which + "lies elsewhere in the world";
}

}  // namespace catvox::detail
