#pragma once

#include <array>
#include <catvox/array/detail/evaluation.hpp>
#include <catvox/array/detail/picked_view.hpp>
#include <catvox/array/detail/slice.hpp>
#include <catvox/array/detail/view_access.hpp>
#include <catvox/array/xtensor.hpp>
#include <catvox/core/error.hpp>
#include <cstddef>
#include <iterator>
#include <type_traits>
#include <utility>
#include <vector>

// xt::view and xt::transpose of a view are views again: lazy, with coordinates, read in bulk.

namespace catvox::detail {

template <class V>
concept AnyScaleView = is_scale_view<std::remove_cvref_t<V>>;

template <class T, std::size_t N, class P>
ScaleView<T, N> transpose_by(const ScaleView<T, N>& view, const P& permutation) {
  if (std::size(permutation) != N) {
    throw Error(Errc::invalid_argument,
                "transpose: " + std::to_string(std::size(permutation)) + " axes for a view with " + std::to_string(N));
  }
  std::array<std::size_t, N> axes{};
  std::transform(std::begin(permutation), std::end(permutation), axes.begin(),
                 [](auto axis) { return static_cast<std::size_t>(axis); });
  return view.transpose(axes);
}

}  // namespace catvox::detail

namespace xt {

/// view.slice(slices...)
template <class V, class... S>
requires(catvox::detail::AnyScaleView<V> && (catvox::detail::basic_slice<S> && ...)) auto view(V&& view,
                                                                                               S&&... slices) {
  return view.slice(slices...);
}

/// With xt::keep or xt::drop among the slices: an expression without coordinates, that fetches the chunks of the voxels
/// that it is asked for one by one.
/// \throws catvox::Error{invalid_argument} for an index outside its axis
template <class V, class... S>
requires(catvox::detail::AnyScaleView<V> && (catvox::detail::list_slice<S> || ...)) auto view(V&& view, S&&... slices) {
  return catvox::detail::pick(view, slices...);
}

/// Likewise: slices that are known at run time only.
template <catvox::detail::AnyScaleView V>
auto strided_view(V&& view, const xstrided_slice_vector& slices) {
  return xt::strided_view(catvox::detail::PickedView(std::forward<V>(view)), slices);
}

/// view.transpose(), and with a permutation of the axes.
template <catvox::detail::AnyScaleView V>
auto transpose(V&& view) {
  return view.transpose();
}
template <catvox::detail::AnyScaleView V, class P, class Tag = check_policy::none>
auto transpose(V&& view, P&& permutation, Tag /*check_policy*/ = Tag()) {
  return catvox::detail::transpose_by(view, permutation);
}
template <catvox::detail::AnyScaleView V, class I, std::size_t M, class Tag = check_policy::none>
auto transpose(V&& view, const I (&permutation)[M], Tag /*check_policy*/ = Tag()) {
  return catvox::detail::transpose_by(view, permutation);
}

}  // namespace xt
