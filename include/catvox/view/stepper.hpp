#pragma once

#include <array>
#include <catvox/view/resident_regions.hpp>
#include <catvox/view/view_layout.hpp>
#include <catvox/view/xtensor.hpp>
#include <cstddef>
#include <memory>
#include <utility>

namespace catvox::detail {

/// A region opened at the indices of the view that it is a part of. Closed (and then containing nothing) by default.
template <class T, std::size_t N>
class Window {
 public:
  /// \param part  positions of `region` in the selections of `layout`
  void open(std::shared_ptr<const Region> region, const ViewLayout& layout, const Box& part) {
    std::size_t stride = 1;
    for (std::size_t axis = N; axis-- > 0;) {
      const int source = layout.source_axis(axis);
      const auto position = [&](const Index3& corner) {
        return source == ViewLayout::new_axis ? 0 : static_cast<std::size_t>(corner[static_cast<std::size_t>(source)]);
      };
      first_[axis] = position(part.min);
      count_[axis] = source == ViewLayout::new_axis ? 1 : position(part.max) - first_[axis];
      stride_[axis] = stride;
      stride *= count_[axis];
    }
    data_ = region->template data<T>();
    region_ = std::move(region);
  }

  [[nodiscard]] bool contains(const std::array<std::size_t, N>& index) const noexcept {
    bool inside = data_ != nullptr;
    for (std::size_t axis = 0; axis < N; ++axis) inside &= index[axis] - first_[axis] < count_[axis];
    return inside;
  }

  /// \param index  of the view, inside the window
  [[nodiscard]] T operator[](const std::array<std::size_t, N>& index) const noexcept {
    std::size_t offset = 0;
    for (std::size_t axis = 0; axis < N; ++axis) offset += (index[axis] - first_[axis]) * stride_[axis];
    return data_[offset];
  }

 private:
  const T* data_ = nullptr;
  std::array<std::size_t, N> first_{}, count_{}, stride_{};
  std::shared_ptr<const Region> region_;
};

/// Walks over a view, holding the region around where it is. xtensor makes and moves steppers in functions that must
/// not throw, so nothing is read before one is dereferenced.
template <class View>
class Stepper {
  static constexpr std::size_t N = View::rank;

 public:
  using value_type = typename View::value_type;
  using reference = value_type;
  using pointer = const value_type*;
  using size_type = std::size_t;
  using difference_type = std::ptrdiff_t;
  using shape_type = typename View::shape_type;
  using simd_value_type = xt_simd::simd_type<value_type>;

  Stepper() = default;

  /// \param offset  how many leading axes the walk has that the view does not
  Stepper(const View& view, size_type offset) noexcept : view_(&view), offset_(offset) {}

  reference operator*() const {
    if (!window_.contains(index_)) [[unlikely]] {
      open_window();
    }
    return window_[index_];
  }

  void step(size_type axis, size_type n = 1) noexcept {
    if (axis >= offset_) index_[axis - offset_] += n * moves(axis - offset_);
  }
  void step_back(size_type axis, size_type n = 1) noexcept {
    if (axis >= offset_) index_[axis - offset_] -= n * moves(axis - offset_);
  }
  void reset(size_type axis) noexcept {
    if (axis >= offset_) index_[axis - offset_] -= view_->shape()[axis - offset_] - 1;
  }
  void reset_back(size_type axis) noexcept {
    if (axis >= offset_) index_[axis - offset_] += view_->shape()[axis - offset_] - 1;
  }
  void to_begin() noexcept { index_ = {}; }

  /// One past the last voxel along the axis that moves fastest.
  void to_end(xt::layout_type order) noexcept {
    for (size_type axis = 0; axis < N; ++axis) index_[axis] = view_->shape()[axis] - 1;
    if (N == 0) return;
    const size_type fastest = order == xt::layout_type::row_major ? N - 1 : 0;
    index_[fastest] += moves(fastest);
  }

 private:
  /// 0 for an axis of extent 1, which stretches: a walk over a larger shape stays on its one voxel.
  [[nodiscard]] size_type moves(size_type axis) const noexcept { return view_->shape()[axis] == 1 ? 0 : 1; }

  void open_window() const {
    constexpr auto max_voxels = static_cast<std::int64_t>(ResidentRegions::region_bytes / sizeof(value_type));
    const ViewLayout& layout = view_->layout_;
    const Box part =
        part_around(layout, view_->source().chunk_shape(), layout.positions(index_), c_order(layout), max_voxels);
    window_.open(view_->level_->get(layout.part(part)), layout, part);
  }

  const View* view_ = nullptr;
  size_type offset_ = 0;
  std::array<size_type, N> index_{};
  mutable Window<value_type, N> window_;
};

}  // namespace catvox::detail
