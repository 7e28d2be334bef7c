#pragma once

#include <array>
#include <catvox/array/detail/slice.hpp>
#include <catvox/array/detail/view_access.hpp>
#include <catvox/array/detail/view_expression.hpp>
#include <catvox/core/error.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace catvox::detail {

/// The voxels of a view at listed indices of some axes, fetched chunk by chunk as they are asked for: the box around
/// them may hold many more. (xtensor's own view of an expression without storage gives wrong values when it is
/// broadcast.)
template <class T, std::size_t N>
class PickedView : public ViewExpression<PickedView<T, N>, T, N> {
  using base = ViewExpression<PickedView, T, N>;

 public:
  using typename base::inner_shape_type;
  using Lists = std::array<std::optional<std::vector<std::size_t>>, N>;

  /// \param lists  per axis the indices that are picked; an axis without a list stays whole
  explicit PickedView(ScaleView<T, N> view, Lists lists = {})
      : view_(std::move(view)), shape_(view_.shape()), lists_(std::make_shared<const Lists>(std::move(lists))) {
    for (std::size_t axis = 0; axis < N; ++axis) {
      if ((*lists_)[axis]) shape_[axis] = (*lists_)[axis]->size();
    }
  }

  [[nodiscard]] const inner_shape_type& shape() const& noexcept { return shape_; }
  [[nodiscard]] inner_shape_type shape() const&& noexcept { return shape_; }
  using base::shape;

 private:
  friend base;
  friend class Stepper<PickedView>;

  [[nodiscard]] T voxel(const inner_shape_type& index) const { return ViewAccess::voxel(view_, picked(index)); }
  [[nodiscard]] T look(Window<T, N>& window, const inner_shape_type& index) const {
    return ViewAccess::look_at_chunk(view_, window, picked(index));
  }

  [[nodiscard]] inner_shape_type picked(inner_shape_type index) const {
    for (std::size_t axis = 0; axis < N; ++axis) {
      if ((*lists_)[axis]) index[axis] = (*lists_)[axis]->at(shape_[axis] == 1 ? 0 : index[axis]);
    }
    return index;
  }

  ScaleView<T, N> view_;
  inner_shape_type shape_;
  std::shared_ptr<const Lists> lists_;  // shared: expressions are copied
};

/// The indices that xt::keep or xt::drop leaves of an axis. \throws Error{invalid_argument} for one outside it
template <class L>
std::vector<std::size_t> picked_indices(L list, std::size_t extent, std::size_t axis) {
  list.normalize(extent);
  std::vector<std::size_t> indices;
  for (typename L::size_type i = 0; i < list.size(); ++i) {
    indices.push_back(static_cast<std::size_t>(list(i)));
    if (indices.back() >= extent) {
      throw Error(Errc::invalid_argument, "view: index " + std::to_string(static_cast<std::int64_t>(indices.back())) +
                                              " is out of range for axis " + std::to_string(axis) + " with " +
                                              std::to_string(extent) + " voxels");
    }
  }
  return indices;
}

/// What view.slice() is given where a list stands: the whole axis.
template <class S>
decltype(auto) without_list(const S& slice) {
  if constexpr (list_slice<S>) {
    return xt::all();
  } else {
    return (slice);
  }
}

template <class T, std::size_t N, class... S>
auto pick(const ScaleView<T, N>& view, const S&... slices) {
  const auto whole = view.slice(without_list(slices)...);
  constexpr std::size_t rank = std::decay_t<decltype(whole)>::rank;
  typename PickedView<T, rank>::Lists lists;
  std::size_t axis = 0;
  const auto place = [&]<class One>(const One& slice) {
    if constexpr (list_slice<One>) {
      lists[axis] = picked_indices(slice, whole.shape()[axis], axis);
      ++axis;
    } else if constexpr (slice_traits<One>::kind == Slice::Kind::ellipsis) {
      axis += N - count_dropped<S...> - count_kept<S...>;
    } else if constexpr (slice_traits<One>::kind != Slice::Kind::index) {
      ++axis;
    }
  };
  (place(slices), ...);
  return PickedView<T, rank>(whole, std::move(lists));
}

}  // namespace catvox::detail
