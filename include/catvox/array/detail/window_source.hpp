#pragma once

#include <algorithm>
#include <array>
#include <catvox/array/level_source.hpp>
#include <catvox/core/box.hpp>
#include <catvox/core/error.hpp>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

namespace catvox::detail {

/// A level seen through a box that may stick out of it: fill there.
template <class T>
class WindowSource final : public LevelSource {
 public:
  /// \param first   the level's voxel that is voxel 0 here; on a corner of its chunk grid, zyx
  /// \param shape   voxels of the window, zyx
  /// \param inside  voxels of the level that are shown; the rest is fill
  WindowSource(std::shared_ptr<const LevelSource> source, const Index3& first, const Shape3& shape, const Box& inside,
               T fill)
      : source_(std::move(source)),
        geometry_(source_->geometry().seen_from(first, shape)),
        first_(first),
        inside_(inside),
        fill_(fill) {}

  [[nodiscard]] int level() const noexcept override { return source_->level(); }
  [[nodiscard]] DType dtype() const noexcept override { return source_->dtype(); }
  [[nodiscard]] const LevelGeometry& geometry() const noexcept override { return geometry_; }
  [[nodiscard]] const Shape3& chunk_shape() const noexcept override { return source_->chunk_shape(); }

  /// The whole level: a window is of one.
  [[nodiscard]] std::shared_ptr<const LevelSource> at_level(int level) const override {
    return source_->at_level(level);
  }

  ReadStatistics read(const Selection3& selection, const StridedBytes& out, const ReadOptions& options) const override {
    const Part part = part_inside(selection);
    if (!part.whole) fill(selection, out);
    if (part.empty) return {};
    return source_->read(part.selection, part.within(out), options);
  }

  [[nodiscard]] std::int64_t channels() const noexcept override { return source_->channels(); }

  ReadStatistics read_channels(const ChannelSelection& channels, const Selection3& selection, const StridedBytes& out,
                               const ReadOptions& options) const override {
    const Part part = part_inside(selection);
    for (std::int64_t channel = 0; channel < channels.which.count && !part.whole; ++channel) {
      fill(selection, {out.data + channel * channels.stride, out.strides});
    }
    if (part.empty) return {};
    return source_->read_channels(channels, part.selection, part.within(out), options);
  }

  void prefetch(const Selection3& selection, const std::stop_token& stop) const override {
    const Part part = part_inside(selection);
    if (!part.empty) source_->prefetch(part.selection, stop);
  }

 private:
  /// What of a selection the level has: from these positions on, as a selection of the level.
  struct Part {
    Index3 begin{};
    Selection3 selection{};
    bool whole = true;
    bool empty = false;

    /// Where it goes, of the output of the whole selection.
    [[nodiscard]] StridedBytes within(const StridedBytes& out) const noexcept {
      std::byte* data = out.data;
      for (std::size_t axis = 0; axis < 3; ++axis) data += begin[axis] * out.strides[axis];
      return {data, out.strides};
    }
  };

  [[nodiscard]] Part part_inside(const Selection3& selection) const noexcept {
    Part part;
    for (std::size_t axis = 0; axis < 3; ++axis) {
      const auto& [start, step, count] = selection[axis];
      const std::int64_t size = std::abs(step);
      const std::int64_t from = start + first_[axis];
      // How far it is to the first voxel inside, and beyond the last one, in the direction of the step.
      const std::int64_t before = step > 0 ? inside_.min[axis] - from : from - (inside_.max[axis] - 1);
      const std::int64_t after = step > 0 ? inside_.max[axis] - 1 - from : from - inside_.min[axis];
      const std::int64_t begin = before <= 0 ? 0 : std::min(count, ceil_div(before, size));
      const std::int64_t end = after < 0 ? 0 : std::min(count, after / size + 1);
      part.begin[axis] = begin;
      part.selection[axis] = {from + begin * step, step, std::max<std::int64_t>(0, end - begin)};
      part.whole = part.whole && part.selection[axis].count == count;
      part.empty = part.empty || part.selection[axis].count == 0;
    }
    return part;
  }

  void fill(const Selection3& selection, const StridedBytes& out) const noexcept {
    for (std::int64_t z = 0; z < selection[0].count; ++z) {
      for (std::int64_t y = 0; y < selection[1].count; ++y) {
        std::byte* voxel = out.data + z * out.strides[0] + y * out.strides[1];
        for (std::int64_t x = 0; x < selection[2].count; ++x, voxel += out.strides[2]) {
          *reinterpret_cast<T*>(voxel) = fill_;
        }
      }
    }
  }

  std::shared_ptr<const LevelSource> source_;
  LevelGeometry geometry_;
  Index3 first_;
  Box inside_;
  T fill_;
};

}  // namespace catvox::detail
