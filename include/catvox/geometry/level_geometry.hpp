#pragma once

#include <array>
#include <catvox/core/box.hpp>
#include <catvox/core/export.hpp>
#include <catvox/geometry/stack_space.hpp>
#include <cstddef>
#include <iosfwd>
#include <string_view>

namespace catvox {

/// A point of project (world) space, in the project's units (nm by convention).
struct WorldPoint {
  double x = 0;  ///< along the project's x
  double y = 0;  ///< along the project's y
  double z = 0;  ///< along the project's z
  friend bool operator==(const WorldPoint&, const WorldPoint&) = default;
};

/// A half-open box of world space, min <= max per axis.
struct WorldBox {
  WorldPoint min;  ///< the lower corner
  WorldPoint max;  ///< the upper corner
  friend bool operator==(const WorldBox&, const WorldBox&) = default;
};

/// "(x 1, y 2.5, z 300)", as the stream formats numbers.
template <class Char, class Traits>
std::basic_ostream<Char, Traits>& operator<<(std::basic_ostream<Char, Traits>& out, const WorldPoint& point) {
  return out << "(x " << point.x << ", y " << point.y << ", z " << point.z << ")";
}

/// Its two corners: "[(x 0, y 0, z 0), (x 8, y 8, z 40))".
template <class Char, class Traits>
std::basic_ostream<Char, Traits>& operator<<(std::basic_ostream<Char, Traits>& out, const WorldBox& box) {
  return out << "[" << box.min << ", " << box.max << ")";
}

/// Where a stack lies in project space.
struct StackFrame {
  StackVector resolution{1, 1, 1};  ///< stack axes, project units per voxel at level 0, > 0
  StackVector translation{};        ///< *project* axes, project units
  StackVector voxel_offset{};       ///< stack axes, level 0: a voxel of the array is a voxel of the stack minus this
  Orientation orientation = Orientation::xy;  ///< which project plane a slice shows
  friend bool operator==(const StackFrame&, const StackFrame&) = default;
};

/// A position in a level's array: voxel i covers [i, i + 1). Where a position of three axes is wanted as an array, this
/// is one, in array order.
struct VoxelPoint {
  double z = 0;  ///< across the slices
  double y = 0;  ///< along the rows' axis
  double x = 0;  ///< along the columns' axis

  /// The same position as it comes out of an array in the order (z, y, x), of `voxel_at()` for instance.
  template <class Number>
  [[nodiscard]] static constexpr VoxelPoint of(const std::array<Number, 3>& zyx) noexcept {
    return {static_cast<double>(zyx[0]), static_cast<double>(zyx[1]), static_cast<double>(zyx[2])};
  }
  /// The same position in that order.
  constexpr operator std::array<double, 3>() const noexcept { return {z, y, x}; }  // NOLINT: implicit on purpose

  /// The coordinate along an array axis: 0 is z, 1 y, 2 x.
  [[nodiscard]] constexpr double operator[](std::size_t axis) const noexcept {
    return axis == 0 ? z : axis == 1 ? y : x;
  }
  /// The same, to be changed.
  [[nodiscard]] constexpr double& operator[](std::size_t axis) noexcept { return axis == 0 ? z : axis == 1 ? y : x; }
  friend bool operator==(const VoxelPoint&, const VoxelPoint&) = default;
};

/// "(z 1, y 2.5, x 3)", as the stream formats numbers.
template <class Char, class Traits>
std::basic_ostream<Char, Traits>& operator<<(std::basic_ostream<Char, Traits>& out, const VoxelPoint& point) {
  return out << "(z " << point.z << ", y " << point.y << ", x " << point.x << ")";
}

/// Where the array of one scale level lies in world space: pure arithmetic, no I/O.
///
/// Array axes are (z, y, x) = stack (slice, row, column), C order. The *corner* of voxel i is at
/// (i * factor + voxel_offset) * resolution + translation; there is no half-voxel shift (CATMAID's stack.js).
class CATVOX_EXPORT LevelGeometry {
 public:
  LevelGeometry() = default;

