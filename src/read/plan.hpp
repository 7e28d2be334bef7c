#pragma once

#include <catvox/array/level_source.hpp>
#include <catvox/core/box.hpp>
#include <catvox/geometry/broken_slices.hpp>
#include <cstdint>
#include <vector>

namespace catvox::detail {

/// A stretch of one axis that lies in one chunk: source offset + k * step goes to destination first + k, for k in
/// [0, count).
struct AxisRun {
  std::int64_t chunk = 0;
  std::int64_t offset = 0;  ///< of the first voxel, relative to the chunk's
  std::int64_t step = 1;
  std::int64_t first = 0;  ///< destination index of the first voxel
  std::int64_t count = 0;

  /// The smallest and the largest source offset.
  [[nodiscard]] std::int64_t lowest() const { return step > 0 ? offset : offset + (count - 1) * step; }
  [[nodiscard]] std::int64_t highest() const { return step > 0 ? offset + (count - 1) * step : offset; }

  friend bool operator==(const AxisRun&, const AxisRun&) = default;
};

/// One slice of a chunk and the destination slice that it goes to.
struct SlicePair {
  std::int64_t offset = 0;
  std::int64_t destination = 0;
  friend bool operator==(const SlicePair&, const SlicePair&) = default;
};

/// Every slice that one layer of chunks gives. Broken slices may send one offset to several destinations.
struct SliceGroup {
  std::int64_t chunk = 0;
  std::vector<SlicePair> slices;  ///< in ascending order of offset, then destination
  friend bool operator==(const SliceGroup&, const SliceGroup&) = default;
};

/// Which chunks a read needs and where their voxels go: the product of what each axis needs, so that a plan costs
/// memory for the axes' chunks added, not multiplied.
struct ReadPlan {
  std::vector<SliceGroup> layers;
  std::vector<AxisRun> rows;
  std::vector<AxisRun> columns;
  std::vector<std::int64_t> fill_slices;  ///< destination slices that no source slice stands for

  [[nodiscard]] std::int64_t chunks() const;
};

/// \param selection    inside the level
/// \param chunk_shape  zyx
/// \param depth        slices of the level: one that broken slices resolve to outside of it is fill
/// \param z_factor     of the level, for `broken`
ReadPlan plan_read(const Selection3& selection, const Shape3& chunk_shape, std::int64_t depth,
                   const BrokenSlices& broken, double z_factor);

}  // namespace catvox::detail
