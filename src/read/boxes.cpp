#include "read/boxes.hpp"

#include <algorithm>
#include <cstddef>
#include <tuple>

namespace catvox::detail {
namespace {

// Joins boxes that have the same extent along the two other axes and follow each other along this one.
void join_along(std::size_t axis, std::vector<Box>& boxes) {
  const std::size_t a = (axis + 1) % 3, b = (axis + 2) % 3;
  const auto across = [a, b](const Box& box) { return std::tie(box.min[a], box.max[a], box.min[b], box.max[b]); };
  std::sort(boxes.begin(), boxes.end(), [&](const Box& p, const Box& q) {
    return across(p) != across(q) ? across(p) < across(q) : p.min[axis] < q.min[axis];
  });
  std::size_t kept = 0;
  for (const Box& box : boxes) {
    Box* const last = kept > 0 ? &boxes[kept - 1] : nullptr;
    if (last != nullptr && across(*last) == across(box) && last->max[axis] == box.min[axis]) {
      last->max[axis] = box.max[axis];
    } else {
      boxes[kept++] = box;
    }
  }
  boxes.resize(kept);
}

}  // namespace

std::vector<Box> joined(std::vector<Box> boxes) {
  for (const std::size_t axis : {std::size_t{1}, std::size_t{2}, std::size_t{0}}) join_along(axis, boxes);
  return boxes;
}

}  // namespace catvox::detail
