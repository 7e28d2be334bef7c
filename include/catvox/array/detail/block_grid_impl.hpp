#pragma once

#include <algorithm>
#include <catvox/array/detail/block_grid.hpp>
#include <catvox/array/detail/resident_regions.hpp>
#include <catvox/core/error.hpp>
#include <cmath>
#include <cstdlib>
#include <optional>

#ifndef CATVOX_INLINE  // compiled once into the library; by itself in every file that asks for it
#define CATVOX_INLINE inline
#endif

namespace catvox::detail {

/// The positions of a selection at which a new group of chunks begins, and its extent.
inline std::vector<std::int64_t> begins_of_chunks(const AxisSelection& selection, std::int64_t chunk,
                                                  std::optional<std::int64_t> at_most) {
  if (selection.count == 0 || (at_most && *at_most >= selection.count)) {
    return selection.count == 0 ? std::vector<std::int64_t>{0} : std::vector<std::int64_t>{0, selection.count};
  }
  const std::int64_t per_chunk = detail::ceil_div(chunk, std::abs(selection.step));
  const std::int64_t most = at_most.value_or(per_chunk);
  const std::int64_t group = most >= per_chunk ? most / per_chunk * chunk : chunk;  // in voxels of the source
  const std::int64_t piece = most >= per_chunk ? selection.count : most;
  std::vector<std::int64_t> begins;
  std::int64_t last_group = -1;
  std::int64_t last_begin = 0;
  for (std::int64_t position = 0; position < selection.count;) {
    const std::int64_t now = (selection.start + position * selection.step) / group;
    if (begins.empty() || now != last_group || position - last_begin >= piece) {
      begins.push_back(position);
      last_group = now;
      last_begin = position;
    }
    // To the end of the group or of the piece, whichever is first; at least one on.
    const std::int64_t voxel = selection.start + position * selection.step;
    const std::int64_t left = selection.step > 0 ? (now + 1) * group - 1 - voxel : voxel - now * group;
    const std::int64_t in_group = left / std::abs(selection.step) + 1;
    position += std::max<std::int64_t>(1, std::min(in_group, piece));
  }
  begins.push_back(selection.count);
  return begins;
}

}  // namespace catvox::detail

namespace catvox::abi {

CATVOX_INLINE std::size_t chunk_extent(const ViewLayout& layout, const Shape3& chunk_shape, std::size_t axis) noexcept {
  const int source = layout.source_axis(axis);
  if (source == ViewLayout::channel_axis) return static_cast<std::size_t>(layout.channel_count());
  if (source == ViewLayout::new_axis) return 1;
  const auto at = static_cast<std::size_t>(source);
  const std::int64_t voxels = detail::ceil_div(chunk_shape[at], std::abs(layout.selection()[at].step));
  return static_cast<std::size_t>(std::max<std::int64_t>(1, voxels));
}

CATVOX_INLINE BlockGrid::BlockGrid(const ViewLayout& layout, const Shape3& chunk_shape,
                                   std::span<const std::size_t> shape)
    : layout_(layout) {
  std::array<std::optional<std::int64_t>, 3> most;
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    if (shape[axis] == 0) throw Error(Errc::invalid_argument, "blocks: the sides of a block must be > 0");
    if (layout.source_axis(axis) == ViewLayout::channel_axis && shape[axis] < chunk_extent(layout, chunk_shape, axis)) {
      throw Error(Errc::invalid_argument, "blocks: a block holds all of the view's " +
                                              std::to_string(layout.channel_count()) + " channels, " +
                                              std::to_string(shape[axis]) + " were asked for: slice() them first");
    }
    if (!layout.is_in_space(axis)) continue;
    constexpr auto far = std::size_t{1} << 60;
    most[static_cast<std::size_t>(layout.source_axis(axis))] = static_cast<std::int64_t>(std::min(shape[axis], far));
  }
  for (std::size_t source = 0; source < 3; ++source) {
    begins_[source] = detail::begins_of_chunks(layout.selection()[source], chunk_shape[source], most[source]);
  }
}

CATVOX_INLINE std::size_t BlockGrid::size() const noexcept {
  return static_cast<std::size_t>(blocks(0) * blocks(1) * blocks(2));
}

CATVOX_INLINE ViewLayout BlockGrid::of_blocks(const Box& blocks) const noexcept {
  Box positions;
  for (std::size_t source = 0; source < 3; ++source) {
    positions.min[source] = begins_[source][static_cast<std::size_t>(blocks.min[source])];
    positions.max[source] = begins_[source][static_cast<std::size_t>(blocks.max[source])];
  }
  return layout_.part(positions);
}

CATVOX_INLINE ViewLayout BlockGrid::operator[](std::size_t i) const noexcept {
  auto rest = static_cast<std::int64_t>(i);
  Box block;
  for (const std::size_t source : c_order(layout_)) {
    block.min[source] = rest % blocks(source);
    block.max[source] = block.min[source] + 1;
    rest /= blocks(source);
  }
  return of_blocks(block);
}

CATVOX_INLINE ViewLayout BlockGrid::share(std::size_t worker, std::size_t count) const noexcept {
  // Halved until it is one worker's: along the axis where whole blocks come nearest to the workers' proportion, the one
  // with the most blocks among equals.
  Box box{{0, 0, 0}, {blocks(0), blocks(1), blocks(2)}};
  while (count > 1) {
    const std::size_t low = count / 2;
    const double proportion = static_cast<double>(low) / static_cast<double>(count);
    std::size_t best = 0;
    std::int64_t best_cut = 0;
    double best_error = 2;
    for (std::size_t source = 0; source < 3; ++source) {
      const auto extent = static_cast<double>(box.shape()[source]);
      if (extent == 0) continue;
      const double cut = std::round(extent * proportion);
      const double error = std::abs(cut / extent - proportion);
      if (error > best_error || (error == best_error && box.shape()[source] <= box.shape()[best])) continue;
      best = source;
      best_cut = static_cast<std::int64_t>(cut);
      best_error = error;
    }
    if (worker < low) {
      box.max[best] = box.min[best] + best_cut;
      count = low;
    } else {
      box.min[best] += best_cut;
      worker -= low;
      count -= low;
    }
  }
  return of_blocks(box);
}

}  // namespace catvox::abi
