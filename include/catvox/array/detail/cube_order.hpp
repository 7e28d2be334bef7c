#pragma once

#include <catvox/core/box.hpp>
#include <catvox/core/export.hpp>
#include <cstddef>
#include <span>
#include <vector>

namespace catvox::abi {

/// The order in which to read cubes, so that those that share chunks are near each other: along a Z-order curve over cells
/// of the size of a cube, or of a chunk where that is larger.
/// \param centres  a voxel of each cube
/// \param shape    of the cubes, >= 0
/// \param chunk    of the source, > 0
/// \returns        numbers of centres
CATVOX_EXPORT std::vector<std::size_t> order_of_cubes(std::span<const Index3> centres, const Shape3& shape,
                                                      const Shape3& chunk);

/// \throws Error{too_large} if this machine has less memory than so many cubes take
CATVOX_EXPORT void require_memory_for_cubes(std::size_t count, const Shape3& shape, std::size_t item);

}  // namespace catvox::abi
