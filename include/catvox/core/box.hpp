#pragma once

#include <algorithm>
#include <array>
#include <catvox/core/detail/checked.hpp>
#include <cstdint>
#include <iosfwd>

namespace catvox {

/// An index, a shape, strides: three 64-bit numbers in array order (z, y, x) = (slice, row, column).
using Index3 = std::array<std::int64_t, 3>;
using Shape3 = std::array<std::int64_t, 3>;
using Strides3 = std::array<std::int64_t, 3>;

/// Voxels per axis multiplied. \throws Error{too_large} if the product does not fit 64 bits.
constexpr std::int64_t volume(const Shape3& shape) {
  return detail::checked_multiply(detail::checked_multiply(shape[0], shape[1], "number of voxels"), shape[2],
                                  "number of voxels");
}

/// A half-open box of voxels, [min, max) per axis, zyx.
struct Box {
  Index3 min{};  ///< the first voxel, zyx
  Index3 max{};  ///< one past the last voxel, zyx

  /// Voxels per axis, zyx; negative where min > max.
  [[nodiscard]] constexpr Shape3 shape() const noexcept { return {max[0] - min[0], max[1] - min[1], max[2] - min[2]}; }
  /// Whether no voxel lies inside.
  [[nodiscard]] constexpr bool empty() const noexcept {
    return max[0] <= min[0] || max[1] <= min[1] || max[2] <= min[2];
  }
  friend constexpr bool operator==(const Box&, const Box&) = default;
};

/// The voxels in both boxes; empty (with min == max on an axis) where they do not meet.
constexpr Box intersect(const Box& a, const Box& b) noexcept {
  Box both;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    both.min[axis] = std::max(a.min[axis], b.min[axis]);
    both.max[axis] = std::max(both.min[axis], std::min(a.max[axis], b.max[axis]));
  }
  return both;
}

/// "[(0, 0, 0), (64, 512, 512))"
template <class Char, class Traits>
std::basic_ostream<Char, Traits>& operator<<(std::basic_ostream<Char, Traits>& out, const Box& box) {
  return out << "[(" << box.min[0] << ", " << box.min[1] << ", " << box.min[2] << "), (" << box.max[0] << ", "
             << box.max[1] << ", " << box.max[2] << "))";
}

}  // namespace catvox
