#pragma once

#include <catvox/core/box.hpp>
#include <catvox/core/export.hpp>
#include <catvox/geometry/stack_space.hpp>
#include <cstdint>
#include <optional>
#include <vector>

namespace catvox {

/// What a stack says of its scale levels.
struct ScaleLevels {
  std::optional<std::vector<StackVector>> downsample_factors{};  ///< per level; absent or empty: (2^s, 2^s, 1)
  std::int64_t num_zoom_levels = -1;                             ///< the *highest level index*; negative: derive it
  StackDimension dimension{};                                    ///< voxels at level 0
  std::optional<std::int64_t> smallest_tile_side{};              ///< over all mirrors; absent: there is no mirror
};

/// The factors of every level that exists, level 0 first.
///
/// Explicit ones: as many as there are, but none above num_zoom_levels unless that is negative. Otherwise (2^s, 2^s, 1)
/// for 0 .. num_zoom_levels; if that is negative up to MAX_S = max(0, ceil(log2(max(dim.x - 1, dim.y - 1) / smallest
/// tile side))), and level 0 alone if there is no mirror.
/// \throws Error{invalid_metadata} for a factor that is not a number > 0, num_zoom_levels > 62 without explicit
///         factors, or (where MAX_S is wanted) a tile side < 1
CATVOX_EXPORT std::vector<StackVector> scale_factors(const ScaleLevels& levels);

/// Array shape (z, y, x) of a level of a *tile* source: floor(dim / f) but at least 1 in x and y, ceil(dim / f) in z.
/// A quotient within rounding error of a whole number is that number: 33 voxels at factor 1.1 are 30, not 29.
/// \throws Error{invalid_metadata} if a dimension is < 1 or a factor is not a number > 0;
///         Error{too_large} if an extent exceeds 2^53
CATVOX_EXPORT Shape3 tile_level_shape(const StackDimension& dimension, const StackVector& factors);

}  // namespace catvox
