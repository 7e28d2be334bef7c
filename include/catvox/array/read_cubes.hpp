#pragma once

#include <catvox/array/detail/block_run.hpp>
#include <catvox/array/detail/cube_order.hpp>
#include <catvox/array/scale_view.hpp>
#include <catvox/core/detail/memory.hpp>
#include <cstddef>
#include <span>
#include <stop_token>
#include <utility>
#include <vector>

// ScaleView::read_cubes().

namespace catvox::detail {

/// Calls read(i, cube) for the window around each point, cubes that share chunks after each other.
template <class T, class Read>
void visit_windows(const ScaleView<T, 3>& view, std::span<const WorldPoint> points, const Shape3& shape, T fill,
                   const BlockOptions& options, const Read& read) {
  std::vector<Index3> centres;
  centres.reserve(points.size());
  for (const WorldPoint& point : points) centres.push_back(view.voxel_at(point));
  if (points.empty()) return;

  std::stop_source stop;  // triggered by options.stop, and by the first failure
  const std::stop_callback stops_too(options.stop, [&stop] { stop.request_stop(); });
  ReadOptions bound;
  bound.stop = stop.get_token();
  bound.read_ahead = false;  // done here
  const ScaleView<T, 3> level = view.with(std::move(bound));

  Shape3 chunk{};
  std::size_t chunks = 1, voxels = 1;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    chunk[axis] = static_cast<std::int64_t>(level.chunk_shape()[axis]);
    chunks *= static_cast<std::size_t>(shape[axis] / chunk[axis] + 1);
    voxels *= static_cast<std::size_t>(shape[axis]);
  }
  const std::vector<std::size_t> order = order_of_cubes(centres, shape, chunk);
  const auto cube = [&](std::size_t i) { return level.cube_around(points[order[i]], shape, fill); };
  run_blocks(
      {.count = points.size(), .bytes = voxels * sizeof(T), .chunks = chunks}, options, stop,
      [&](std::size_t i) { cube(i).prefetch(stop.get_token()); }, [&](std::size_t i) { read(order[i], cube(i)); });
}

template <class T>
xt::xtensor<T, 4> load_cubes(const ScaleView<T, 3>& view, std::span<const WorldPoint> points, const Shape3& shape,
                             T fill, const BlockOptions& options) {
  (void)view.cube_around({}, shape, fill);  // for what it says of such a shape
  require_memory_for_cubes(points.size(), shape, sizeof(T));
  xt::xtensor<T, 4> cubes({points.size(), static_cast<std::size_t>(shape[0]), static_cast<std::size_t>(shape[1]),
                           static_cast<std::size_t>(shape[2])});
  use_huge_pages(cubes.data(), cubes.size() * sizeof(T));
  visit_windows(view, points, shape, fill, options, [&](std::size_t i, const ScaleView<T, 3>& cube) {
    cube.read_into(std::span<T>(cubes.data() + i * cube.size(), cube.size()));
  });
  return cubes;
}

template <class T, class F>
void visit_cubes(const ScaleView<T, 3>& view, std::span<const WorldPoint> points, const Shape3& shape, F& f, T fill,
                 const BlockOptions& options) {
  (void)view.cube_around({}, shape, fill);
  visit_windows(view, points, shape, fill, options, [&](std::size_t i, const ScaleView<T, 3>& cube) {
    const xt::xtensor<T, 3> voxels = cube.load();
    f(i, voxels);
  });
}

}  // namespace catvox::detail
