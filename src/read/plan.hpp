#pragma once

#include <array>
#include <catvox/array/level_source.hpp>
#include <catvox/core/box.hpp>
#include <catvox/geometry/broken_slices.hpp>
#include <cstdint>
#include <optional>
#include <vector>

#include "read/morton_order.hpp"

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

/// One axis of a selection, cut at chunk borders. Runs are worked out when they are asked for: an axis of 2^53 chunks
/// takes as much memory as one of two.
class AxisRuns {
 public:
  AxisRuns() = default;

  /// \param selection     start >= 0
  /// \param chunk_extent  > 0
  AxisRuns(const AxisSelection& selection, std::int64_t chunk_extent);

  [[nodiscard]] std::int64_t size() const { return size_; }

  /// \param i  in [0, size())
  [[nodiscard]] AxisRun operator[](std::int64_t i) const;

  /// Which run lies in a chunk, if there is one.
  [[nodiscard]] std::optional<std::int64_t> find(std::int64_t chunk) const;

  /// Where the first run is in its group of `side` runs, if groups are cubes of chunks at multiples of `side`.
  [[nodiscard]] std::int64_t phase(std::int64_t side) const;

 private:
  [[nodiscard]] std::int64_t source(std::int64_t k) const { return selection_.start + k * selection_.step; }
  [[nodiscard]] bool leaps() const { return selection_.step > extent_ || selection_.step < -extent_; }
  [[nodiscard]] std::int64_t first_in(std::int64_t chunk) const;

  AxisSelection selection_;
  std::int64_t extent_ = 1;
  std::int64_t size_ = 0;
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

/// What a plan needs of one chunk: a run of each axis.
struct PlanPart {
  AxisRun slices;
  const SliceGroup* moved = nullptr;  ///< if broken slices change what the layer gives: instead of `slices`
  AxisRun rows;
  AxisRun columns;

  [[nodiscard]] Index3 chunk() const {
    return {moved != nullptr ? moved->chunk : slices.chunk, rows.chunk, columns.chunk};
  }
};

/// Which chunks a read needs and where their voxels go: the product of what each axis needs. Its memory follows the
/// number of broken slices in the selection, and nothing else.
class ReadPlan {
 public:
  /// \param selection    inside the level
  /// \param chunk_shape  zyx
  /// \param depth        slices of the level: one that broken slices resolve to outside of it is fill
  /// \param z_factor     of the level, for `broken`
  /// \param morton_axes  of the store
  ReadPlan(const Selection3& selection, const Shape3& chunk_shape, std::int64_t depth, const BrokenSlices& broken,
           double z_factor, const std::optional<std::array<std::size_t, 3>>& morton_axes = std::nullopt);

  [[nodiscard]] std::int64_t chunks() const { return chunks_; }

  /// Whether neighbours in the order of parts lie together in files.
  [[nodiscard]] bool asks_for_neighbours() const { return order_.has_value(); }

  /// \param number  in [0, chunks()): in Morton order where the store has one, else down the columns of chunks first,
  ///                because threads that write chunks side by side would share cache lines of the output
  [[nodiscard]] PlanPart part(std::int64_t number) const;

  /// The number of a chunk's part, if the plan needs the chunk.
  [[nodiscard]] std::optional<std::int64_t> find(const Index3& chunk) const;

  /// Destination slices that no source slice stands for.
  [[nodiscard]] const std::vector<std::int64_t>& fill_slices() const { return fill_slices_; }

 private:
  [[nodiscard]] std::optional<std::int64_t> find_layer(std::int64_t chunk) const;
  [[nodiscard]] Index3 place_of(std::int64_t number) const;
  [[nodiscard]] std::int64_t number_of(const Index3& place) const;

  AxisRuns slices_, rows_, columns_;
  std::int64_t chunks_ = 0;
  std::optional<MortonOrder> order_;
  Index3 order_begin_{};  // of `order_`: where its box begins

  // What broken slices change. Layers are numbered: runs of slices_ without the empty ones, then the extra ones.
  std::vector<SliceGroup> moved_;          // ascending chunks
  std::vector<std::int64_t> empty_;        // runs of slices_ whose slices are all broken; ascending
  std::vector<std::size_t> extra_;         // of moved_: layers that slices_ does not have; ascending chunks
  std::vector<std::int64_t> fill_slices_;  // ascending
};

}  // namespace catvox::detail
