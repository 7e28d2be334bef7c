#include <algorithm>
#include <catvox/core/error.hpp>
#include <catvox/metadata/geometry.hpp>
#include <cmath>
#include <limits>
#include <string>

#include "metadata/json.hpp"
#include "metadata/rounding.hpp"

namespace catvox {

namespace {

constexpr double epsilon = std::numeric_limits<double>::epsilon();  // 2^-52, JavaScript's Number.EPSILON

/// Index 0 to 2 of the project axis (x, y, z) that each array axis (z, y, x) runs along.
constexpr std::array<std::size_t, 3> project_axes(Orientation orientation) {
  switch (orientation) {
    case Orientation::xz:
      return {1, 2, 0};
    case Orientation::zy:
      return {0, 1, 2};
    case Orientation::xy:
      break;
  }
  return {2, 1, 0};
}

constexpr std::array<double, 3> array_order(const StackVector& v) { return {v.z, v.y, v.x}; }
constexpr std::array<double, 3> xyz(const StackVector& v) { return {v.x, v.y, v.z}; }
constexpr std::array<double, 3> xyz(const WorldPoint& p) { return {p.x, p.y, p.z}; }
constexpr std::array<std::string_view, 3> axis_names{"x", "y", "z"};

void require_positive(const std::string& name, const StackVector& v) {
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const double value = xyz(v)[axis];
    if (std::isfinite(value) && value > 0) continue;
    throw Error(Errc::invalid_metadata, "stack info: \"" + name + '.' + std::string(axis_names[axis]) +
                                            "\" must be a number > 0, got " + detail::number_text(value));
  }
}

void require_finite(const std::string& name, const StackVector& v) {
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const double value = xyz(v)[axis];
    if (std::isfinite(value)) continue;
    throw Error(Errc::invalid_metadata, "stack info: \"" + name + '.' + std::string(axis_names[axis]) +
                                            "\" must be a number, got " + detail::number_text(value));
  }
}

void require_valid(const WorldBox& box) {
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const std::string name(axis_names[axis]);
    const double min = xyz(box.min)[axis];
    const double max = xyz(box.max)[axis];
    for (const auto& [side, value] : {std::pair("min.", min), std::pair("max.", max)}) {
      if (!std::isfinite(value)) {
        throw Error(Errc::invalid_argument,
                    "world box: " + (side + name) + " must be a finite number, got " + detail::number_text(value));
      }
    }
    if (min > max) {
      throw Error(Errc::invalid_argument, "world box: min." + name + " must not exceed max." + name + ", got " +
                                              detail::number_text(min) + " and " + detail::number_text(max));
    }
  }
}

/// The highest level of a stack that does not say it: the first one whose larger side fits one tile.
std::int64_t derived_highest_level(const StackInfo& info) {
  if (info.mirrors.empty()) return 0;
  std::int64_t side = std::numeric_limits<std::int64_t>::max();
  for (const MirrorInfo& mirror : info.mirrors) side = std::min({side, mirror.tile_width, mirror.tile_height});
  if (side < 1) {
    throw Error(Errc::invalid_metadata, "stack info: a mirror's tile sides must be > 0, got " + std::to_string(side));
  }
  // Doubling is exact, where ceil(log2(…)) may be off by one at powers of two.
  const auto extent = static_cast<double>(std::max(info.dimension.x, info.dimension.y) - 1);
  std::int64_t level = 0;
  for (auto covered = static_cast<double>(side); covered < extent; covered *= 2) ++level;
  return level;
}

}  // namespace

LevelGeometry::LevelGeometry(const StackInfo& info, const StackVector& factors, const Shape3& shape)
    : orientation_(info.orientation), shape_(shape) {
  require_positive("resolution", info.resolution);
  require_finite("translation", info.translation);
  require_positive("downsample_factors", factors);
  const auto resolution = array_order(info.resolution);
  const auto translation = xyz(info.translation);
  const auto offset = array_order(info.voxel_offset());
  const auto factor = array_order(factors);
  const auto along = project_axes(orientation_);
  for (std::size_t a = 0; a < 3; ++a) axes_[a] = {resolution[a], translation[along[a]], offset[a], factor[a]};
}

std::array<std::string_view, 3> LevelGeometry::dims() const noexcept {
  const auto along = project_axes(orientation_);
  return {axis_names[along[0]], axis_names[along[1]], axis_names[along[2]]};
}

std::array<double, 3> LevelGeometry::voxel_size() const noexcept {
  std::array<double, 3> size{};
  for (std::size_t a = 0; a < 3; ++a) size[a] = axes_[a].factor * axes_[a].resolution;
  return size;
}

std::array<double, 3> LevelGeometry::origin() const noexcept {
  std::array<double, 3> corner{};
  for (std::size_t a = 0; a < 3; ++a) corner[a] = axes_[a].offset * axes_[a].resolution + axes_[a].translation;
  return corner;
}

