#include "read/morton_order.hpp"

#include <algorithm>

namespace catvox::detail {
namespace {

// Shrinks a box along an axis to the positions of one cube.
void cut(Box& box, std::size_t axis, std::int64_t position, std::int64_t side) noexcept {
  const std::int64_t begin = position - position % side;
  box.max[axis] = std::min(box.max[axis], begin + side);
  box.min[axis] = std::max(box.min[axis], begin);
}

// Positions of a box that have one and the same place on an axis.
std::int64_t across(const Box& box, std::size_t axis) noexcept {
  const Shape3 shape = box.shape();
  return shape[(axis + 1) % 3] * shape[(axis + 2) % 3];
}

}  // namespace

// Cubes of one size after the other: of those that the box has, the one with the position, axis by axis from the slowest
// on. What comes before it is a slab, a bar and a row of cubes.
Index3 MortonOrder::position(std::int64_t number) const noexcept {
  Box box = box_;
  for (std::int64_t side = largest_side; side > 0; side /= 2) {
    for (std::size_t i = 3; i-- > 0;) {
      const std::size_t axis = axes_[i];
      const std::int64_t begin = box.min[axis], layer = across(box, axis);
      cut(box, axis, begin + number / layer, side);
      number -= (box.min[axis] - begin) * layer;
    }
  }
  return box.min;
}

std::int64_t MortonOrder::number(const Index3& position) const noexcept {
  Box box = box_;
  std::int64_t number = 0;
  for (std::int64_t side = largest_side; side > 0; side /= 2) {
    for (std::size_t i = 3; i-- > 0;) {
      const std::size_t axis = axes_[i];
      const std::int64_t begin = box.min[axis], layer = across(box, axis);
      cut(box, axis, position[axis], side);
      number += (box.min[axis] - begin) * layer;
    }
  }
  return number;
}

}  // namespace catvox::detail
