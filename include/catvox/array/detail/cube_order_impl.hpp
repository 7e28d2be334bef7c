#pragma once

#include <algorithm>
#include <array>
#include <catvox/array/detail/cube_order.hpp>
#include <catvox/array/detail/view_layout.hpp>
#include <catvox/core/detail/checked.hpp>
#include <catvox/core/detail/memory.hpp>
#include <catvox/core/error.hpp>
#include <cstdint>
#include <numeric>
#include <string>

#ifndef CATVOX_INLINE  // compiled once into the library; by itself in every file that asks for it
#define CATVOX_INLINE inline
#endif

namespace catvox::abi {

using Cell = std::array<std::uint64_t, 3>;

/// Whether a comes before b on the curve: in the axis in which they differ in the highest bit, the first of several.
inline bool before_on_curve(const Cell& a, const Cell& b) noexcept {
  std::size_t decides = 0;
  std::uint64_t highest = 0;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const std::uint64_t differs = a[axis] ^ b[axis];
    if (highest < differs && highest < (highest ^ differs)) {  // its highest bit is above that of `highest`
      decides = axis;
      highest = differs;
    }
  }
  return a[decides] < b[decides];
}

CATVOX_INLINE std::vector<std::size_t> order_of_cubes(std::span<const Index3> centres, const Shape3& shape,
                                                      const Shape3& chunk) {
  Index3 lowest = centres.empty() ? Index3{} : centres.front();
  for (const Index3& centre : centres) {
    for (std::size_t axis = 0; axis < 3; ++axis) lowest[axis] = std::min(lowest[axis], centre[axis]);
  }
  std::vector<Cell> cells(centres.size());
  for (std::size_t i = 0; i < centres.size(); ++i) {
    for (std::size_t axis = 0; axis < 3; ++axis) {
      const auto side = static_cast<std::uint64_t>(std::max(shape[axis], chunk[axis]));
      cells[i][axis] = (static_cast<std::uint64_t>(centres[i][axis]) - static_cast<std::uint64_t>(lowest[axis])) / side;
    }
  }
  std::vector<std::size_t> order(centres.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) { return before_on_curve(cells[a], cells[b]); });
  return order;
}

CATVOX_INLINE void require_memory_for_cubes(std::size_t count, const Shape3& shape, std::size_t item) {
  const std::int64_t voxels =
      detail::checked_multiply(static_cast<std::int64_t>(count), volume(shape), "number of voxels");
  const auto bytes =
      static_cast<std::size_t>(detail::checked_multiply(voxels, static_cast<std::int64_t>(item), "bytes of the cubes"));
  if (bytes <= machine_memory()) return;
  throw Error(Errc::too_large, std::to_string(count) + " cubes of shape " + to_text(shape) + " take " +
                                   std::to_string(bytes) + " bytes, this machine has " +
                                   std::to_string(machine_memory()) + ": give read_cubes() a function for each");
}

}  // namespace catvox::abi