WorldPoint LevelGeometry::voxel_to_world(const VoxelPoint& voxel) const noexcept {
  const auto along = project_axes(orientation_);
  std::array<double, 3> point{};
  for (std::size_t a = 0; a < 3; ++a) {
    const Axis& axis = axes_[a];
    point[along[a]] = (voxel[a] * axis.factor + axis.offset) * axis.resolution + axis.translation;
  }
  return {point[0], point[1], point[2]};
}

VoxelPoint LevelGeometry::world_to_voxel(const WorldPoint& point) const noexcept {
  const auto along = project_axes(orientation_);
  VoxelPoint voxel{};
  for (std::size_t a = 0; a < 3; ++a) {
    const Axis& axis = axes_[a];
    const double p = xyz(point)[along[a]];
    double full = (p - axis.translation) / axis.resolution;
    if (a == 0) full = std::floor(full + p * epsilon);  // stack.js: between two sections, the first is shown
    voxel[a] = (full - axis.offset) / axis.factor;
    if (a == 0) voxel[a] = std::floor(detail::snap_product(voxel[a]));
  }
  return voxel;
}

Box LevelGeometry::touched(const WorldBox& box) const {
  require_valid(box);
  const auto along = project_axes(orientation_);
  Box voxels;
  for (std::size_t a = 0; a < 3; ++a) {
    const Axis& axis = axes_[a];
    const auto edge = [&](double p) {
      const double voxel = ((p - axis.translation) / axis.resolution - axis.offset) / axis.factor;
      // Half an ulp each is lost in p, t, r, o and f, which are decimals rounded to doubles, and in the four
      // operations; a caller who computed p as i * r + t lost two more. All of them are relative to at most |p| + |t|
      // (over r) and |o|: about 12 half ulps. 16 are allowed: 1e-9 voxels at FAFB's far corner.
      const double magnitude = (std::abs(p) + std::abs(axis.translation)) / axis.resolution + std::abs(axis.offset);
      return detail::snap(voxel, 8 * epsilon * magnitude / axis.factor);
    };
    voxels.min[a] = detail::clamped_index(std::floor(edge(xyz(box.min)[along[a]])));
    voxels.max[a] = std::max(detail::clamped_index(std::ceil(edge(xyz(box.max)[along[a]]))), voxels.min[a] + 1);
  }
  return voxels;
}

std::vector<StackVector> scale_factors(const StackInfo& info) {
  std::vector<StackVector> factors;
  if (info.downsample_factors && !info.downsample_factors->empty()) {
    factors = *info.downsample_factors;
    for (std::size_t s = 0; s < factors.size(); ++s) {
      require_positive("downsample_factors[" + std::to_string(s) + ']', factors[s]);
    }
    const auto highest = static_cast<std::uint64_t>(std::max<std::int64_t>(info.num_zoom_levels, 0));
    if (info.num_zoom_levels >= 0 && highest < factors.size()) factors.resize(highest + 1);
    return factors;
  }
  constexpr std::int64_t highest_possible = 62;  // of a 64-bit index
  const std::int64_t highest = info.num_zoom_levels < 0 ? derived_highest_level(info) : info.num_zoom_levels;
  if (highest > highest_possible) {
    throw Error(Errc::invalid_metadata, "stack info: \"num_zoom_levels\" must be at most " +
                                            std::to_string(highest_possible) + ", got " + std::to_string(highest));
  }
  for (int s = 0; s <= highest; ++s) factors.push_back({std::ldexp(1.0, s), std::ldexp(1.0, s), 1.0});
  return factors;
}

Shape3 tile_level_shape(const StackDimension& dimension, const StackVector& factors) {
  require_positive("downsample_factors", factors);
  const std::array<std::int64_t, 3> extents{dimension.z, dimension.y, dimension.x};
  const auto factor = array_order(factors);
  Shape3 shape{};
  for (std::size_t a = 0; a < 3; ++a) {
    if (extents[a] < 1) {
      throw Error(Errc::invalid_metadata, "stack info: \"dimension." + std::string(axis_names[2 - a]) +
                                              "\" must be > 0, got " + std::to_string(extents[a]));
    }
    const double quotient = detail::snap_product(static_cast<double>(extents[a]) / factor[a]);
    const double extent = a == 0 ? std::ceil(quotient) : std::max(1.0, std::floor(quotient));
    if (extent > 0x1p53) {
      throw Error(Errc::too_large, "stack info: " + std::to_string(extents[a]) + " voxels at the downsampling factor " +
                                       detail::number_text(factor[a]) + " exceed 2^53");
    }
    shape[a] = static_cast<std::int64_t>(extent);
  }
  return shape;
}

}  // namespace catvox
