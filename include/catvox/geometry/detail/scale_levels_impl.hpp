#pragma once

#include <algorithm>
#include <array>
#include <catvox/core/error.hpp>
#include <catvox/geometry/scale_levels.hpp>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <string_view>

#include <catvox/geometry/detail/numbers.hpp>
#include <catvox/geometry/detail/rounding.hpp>

#ifndef CATVOX_INLINE  // compiled once into the library; by itself in every file that asks for it
#define CATVOX_INLINE inline
#endif

namespace catvox::detail {

constexpr std::array<std::string_view, 3> stack_axis_names{"x", "y", "z"};
constexpr std::array<double, 3> zyx(const StackVector& v) { return {v.z, v.y, v.x}; }

/// The highest level of a stack that does not say it: the first one whose larger side fits one tile.
inline std::int64_t derived_highest_level(const ScaleLevels& levels) {
  if (!levels.smallest_tile_side) return 0;
  const std::int64_t side = *levels.smallest_tile_side;
  if (side < 1) {
    throw Error(Errc::invalid_metadata, "stack info: a mirror's tile sides must be > 0, got " + std::to_string(side));
  }
  // Doubling is exact, where ceil(log2(…)) may be off by one at powers of two.
  const auto extent = static_cast<double>(std::max(levels.dimension.x, levels.dimension.y) - 1);
  std::int64_t level = 0;
  for (auto covered = static_cast<double>(side); covered < extent; covered *= 2) ++level;
  return level;
}

}  // namespace catvox::detail

namespace catvox {

CATVOX_INLINE std::vector<StackVector> scale_factors(const ScaleLevels& levels) {
  std::vector<StackVector> factors;
  if (levels.downsample_factors && !levels.downsample_factors->empty()) {
    factors = *levels.downsample_factors;
    for (std::size_t s = 0; s < factors.size(); ++s) {
      detail::require_positive("downsample_factors[" + std::to_string(s) + ']', factors[s]);
    }
    const auto highest = static_cast<std::uint64_t>(std::max<std::int64_t>(levels.num_zoom_levels, 0));
    if (levels.num_zoom_levels >= 0 && highest < factors.size()) factors.resize(highest + 1);
    return factors;
  }
  constexpr std::int64_t highest_possible = 62;  // of a 64-bit index
  const std::int64_t highest =
      levels.num_zoom_levels < 0 ? detail::derived_highest_level(levels) : levels.num_zoom_levels;
  if (highest > highest_possible) {
    throw Error(Errc::invalid_metadata, "stack info: \"num_zoom_levels\" must be at most " +
                                            std::to_string(highest_possible) + ", got " + std::to_string(highest));
  }
  for (int s = 0; s <= highest; ++s) factors.push_back({std::ldexp(1.0, s), std::ldexp(1.0, s), 1.0});
  return factors;
}

CATVOX_INLINE Shape3 tile_level_shape(const StackDimension& dimension, const StackVector& factors) {
  detail::require_positive("downsample_factors", factors);
  const std::array<std::int64_t, 3> extents{dimension.z, dimension.y, dimension.x};
  const auto factor = detail::zyx(factors);
  Shape3 shape{};
  for (std::size_t a = 0; a < 3; ++a) {
    if (extents[a] < 1) {
      throw Error(Errc::invalid_metadata, "stack info: \"dimension." + std::string(detail::stack_axis_names[2 - a]) +
                                              "\" must be > 0, got " + std::to_string(extents[a]));
    }
    const double quotient = detail::snap_product(static_cast<double>(extents[a]) / factor[a]);
    const double extent = a == 0 ? std::ceil(quotient) : std::max(1.0, std::floor(quotient));
    if (extent > 0x1p53) {
      throw Error(Errc::too_large, "stack info: " + std::to_string(extents[a]) + " voxels at the downsampling factor " +
                                       detail::number_text(factor[a]) + " exceed 2^53");
    }
    shape[a] = static_cast<std::int64_t>(extent);
  }
  return shape;
}

}  // namespace catvox