  /// \param frame    where level 0 of the stack lies
  /// \param factors  downsampling of this level relative to level 0, stack axes, > 0
  /// \param shape    voxels of this level's array, zyx
  /// \throws Error{invalid_metadata} if a resolution or factor is not a number > 0, or a translation not finite
  LevelGeometry(const StackFrame& frame, const StackVector& factors, const Shape3& shape);

  /// Voxels of the level, zyx.
  [[nodiscard]] const Shape3& shape() const noexcept { return shape_; }
  /// Full-resolution voxels per voxel of the level, stack axes.
  [[nodiscard]] StackVector factors() const noexcept { return {axes_[2].factor, axes_[1].factor, axes_[0].factor}; }
  /// Which project plane a slice shows.
  [[nodiscard]] Orientation orientation() const noexcept { return orientation_; }

  /// The project axis that each array axis runs along: XY z,y,x; XZ y,z,x; ZY x,y,z.
  [[nodiscard]] std::array<std::string_view, 3> dims() const noexcept;

  /// World units per voxel of this level, per array axis (z, y, x).
  [[nodiscard]] std::array<double, 3> voxel_size() const noexcept;

  /// World coordinate of the corner of voxel 0, per array axis, along the project axis that dims() names.
  [[nodiscard]] std::array<double, 3> origin() const noexcept;

  /// World coordinates of a position in voxels, zyx: of a whole number, the lower corner of that voxel.
  [[nodiscard]] WorldPoint voxel_to_world(const VoxelPoint& voxel) const noexcept;

  /// The position of a point: continuous in y and x, in z that of the whole slice. A position within rounding error of
  /// a voxel border is on it, so that the corner of voxel i, as a decimal or as voxel_to_world() gives it, is at i.
  /// (CATMAID's viewer adds p * 2^-52 for that, which lifts borders where p > 0 and lowers them where p < 0.)
  [[nodiscard]] VoxelPoint world_to_voxel(const WorldPoint& point) const noexcept;

  /// The voxel that holds a point, zyx: the upper one on a border. May lie outside of the array; indices are held at
  /// about +-2^60. \throws Error{invalid_argument} if a coordinate is not finite
  [[nodiscard]] Index3 voxel_at(const WorldPoint& point) const;

  /// Every voxel that the box touches, *not* clipped to the array (intersect() with its shape does that). z is
  /// continuous here like the other axes. An edge within rounding error of a voxel border counts as on it; an axis with
  /// min == max touches the one voxel that holds it, the upper one on a border. Indices are held at about +-2^60.
  /// \throws Error{invalid_argument} if min > max on an axis, or a coordinate is not finite
  [[nodiscard]] Box touched(const WorldBox& box) const;

  /// The same level seen from one of its voxels, or from one beside it: voxel i of the result is voxel first + i of this.
  [[nodiscard]] LevelGeometry seen_from(const Index3& first, const Shape3& shape) const noexcept;

  friend bool operator==(const LevelGeometry&, const LevelGeometry&) = default;

 private:
  struct Axis {
    double resolution = 1;
    double translation = 0;  // of the project axis that the array axis runs along
    double offset = 0;
    double factor = 1;
    double first = 0;  // the level's voxel that is voxel 0 here

    /// Where a coordinate of that project axis lies, in voxels of the level.
    [[nodiscard]] double position(double p) const noexcept;

    /// The coordinate of the lower corner of a voxel of the level.
    [[nodiscard]] double corner(double voxel) const noexcept;
    friend bool operator==(const Axis&, const Axis&) = default;
  };

  Orientation orientation_ = Orientation::xy;
  std::array<Axis, 3> axes_{};  // zyx
  Shape3 shape_{};
};

}  // namespace catvox
