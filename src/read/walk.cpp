#include "read/walk.hpp"

#include <algorithm>
#include <cstdint>

namespace catvox::detail {
namespace {

Box bounds(const Selection3& selection) {
  Box box;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const auto& [start, step, count] = selection[axis];
    const std::int64_t last = start + (count - 1) * step;
    box.min[axis] = std::min(start, last);
    box.max[axis] = std::max(start, last) + 1;
  }
  return box;
}

Box shifted(Box box, std::size_t axis, std::int64_t distance) {
  box.min[axis] += distance;
  box.max[axis] += distance;
  return box;
}

// The only axis along which two boxes of one shape differ.
std::optional<std::size_t> axis_between(const Box& from, const Box& to) {
  if (from.shape() != to.shape()) return std::nullopt;
  std::optional<std::size_t> found;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    if (from.min[axis] == to.min[axis]) continue;
    if (found) return std::nullopt;
    found = axis;
  }
  return found;
}

}  // namespace

Walk WalkDetector::follow(const Selection3& selection, const Shape3& shape, const Shape3& chunk_shape) {
  const Box box = bounds(selection);
  Walk walk;
  for (const Box& before : last_) {
    const auto axis = axis_between(before, box);
    if (!axis) continue;
    const std::int64_t step = box.min[*axis] - before.min[*axis];
    walk.slides = walk.slides || std::abs(step) < box.shape()[*axis];
    if (std::find(last_.begin(), last_.end(), shifted(before, *axis, -step)) == last_.end()) continue;
    // Few steps, because what lies beyond the walk's end is fetched for nothing.
    const std::int64_t depth = std::max(std::abs(step), std::min(4 * std::abs(step), chunk_shape[*axis]));
    auto& ahead = walk.ahead;
    ahead = box;
    if (step > 0) {
      ahead->min[*axis] = box.max[*axis];
      ahead->max[*axis] = std::min(shape[*axis], box.max[*axis] + depth);
    } else {
      ahead->max[*axis] = box.min[*axis];
      ahead->min[*axis] = std::max<std::int64_t>(0, box.min[*axis] - depth);
    }
    if (ahead->min[*axis] >= ahead->max[*axis]) ahead.reset();
    walk.in_parts = std::abs(step) < chunk_shape[*axis];
    break;
  }
  last_.push_front(box);
  if (last_.size() > remembered) last_.pop_back();
  return walk;
}

}  // namespace catvox::detail
