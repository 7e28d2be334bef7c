#pragma once

#include <algorithm>
#include <array>
#include <catvox/array/detail/view_geometry.hpp>
#include <catvox/core/error.hpp>
#include <cmath>
#include <cstdlib>
#include <sstream>

#ifndef CATVOX_INLINE  // compiled once into the library; by itself in every file that asks for it
#define CATVOX_INLINE inline
#endif

namespace catvox::detail {

inline std::size_t source_of(const ViewLayout& layout, std::size_t axis) {
  return static_cast<std::size_t>(layout.source_axis(axis));
}

inline double& coordinate(WorldPoint& point, std::string_view name) {
  return name == "x" ? point.x : name == "y" ? point.y : point.z;
}

inline std::string point_text(const WorldPoint& point) {
  std::ostringstream text;
  text << "(x " << point.x << ", y " << point.y << ", z " << point.z << ")";
  return text.str();
}

/// The lowest and the highest source voxel of a selection that is not empty.
inline std::pair<std::int64_t, std::int64_t> selection_hull(const AxisSelection& selection) {
  return std::minmax({selection.start, selection.start + (selection.count - 1) * selection.step});
}

inline std::vector<double> channel_numbers(const AxisSelection& channels) {
  std::vector<double> numbers(static_cast<std::size_t>(channels.count));
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    numbers[i] = static_cast<double>(channels.start + static_cast<std::int64_t>(i) * channels.step);
  }
  return numbers;
}

/// The position of the selected voxel nearest to source voxel `voxel`, the lower voxel on a tie. A selection goes on
/// beyond its ends; what lies less than a step beyond one is nearest to that end.
inline std::int64_t nearest_position(const AxisSelection& selection, std::int64_t voxel) {
  const std::int64_t step = std::abs(selection.step);
  const std::int64_t distance = voxel - selection.start;
  std::int64_t steps = distance / step - (distance % step < 0 ? 1 : 0);  // rounded down
  if (const std::int64_t rest = distance - steps * step; rest > step - rest) ++steps;
  const std::int64_t position = selection.step > 0 ? steps : -steps;
  if (selection.count == 0) return position;
  const auto [low, high] = selection_hull(selection);
  const bool near = voxel > low - step && voxel < high + step;
  return near ? std::clamp(position, std::int64_t{0}, selection.count - 1) : position;
}

}  // namespace catvox::detail

