#pragma once

#include <array>
#include <catvox/array/xtensor.hpp>
#include <catvox/geometry/level_geometry.hpp>
#include <cstdint>
#include <string_view>

namespace catvox {

/// A small picture of a stack, or of a box of one: the slice in its middle. See Stack::preview().
struct Preview {
  /// Rows and columns. uint8 voxels as they are; other types from their lowest value here (0) to their highest (255).
  xt::xtensor<std::uint8_t, 2> pixels;

  int level = 0;                           ///< that it was read from
  std::array<std::string_view, 2> dims{};  ///< the project axes of rows and columns: "y", "x" for XY stacks
  std::array<double, 2> pixel_size{};      ///< world units from one pixel to the next, rows and columns
  WorldBox world{};                        ///< that it covers: one slice thick
};

}  // namespace catvox
