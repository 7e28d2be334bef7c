#pragma once

#include <catvox/array/detail/view_layout.hpp>
#include <catvox/core/export.hpp>
#include <catvox/geometry/level_geometry.hpp>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

// Where the voxels of a view lie in world space. Steps scale, starts shift, dropped axes do not count; an axis that
// slice() inserted has no place in the world: its name is "", its one coordinate 0, its voxel size 1. Nor has an axis of
// channels: its name is "c", its coordinates are the channels' numbers, its voxel size is 1.

namespace catvox::abi {

/// The project axis that a view axis runs along: "x", "y", "z"; "c" for channels, "" for a new axis.
CATVOX_EXPORT std::string_view axis_name(const ViewLayout& layout, const LevelGeometry& geometry, std::size_t axis);

/// World distance between neighbouring voxels along a view axis: > 0, whatever the sign of the step.
CATVOX_EXPORT double axis_voxel_size(const ViewLayout& layout, const LevelGeometry& geometry, std::size_t axis);

/// World coordinate of each voxel's lower corner along a view axis; descending where the step is negative.
CATVOX_EXPORT std::vector<double> axis_coords(const ViewLayout& layout, const LevelGeometry& geometry,
                                              std::size_t axis);

/// The lower corner of the voxel at a position of the view; between voxels in proportion.
/// \param position  rank() numbers; dropped axes contribute the index that they are fixed at
CATVOX_EXPORT WorldPoint position_to_world(const ViewLayout& layout, const LevelGeometry& geometry,
                                           std::span<const double> position);

/// The inverse: source_position (LevelGeometry::world_to_voxel) less the start, over the step.
/// \param position  receives rank() numbers; 0 for new axes and for channels
CATVOX_EXPORT void world_to_position(const ViewLayout& layout, const LevelGeometry& geometry, const WorldPoint& point,
                                     std::span<double> position);

/// The voxel of the view nearest to the source voxel that holds a point, the lower one on a tie; as if the view went on
/// where it ends. Dropped axes of the point do not count; 0 for new axes and for channels.
/// \param index  receives rank() numbers; outside [0, extent) where a step or more lies between the point and the view
/// \throws Error{invalid_argument} if a coordinate is not finite
CATVOX_EXPORT void voxel_at(const ViewLayout& layout, const LevelGeometry& geometry, const WorldPoint& point,
                            std::span<std::int64_t> index);

/// The same inside the view.
/// \throws Error{invalid_argument} if the point is outside the view, or has a voxel in each of several channels
CATVOX_EXPORT void nearest_voxel(const ViewLayout& layout, const LevelGeometry& geometry, const WorldPoint& point,
                                 std::span<std::size_t> index);

/// The same part of the world at another level: from the lowest to the highest voxel of each axis, every voxel that
/// this touches at the other level (so steps become 1 or -1), clipped to it. A dropped axis moves to the voxel that
/// holds its voxel's lower corner.
CATVOX_EXPORT ViewLayout rescaled(const ViewLayout& layout, const LevelGeometry& from, const LevelGeometry& to);

}  // namespace catvox::abi
