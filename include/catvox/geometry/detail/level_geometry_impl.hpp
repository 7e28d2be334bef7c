#pragma once

#include <algorithm>
#include <catvox/core/error.hpp>
#include <catvox/geometry/level_geometry.hpp>
#include <cmath>
#include <limits>
#include <string>

#include <catvox/geometry/detail/numbers.hpp>
#include <catvox/geometry/detail/rounding.hpp>

#ifndef CATVOX_INLINE  // compiled once into the library; by itself in every file that asks for it
#define CATVOX_INLINE inline
#endif

namespace catvox::detail {

constexpr double double_epsilon = std::numeric_limits<double>::epsilon();

/// Index 0 to 2 of the project axis (x, y, z) that each array axis (z, y, x) runs along.
constexpr std::array<std::size_t, 3> project_axes(Orientation orientation) {
  switch (orientation) {
    case Orientation::xz:
      return {1, 2, 0};
    case Orientation::zy:
      return {0, 1, 2};
    case Orientation::xy:
      break;
  }
  return {2, 1, 0};
}

constexpr std::array<double, 3> array_order(const StackVector& v) { return {v.z, v.y, v.x}; }
constexpr std::array<double, 3> components(const StackVector& v) { return {v.x, v.y, v.z}; }
constexpr std::array<double, 3> components(const WorldPoint& p) { return {p.x, p.y, p.z}; }
constexpr std::array<std::string_view, 3> axis_names{"x", "y", "z"};

inline void require_finite(const std::string& name, const StackVector& v) {
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const double value = components(v)[axis];
    if (std::isfinite(value)) continue;
    throw Error(Errc::invalid_metadata, "stack info: \"" + name + '.' + std::string(axis_names[axis]) +
                                            "\" must be a number, got " + detail::number_text(value));
  }
}

inline void require_valid(const WorldBox& box) {
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const std::string name(axis_names[axis]);
    const double min = components(box.min)[axis];
    const double max = components(box.max)[axis];
    for (const auto& [side, value] : {std::pair("min.", min), std::pair("max.", max)}) {
      if (!std::isfinite(value)) {
        throw Error(Errc::invalid_argument,
                    "world box: " + (side + name) + " must be a finite number, got " + detail::number_text(value));
      }
    }
    if (min > max) {
      throw Error(Errc::invalid_argument, "world box: min." + name + " must not exceed max." + name + ", got " +
                                              detail::number_text(min) + " and " + detail::number_text(max));
    }
  }
}

}  // namespace catvox::detail

namespace catvox {

CATVOX_INLINE LevelGeometry::LevelGeometry(const StackFrame& frame, const StackVector& factors, const Shape3& shape)
    : orientation_(frame.orientation), shape_(shape) {
  detail::require_positive("resolution", frame.resolution);
  detail::require_finite("translation", frame.translation);
  detail::require_positive("downsample_factors", factors);
  const auto resolution = detail::array_order(frame.resolution);
  const auto translation = detail::components(frame.translation);
  const auto offset = detail::array_order(frame.voxel_offset);
  const auto factor = detail::array_order(factors);
  const auto along = detail::project_axes(orientation_);
  for (std::size_t a = 0; a < 3; ++a) axes_[a] = {resolution[a], translation[along[a]], offset[a], factor[a], 0};
}

CATVOX_INLINE std::array<std::string_view, 3> LevelGeometry::dims() const noexcept {
  const auto along = detail::project_axes(orientation_);
  return {detail::axis_names[along[0]], detail::axis_names[along[1]], detail::axis_names[along[2]]};
}

CATVOX_INLINE std::array<double, 3> LevelGeometry::voxel_size() const noexcept {
  std::array<double, 3> size{};
  for (std::size_t a = 0; a < 3; ++a) size[a] = axes_[a].factor * axes_[a].resolution;
  return size;
}

CATVOX_INLINE std::array<double, 3> LevelGeometry::origin() const noexcept {
  std::array<double, 3> corner{};
  for (std::size_t a = 0; a < 3; ++a) corner[a] = axes_[a].corner(0);
  return corner;
}

CATVOX_INLINE WorldPoint LevelGeometry::voxel_to_world(const VoxelPoint& voxel) const noexcept {
  const auto along = detail::project_axes(orientation_);
  std::array<double, 3> point{};
  for (std::size_t a = 0; a < 3; ++a) {
    point[along[a]] = axes_[a].corner(voxel[a]);
  }
  return {point[0], point[1], point[2]};
}

CATVOX_INLINE double LevelGeometry::Axis::position(double p) const noexcept {
  const double voxel = ((p - translation) / resolution - offset) / factor;
  // Half an ulp each is lost in p, t, r, o and f, which are decimals rounded to doubles, and in the four operations; a
  // caller who computed p as i * r + t lost two more. All of them are relative to at most |p| + |t| (over r) and |o|:
  // about 12 half ulps. 16 are allowed: 1e-9 voxels at FAFB's far corner.
  const double magnitude = (std::abs(p) + std::abs(translation)) / resolution + std::abs(offset);
  return detail::snap(voxel, 8 * detail::double_epsilon * magnitude / factor) - first;
}

CATVOX_INLINE double LevelGeometry::Axis::corner(double voxel) const noexcept {
  return ((voxel + first) * factor + offset) * resolution + translation;
}

CATVOX_INLINE LevelGeometry LevelGeometry::seen_from(const Index3& first, const Shape3& shape) const noexcept {
  LevelGeometry seen = *this;
  for (std::size_t a = 0; a < 3; ++a) seen.axes_[a].first += static_cast<double>(first[a]);
  seen.shape_ = shape;
  return seen;
}

// Where a level's z factor is no whole number, CATMAID takes floor(floor(z) / factor). That is the same on whole slices,
// where all that was annotated lies. Between them it would give the level's slices uneven extents, so that z would no
// longer go to the world and back along a line, and voxel_size() would be wrong for half of them.
CATVOX_INLINE VoxelPoint LevelGeometry::world_to_voxel(const WorldPoint& point) const noexcept {
  const auto along = detail::project_axes(orientation_);
  VoxelPoint voxel{};
  for (std::size_t a = 0; a < 3; ++a) voxel[a] = axes_[a].position(detail::components(point)[along[a]]);
  voxel[0] = std::floor(voxel[0]);
  return voxel;
}

CATVOX_INLINE Index3 LevelGeometry::voxel_at(const WorldPoint& point) const {
  const auto along = detail::project_axes(orientation_);
  Index3 voxel{};
  for (std::size_t a = 0; a < 3; ++a) {
    const double p = detail::components(point)[along[a]];
    if (!std::isfinite(p)) {
      throw Error(Errc::invalid_argument, "world point: " + std::string(detail::axis_names[along[a]]) +
                                              " must be a finite number, got " + detail::number_text(p));
    }
    voxel[a] = detail::clamped_index(std::floor(axes_[a].position(p)));
  }
  return voxel;
}

CATVOX_INLINE Box LevelGeometry::touched(const WorldBox& box) const {
  detail::require_valid(box);
  const auto along = detail::project_axes(orientation_);
  Box voxels;
  for (std::size_t a = 0; a < 3; ++a) {
    const double min = axes_[a].position(detail::components(box.min)[along[a]]);
    const double max = axes_[a].position(detail::components(box.max)[along[a]]);
    voxels.min[a] = detail::clamped_index(std::floor(min));
    voxels.max[a] = std::max(detail::clamped_index(std::ceil(max)), voxels.min[a] + 1);
  }
  return voxels;
}

}  // namespace catvox