namespace catvox::abi {

CATVOX_INLINE std::string_view axis_name(const ViewLayout& layout, const LevelGeometry& geometry, std::size_t axis) {
  if (layout.source_axis(axis) == ViewLayout::channel_axis) return "c";
  if (!layout.is_in_space(axis)) return "";
  return geometry.dims()[detail::source_of(layout, axis)];
}

CATVOX_INLINE double axis_voxel_size(const ViewLayout& layout, const LevelGeometry& geometry, std::size_t axis) {
  if (!layout.is_in_space(axis)) return 1;
  const std::size_t source = detail::source_of(layout, axis);
  return geometry.voxel_size()[source] * static_cast<double>(std::abs(layout.selection()[source].step));
}

CATVOX_INLINE std::vector<double> axis_coords(const ViewLayout& layout, const LevelGeometry& geometry,
                                              std::size_t axis) {
  if (layout.source_axis(axis) == ViewLayout::channel_axis) return detail::channel_numbers(*layout.channels());
  if (!layout.is_in_space(axis)) return {0};
  const std::size_t source = detail::source_of(layout, axis);
  const AxisSelection& selection = layout.selection()[source];
  const std::string_view name = geometry.dims()[source];
  std::vector<double> coords(static_cast<std::size_t>(selection.count));
  VoxelPoint voxel{};
  for (std::size_t i = 0; i < coords.size(); ++i) {
    voxel[source] = static_cast<double>(selection.start + static_cast<std::int64_t>(i) * selection.step);
    WorldPoint corner = geometry.voxel_to_world(voxel);
    coords[i] = detail::coordinate(corner, name);
  }
  return coords;
}

CATVOX_INLINE WorldPoint position_to_world(const ViewLayout& layout, const LevelGeometry& geometry,
                                           std::span<const double> position) {
  VoxelPoint voxel{};
  for (std::size_t source = 0; source < 3; ++source)
    voxel[source] = static_cast<double>(layout.selection()[source].start);
  for (std::size_t axis = 0; axis < layout.rank(); ++axis) {
    if (!layout.is_in_space(axis)) continue;
    const std::size_t source = detail::source_of(layout, axis);
    voxel[source] += position[axis] * static_cast<double>(layout.selection()[source].step);
  }
  return geometry.voxel_to_world(voxel);
}

CATVOX_INLINE void world_to_position(const ViewLayout& layout, const LevelGeometry& geometry, const WorldPoint& point,
                                     std::span<double> position) {
  const VoxelPoint voxel = geometry.world_to_voxel(point);
  for (std::size_t axis = 0; axis < layout.rank(); ++axis) {
    position[axis] = 0;
    if (!layout.is_in_space(axis)) continue;
    const std::size_t source = detail::source_of(layout, axis);
    const AxisSelection& selection = layout.selection()[source];
    position[axis] = (voxel[source] - static_cast<double>(selection.start)) / static_cast<double>(selection.step);
  }
}

CATVOX_INLINE void voxel_at(const ViewLayout& layout, const LevelGeometry& geometry, const WorldPoint& point,
                            std::span<std::int64_t> index) {
  const Index3 voxel = geometry.voxel_at(point);
  for (std::size_t axis = 0; axis < layout.rank(); ++axis) {
    index[axis] = 0;
    if (!layout.is_in_space(axis)) continue;
    const std::size_t source = detail::source_of(layout, axis);
    index[axis] = detail::nearest_position(layout.selection()[source], voxel[source]);
  }
}

CATVOX_INLINE void nearest_voxel(const ViewLayout& layout, const LevelGeometry& geometry, const WorldPoint& point,
                                 std::span<std::size_t> index) {
  std::array<std::int64_t, ViewLayout::max_rank> nearest{};
  voxel_at(layout, geometry, point, nearest);
  for (std::size_t axis = 0; axis < layout.rank(); ++axis) {
    if (layout.source_axis(axis) == ViewLayout::channel_axis && layout.extent(axis) != 1) {
      throw Error(Errc::invalid_argument, "at_world: a point has a voxel in each of " +
                                              std::to_string(layout.extent(axis)) + " channels along axis " +
                                              std::to_string(axis) + ": slice() one of them");
    }
    if (nearest[axis] < 0 || nearest[axis] >= layout.extent(axis)) {
      throw Error(Errc::invalid_argument, "at_world: " + detail::point_text(point) +
                                              " lies outside the view along axis " + std::to_string(axis) + " (" +
                                              std::string(axis_name(layout, geometry, axis)) + ")");
    }
    index[axis] = static_cast<std::size_t>(nearest[axis]);
  }
}

CATVOX_INLINE ViewLayout rescaled(const ViewLayout& layout, const LevelGeometry& from, const LevelGeometry& to) {
  // From the lower corner of the lowest voxel to the upper corner of the highest, and in one voxel where an axis is
  // dropped.
  VoxelPoint low{}, high{};
  std::array<bool, 3> dropped{true, true, true};
  for (std::size_t axis = 0; axis < layout.rank(); ++axis) {
    if (layout.is_in_space(axis)) dropped[detail::source_of(layout, axis)] = false;
  }
  for (std::size_t source = 0; source < 3; ++source) {
    const AxisSelection& selection = layout.selection()[source];
    if (selection.count == 0) {
      low[source] = high[source] = static_cast<double>(selection.start);
      continue;
    }
    const auto [lowest, highest] = detail::selection_hull(selection);
    low[source] = static_cast<double>(lowest);
    high[source] = static_cast<double>(dropped[source] ? lowest : highest + 1);
  }
  const Box touched = to.touched({.min = from.voxel_to_world(low), .max = from.voxel_to_world(high)});

  Selection3 selection;
  for (std::size_t source = 0; source < 3; ++source) {
    const AxisSelection& old = layout.selection()[source];
    const std::int64_t extent = to.shape()[source];
    if (dropped[source]) {
      selection[source] = {std::clamp<std::int64_t>(touched.min[source], 0, extent - 1), 1, 1};
      continue;
    }
    const std::int64_t first = std::clamp<std::int64_t>(touched.min[source], 0, extent);
    const std::int64_t end = old.count == 0 ? first : std::clamp<std::int64_t>(touched.max[source], first, extent);
    const bool forwards = old.step > 0;
    selection[source] = {forwards || end == first ? first : end - 1, forwards ? 1 : -1, end - first};
  }
  return layout.with_selection(selection);
}

}  // namespace catvox::abi
