#pragma once

#include <array>
#include <catvox/array/detail/iterable_view.hpp>
#include <catvox/array/detail/resident_regions.hpp>
#include <catvox/array/detail/resident_runs.hpp>
#include <catvox/array/detail/view_layout.hpp>
#include <catvox/array/detail/view_traits.hpp>
#include <catvox/array/xtensor.hpp>
#include <concepts>
#include <cstddef>
#include <iterator>
#include <memory>
#include <utility>

namespace catvox::detail {

/// A region opened at the indices of the view that it is a part of. Closed (and then containing nothing) by default.
template <class T, std::size_t N>
class Window {
 public:
  /// \param part  positions of `region` in the selections of `layout`
  void open(std::shared_ptr<const Region> region, const ViewLayout& layout, const Box& part) {
    box_.open(layout, part);
    data_ = region->template data<T>();
    region_ = std::move(region);
  }

  [[nodiscard]] bool contains(const std::array<std::size_t, N>& index) const noexcept {
    return data_ != nullptr && box_.contains(index);
  }

  /// \param index  of the view, inside the window
  [[nodiscard]] T operator[](const std::array<std::size_t, N>& index) const noexcept {
    return data_[box_.offset(index)];
  }

 private:
  const T* data_ = nullptr;
  WindowBox<N> box_;
  std::shared_ptr<const Region> region_;
};

/// Walks over a view, holding the region around where it is. xtensor makes and moves steppers in functions that must
/// not throw, so nothing is read before one is dereferenced.
///
/// \tparam View  has shape() and `look(window, index)`, which gives a voxel out of a Window that it opens where it must
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

  reference operator*() const { return view_->look(window_, index_); }

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
    if constexpr (N > 0) {
      const size_type fastest = order == xt::layout_type::row_major ? N - 1 : 0;
      index_[fastest] += moves(fastest);
    }
  }

 private:
  /// 0 for an axis of extent 1, which stretches: a walk over a larger shape stays on its one voxel.
  [[nodiscard]] size_type moves(size_type axis) const noexcept { return view_->shape()[axis] == 1 ? 0 : 1; }

  const View* view_ = nullptr;
  size_type offset_ = 0;
  std::array<size_type, N> index_{};
  mutable Window<value_type, N> window_;
};

/// The types and members that xtensor asks of a view, whatever it is made of.
///
/// \tparam D  the view: has shape() and voxel(index), in which axes of extent 1 stretch, beside what Stepper asks
template <class D, class T, std::size_t N>
class ViewExpression : public xt::xsharable_expression<D>, public IterableView<D>, public xt::xconst_accessible<D> {
  using iterable_base = IterableView<D>;
  using accessible_base = xt::xconst_accessible<D>;

 public:
  using value_type = T;
  using reference = T;
  using const_reference = T;
  using pointer = const T*;
  using const_pointer = const T*;
  using size_type = std::size_t;
  using difference_type = std::ptrdiff_t;
  using inner_shape_type = std::array<std::size_t, N>;
  using shape_type = inner_shape_type;
  using temporary_type = xt::xtensor<T, N>;
  using bool_load_type = xt::bool_load_type<T>;
  using expression_tag = xt::xtensor_expression_tag;
  using stepper = typename iterable_base::stepper;
  using const_stepper = typename iterable_base::const_stepper;
  static constexpr std::size_t rank = N;
  // Dynamic, so that no assignment takes the path for contiguous memory; layout() is what walks go by.
  static constexpr xt::layout_type static_layout = xt::layout_type::dynamic;
  static constexpr bool contiguous_layout = false;

  using accessible_base::shape;

  /// One voxel. As for every xtensor expression, missing leading indices are 0, surplus leading ones are ignored, and
  /// axes of extent 1 stretch.
  template <std::integral... I>
  [[nodiscard]] T operator()(I... index) const {
    const std::array<std::size_t, sizeof...(I)> list{static_cast<std::size_t>(index)...};
    if constexpr (sizeof...(I) == N) {
      return self().voxel(list);
    } else {
      return element(list.begin(), list.end());
    }
  }
  template <std::integral... I>
  [[nodiscard]] T unchecked(I... index) const {
    return (*this)(index...);
  }
  template <std::forward_iterator It>
  [[nodiscard]] T element(It first, It last) const {
    const inner_shape_type& extents = self().shape();
    inner_shape_type index{};
    std::size_t axis = N;
    for (auto given = std::distance(first, last); given > 0 && axis > 0; --given) {
      --axis;
      index[axis] = extents[axis] == 1 ? 0 : static_cast<std::size_t>(*std::next(first, given - 1));
    }
    return self().voxel(index);
  }

  [[nodiscard]] T front() const { return self().voxel(inner_shape_type{}); }
  [[nodiscard]] T back() const {
    inner_shape_type last = self().shape();
    for (std::size_t& index : last) --index;
    return self().voxel(last);
  }

  [[nodiscard]] xt::layout_type layout() const noexcept { return xt::layout_type::row_major; }
  [[nodiscard]] bool is_contiguous() const noexcept { return false; }

  template <class S>
  bool broadcast_shape(S& common, bool /*reuse_cache*/ = false) const {
    return xt::broadcast_shape(self().shape(), common);
  }
  template <class S>
  bool has_linear_assign(const S& /*strides*/) const noexcept {
    return false;
  }
  template <class S>
  const_stepper stepper_begin(const S& common) const noexcept {
    return const_stepper(self(), common.size() - N);
  }
  template <class S>
  const_stepper stepper_end(const S& common, xt::layout_type order) const noexcept {
    const_stepper past(self(), common.size() - N);
    past.to_end(order);
    return past;
  }

 private:
  [[nodiscard]] const D& self() const noexcept { return static_cast<const D&>(*this); }
};

}  // namespace catvox::detail
