#pragma once

#include <algorithm>
#include <catvox/array/detail/chunk_count.hpp>
#include <catvox/array/level_source.hpp>
#include <catvox/array/scale_view.hpp>
#include <catvox/core/error.hpp>
#include <catvox/geometry/level_geometry.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace catvox {
namespace detail {

/// A level whose voxels are in memory.
template <class T>
class ArraySource final : public LevelSource {
 public:
  ArraySource(xt::xtensor<T, 3> voxels, const LevelGeometry& geometry, const Shape3& chunk_shape)
      : voxels_(std::move(voxels)), geometry_(geometry), chunk_shape_(chunk_shape) {
    const Shape3 shape = shape_of(voxels_);
    if (geometry.shape() != shape) {
      throw Error(Errc::invalid_argument, "array_source: the array has shape " + abi::to_text(shape) +
                                              ", the geometry " + abi::to_text(geometry.shape()));
    }
    if (std::ranges::any_of(chunk_shape, [](std::int64_t side) { return side < 1; })) {
      throw Error(Errc::invalid_argument,
                  "array_source: the sides of a chunk must be > 0, got " + abi::to_text(chunk_shape));
    }
  }

  static Shape3 shape_of(const xt::xtensor<T, 3>& voxels) noexcept {
    return {static_cast<std::int64_t>(voxels.shape(0)), static_cast<std::int64_t>(voxels.shape(1)),
            static_cast<std::int64_t>(voxels.shape(2))};
  }

  [[nodiscard]] int level() const noexcept override { return 0; }
  [[nodiscard]] DType dtype() const noexcept override { return catvox::dtype_of<T>; }
  [[nodiscard]] const LevelGeometry& geometry() const noexcept override { return geometry_; }
  [[nodiscard]] const Shape3& chunk_shape() const noexcept override { return chunk_shape_; }

  ReadStatistics read(const Selection3& selection, const StridedBytes& out, const ReadOptions& options) const override {
    const auto& [rows, columns] = std::pair(geometry_.shape()[1], geometry_.shape()[2]);
    for (std::int64_t z = 0; z < selection[0].count; ++z) {
      if (options.stop.stop_requested()) throw Error(Errc::cancelled, "read cancelled");
      for (std::int64_t y = 0; y < selection[1].count; ++y) {
        const std::int64_t row =
            (selection[0].start + z * selection[0].step) * rows + selection[1].start + y * selection[1].step;
        const T* from = voxels_.data() + row * columns + selection[2].start;
        std::byte* to = out.data + z * out.strides[0] + y * out.strides[1];
        for (std::int64_t x = 0; x < selection[2].count; ++x, to += out.strides[2]) {
          *reinterpret_cast<T*>(to) = from[x * selection[2].step];
        }
      }
    }
    const std::int64_t chunks = count_chunks(selection, chunk_shape_);
    if (options.progress) options.progress({chunks, chunks, 0});
    ReadStatistics statistics;
    statistics.chunks = statistics.cache_hits = chunks;
    return statistics;
  }

  [[nodiscard]] std::shared_ptr<const LevelSource> at_level(int level) const override {
    if (level != 0) throw Error(Errc::not_found, "no level " + std::to_string(level) + ": an array is level 0 alone");
    return std::make_shared<const ArraySource>(voxels_, geometry_, chunk_shape_);
  }

 private:
  xt::xtensor<T, 3> voxels_;
  LevelGeometry geometry_;
  Shape3 chunk_shape_;
};

}  // namespace detail

/// A view over memory: what is written for levels of a stack is tried, and tested, without a server.
///
/// \param array        axes (z, y, x); copied, unless it is given away
/// \param geometry     where it lies; of the array's shape
/// \param chunk_shape  what the level says its chunks are, zyx
/// \throws Error{invalid_argument} if the geometry has another shape, or a chunk has none
template <class E>
auto array_source(E&& array, const LevelGeometry& geometry, const Shape3& chunk_shape = {64, 64, 64}) {
  using T = typename std::decay_t<E>::value_type;
  return ScaleView<T, 3>(std::make_shared<const detail::ArraySource<T>>(std::forward<E>(array), geometry, chunk_shape));
}

/// The same at full resolution, in a frame that needs no shape; by default voxels of 1 x 1 x 1 from (0, 0, 0).
template <class E>
auto array_source(E&& array, const StackFrame& frame = {}) {
  using T = typename std::decay_t<E>::value_type;
  xt::xtensor<T, 3> voxels(std::forward<E>(array));
  const LevelGeometry geometry(frame, {1, 1, 1}, detail::ArraySource<T>::shape_of(voxels));
  return array_source(std::move(voxels), geometry);
}

}  // namespace catvox
