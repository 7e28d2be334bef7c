// From a stack's numbers to where its voxels lie: any bytes as numbers are an Error or a geometry in which the voxels of a
// level come back from the world, and which slices are broken is the same asked for one by one or for all.

#include <algorithm>
#include <catvox/catmaid/stack_info.hpp>
#include <catvox/core/error.hpp>
#include <catvox/geometry/broken_slices.hpp>
#include <catvox/geometry/level_geometry.hpp>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "input.hpp"

namespace {

using namespace catvox;
using catvox::fuzz::Input;
using catvox::fuzz::require;

// Often one that a stack may have, otherwise any double at all.
double number(Input& input) {
  switch (input.within(0, 7)) {
    case 0:
      return input.take<double>();
    case 1:
      return std::ldexp(static_cast<double>(input.take<std::int16_t>()),
                        static_cast<int>(input.within(0, 255)) * 8 - 1020);
    case 2:
      return input.take<std::int32_t>() / 10.0;
    case 3:
      return static_cast<double>(input.within(1, 200)) / 10;
    default:
      return static_cast<double>(input.within(1, 64));
  }
}

StackVector vector(Input& input) { return {number(input), number(input), number(input)}; }

std::string text_of(double value) {
  return std::isfinite(value) ? std::to_string(value) : "null";  // what JSON can hold
}

StackInfo stack(Input& input) {
  StackInfo info;
  info.resolution = vector(input);
  info.translation = vector(input);
  for (std::int64_t* extent : {&info.dimension.x, &info.dimension.y, &info.dimension.z}) {
    *extent = input.within(0, 3) == 0 ? input.take<std::int64_t>() : input.within(1, 200);
  }
  info.num_zoom_levels = input.take<std::int8_t>();
  const auto levels = input.within(0, 3);
  if (levels > 0) info.downsample_factors.emplace();
  for (std::int64_t i = 0; i < levels; ++i) info.downsample_factors->push_back(vector(input));
  if (input.within(0, 1) == 1) {
    const auto [x, y, z] = vector(input);
    info.metadata = R"({"voxelOffset": [)" + text_of(x) + ", " + text_of(y) + ", " + text_of(z) + "]}";
  }
  info.orientation = static_cast<Orientation>(input.within(0, 2));
  MirrorInfo mirror;
  mirror.tile_width = input.take<std::uint16_t>();
  mirror.tile_height = input.take<std::uint16_t>();
  info.mirrors.push_back(mirror);
  for (auto left = input.within(0, 12); left > 0; --left) {
    const std::int64_t slice = input.within(0, 7) == 0 ? input.take<std::int64_t>() : input.within(0, 40);
    info.broken_slices[slice] = input.within(0, 7) == 0 ? input.take<std::int64_t>() : input.within(0, 8) - 4;
  }
  return info;
}

double along(const WorldPoint& point, std::string_view dim) {
  return dim == "x" ? point.x : dim == "y" ? point.y : point.z;
}

// What voxel_to_world() gives lies in that voxel, as long as doubles tell it from its neighbours.
void check_voxel(const LevelGeometry& level, const StackFrame& frame, const Index3& voxel) {
  VoxelPoint corner{};
  for (std::size_t axis = 0; axis < 3; ++axis) corner[axis] = static_cast<double>(voxel[axis]);
  const WorldPoint point = level.voxel_to_world(corner);
  const double offset =
      std::max({std::abs(frame.voxel_offset.x), std::abs(frame.voxel_offset.y), std::abs(frame.voxel_offset.z)});
  const auto dims = level.dims();
  const auto size = level.voxel_size();
  const std::array<double, 3> resolution{frame.resolution.z, frame.resolution.y, frame.resolution.x};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const double p = along(point, dims[axis]);
    const double magnitude = std::abs(p) + std::abs(level.origin()[axis]) + offset * resolution[axis];
    if (!std::isfinite(magnitude) || !std::isnormal(size[axis]) || magnitude * 0x1p-40 > size[axis]) return;
    if (resolution[axis] < 1e-290 || size[axis] < 1e-290) return;  // quotients that overflow
  }
  require(level.voxel_at(point) == voxel);
  require(level.world_to_voxel(point) == corner);
  const Box touched = level.touched({point, point});
  for (std::size_t axis = 0; axis < 3; ++axis) {
    require(touched.min[axis] == voxel[axis] && touched.max[axis] == voxel[axis] + 1);
  }
}

void check_broken(const BrokenSlices& slices, BrokenSlicePolicy policy, const StackInfo& info, double factor) {
  constexpr std::int64_t low = 0, high = 60;
  const auto suspects = slices.suspects_in_level(low, high, factor);
  require(std::is_sorted(suspects.begin(), suspects.end()));
  for (std::int64_t z = low; z <= high; ++z) {
    const auto source = slices.resolve_level(z, factor);
    if (source != z) require(std::binary_search(suspects.begin(), suspects.end(), z));
    const auto full = slices.resolve(z);
    if (!info.broken_slices.contains(z) || z >= info.dimension.z) require(full == z);
    if (!full || policy == BrokenSlicePolicy::none || full == z) continue;
    require(*full >= 0 && *full < info.dimension.z && !info.broken_slices.contains(*full));
  }
  for (const std::int64_t z : {std::int64_t{1} << 53, std::int64_t{1} << 60}) (void)slices.resolve_level(z, factor);
}

void check(const StackInfo& info, BrokenSlicePolicy policy, const WorldBox& box) {
  const StackFrame frame = info.frame();
  const BrokenSlices slices(info.broken_slices, info.dimension.z, policy, frame.voxel_offset.z);
  for (const StackVector& factors : scale_factors(info.scale_levels())) {
    const Shape3 shape = tile_level_shape(info.dimension, factors);
    for (const std::int64_t extent : shape) require(extent >= 1 && extent <= std::int64_t{1} << 53);
    const LevelGeometry level(frame, factors, shape);
    check_voxel(level, frame, {0, 0, 0});
    check_voxel(level, frame, {shape[0] - 1, shape[1] - 1, shape[2] - 1});
    check_voxel(level, frame, {shape[0] / 2, -shape[1] / 3, shape[2] / 5});
    check_broken(slices, policy, info, factors.z);
    const Box touched = level.touched(box);
    for (std::size_t axis = 0; axis < 3; ++axis) require(touched.min[axis] < touched.max[axis]);
    for (const std::int64_t extent : intersect(touched, {{0, 0, 0}, shape}).shape()) require(extent >= 0);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input(data, size);
  const auto policy = static_cast<BrokenSlicePolicy>(input.within(0, 5));
  WorldBox box{{number(input), number(input), number(input)}, {}};
  box.max = {box.min.x + std::abs(number(input)), box.min.y + std::abs(number(input)),
             box.min.z + std::abs(number(input))};
  const StackInfo info = stack(input);
  try {
    check(info, policy, box);
  } catch (const Error&) {
  }
  return 0;
}
