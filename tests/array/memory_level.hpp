#pragma once

#include <array>
#include <catvox/array/level_source.hpp>
#include <catvox/core/error.hpp>
#include <catvox/geometry/level_geometry.hpp>
#include <cstring>
#include <memory>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace catvox::testing {

/// A level whose voxels are in memory, as a reader without a cache would serve it: each read requests each chunk that
/// its selection touches once. Voxel (z, y, x) has the value at(z, y, x), which no other voxel nearby shares.
template <class T>
class MemoryLevel : public LevelSource {
 public:
  MemoryLevel(const Shape3& shape, const Shape3& chunk_shape, const StackFrame& frame = {}, int level = 0,
              const StackVector& factors = {1, 1, 1})
      : geometry_(frame, factors, shape), chunk_shape_(chunk_shape), level_(level) {}

  static T at(std::int64_t z, std::int64_t y, std::int64_t x) { return static_cast<T>(z * 100 + y * 10 + x); }

  [[nodiscard]] int level() const noexcept override { return level_; }
  [[nodiscard]] DType dtype() const noexcept override { return dtype_of<T>; }
  [[nodiscard]] const LevelGeometry& geometry() const noexcept override { return geometry_; }
  [[nodiscard]] const Shape3& chunk_shape() const noexcept override { return chunk_shape_; }

  ReadStatistics read(const Selection3& selection, const StridedBytes& out, const ReadOptions& options) const override {
    const std::lock_guard lock(mutex_);
    ++reads_;
    std::array<std::set<std::int64_t>, 3> chunks;  // per axis
    for (std::size_t axis = 0; axis < 3; ++axis) {
      for (std::int64_t i = 0; i < selection[axis].count; ++i) {
        const std::int64_t voxel = selection[axis].start + i * selection[axis].step;
        if (voxel < 0 || voxel >= geometry_.shape()[axis]) throw std::logic_error("the selection leaves the level");
        chunks[axis].insert(voxel / chunk_shape_[axis]);
      }
    }
    for (std::int64_t i = 0; i < selection[0].count; ++i) {
      for (std::int64_t j = 0; j < selection[1].count; ++j) {
        if (options.stop.stop_requested()) throw Error(Errc::cancelled, "read cancelled");
        std::byte* to = out.data + i * out.strides[0] + j * out.strides[1];
        for (std::int64_t k = 0; k < selection[2].count; ++k, to += out.strides[2]) {
          const Index3 voxel = {selection[0].start + i * selection[0].step, selection[1].start + j * selection[1].step,
                                selection[2].start + k * selection[2].step};
          if (voxel == broken_) throw Error(Errc::connection, "cannot fetch the chunk: no route");
          const T value = at(voxel[0], voxel[1], voxel[2]);
          std::memcpy(to, &value, sizeof value);
        }
      }
    }
    std::int64_t count = 0;
    for (const std::int64_t z : chunks[0]) {
      for (const std::int64_t y : chunks[1]) {
        for (const std::int64_t x : chunks[2]) {
          requested_.push_back({z, y, x});
          ++count;
        }
      }
    }
    if (options.progress) options.progress({count, count, count * 10});
    return {.chunks = count, .requests = count, .bytes_received = count * 10};
  }

  void prefetch(const Selection3& selection, const std::stop_token&) const override {
    const std::lock_guard lock(mutex_);
    prefetched_.push_back(selection);
  }

  [[nodiscard]] std::shared_ptr<const LevelSource> at_level(int level) const override {
    if (level >= 0 && static_cast<std::size_t>(level) < others_.size()) {
      return others_[static_cast<std::size_t>(level)].lock();
    }
    throw Error(Errc::not_found, "no level " + std::to_string(level));
  }

  /// What at_level() gives, level 0 first.
  void set_levels(std::vector<std::weak_ptr<const LevelSource>> levels) { others_ = std::move(levels); }

  /// Reads that touch this voxel fail.
  void break_voxel(const Index3& voxel) { broken_ = voxel; }

  /// Chunks requested since the last call, and forgets them.
  std::vector<Index3> take_requests() const {
    const std::lock_guard lock(mutex_);
    return std::exchange(requested_, {});
  }
  std::vector<Selection3> take_prefetches() const {
    const std::lock_guard lock(mutex_);
    return std::exchange(prefetched_, {});
  }
  std::size_t take_reads() const {
    const std::lock_guard lock(mutex_);
    return std::exchange(reads_, 0);
  }

 private:
  LevelGeometry geometry_;
  Shape3 chunk_shape_;
  int level_;
  std::vector<std::weak_ptr<const LevelSource>> others_;
  Index3 broken_{-1, -1, -1};
  mutable std::mutex mutex_;
  mutable std::vector<Index3> requested_;
  mutable std::vector<Selection3> prefetched_;
  mutable std::size_t reads_ = 0;
};

}  // namespace catvox::testing
