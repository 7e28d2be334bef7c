#pragma once

#include <array>
#include <catvox/array/xtensor.hpp>
#include <cstddef>

// What xtensor wants to know of a view before its class is complete.

namespace catvox {

template <class T, std::size_t N>
class ScaleView;

namespace detail {

template <class T, std::size_t N>
class WalkedView;

template <class T, std::size_t N>
class PickedView;

template <class View>
class Stepper;

template <class View, xt::layout_type L>
class ViewIterator;

/// What begin() of a view gives.
template <class View, xt::layout_type L>
struct ViewIteratorOf {
  using type = typename xt::xconst_iterable<View>::template const_layout_iterator<L>;
};
template <class T, std::size_t N, xt::layout_type L>
struct ViewIteratorOf<ScaleView<T, N>, L> {
  using type = ViewIterator<ScaleView<T, N>, L>;
};

template <class T, std::size_t N>
struct ViewContainerTypes {
  using reference = T;
  using const_reference = T;
  using size_type = std::size_t;
  using temporary_type = xt::xtensor<T, N>;
};

template <class View, std::size_t N>
struct ViewIterableTypes {
  using inner_shape_type = std::array<std::size_t, N>;
  using const_stepper = Stepper<View>;
  using stepper = const_stepper;
};

}  // namespace detail
}  // namespace catvox

namespace xt {

template <class T, std::size_t N>
struct xcontainer_inner_types<catvox::ScaleView<T, N>> : catvox::detail::ViewContainerTypes<T, N> {};
template <class T, std::size_t N>
struct xcontainer_inner_types<catvox::detail::WalkedView<T, N>> : catvox::detail::ViewContainerTypes<T, N> {};
template <class T, std::size_t N>
struct xcontainer_inner_types<catvox::detail::PickedView<T, N>> : catvox::detail::ViewContainerTypes<T, N> {};

template <class T, std::size_t N>
struct xiterable_inner_types<catvox::ScaleView<T, N>> : catvox::detail::ViewIterableTypes<catvox::ScaleView<T, N>, N> {
};
template <class T, std::size_t N>
struct xiterable_inner_types<catvox::detail::WalkedView<T, N>>
    : catvox::detail::ViewIterableTypes<catvox::detail::WalkedView<T, N>, N> {};
template <class T, std::size_t N>
struct xiterable_inner_types<catvox::detail::PickedView<T, N>>
    : catvox::detail::ViewIterableTypes<catvox::detail::PickedView<T, N>, N> {};

// Functions and reducers refer to arguments that have a name. A view is a handle: they copy it, so that an expression
// may outlive the views that it was made from.
template <class T, std::size_t N>
struct xclosure<catvox::ScaleView<T, N>&> {
  using type = catvox::ScaleView<T, N>;
};
template <class T, std::size_t N>
struct xclosure<const catvox::ScaleView<T, N>&> {
  using type = catvox::ScaleView<T, N>;
};
template <class T, std::size_t N>
struct const_xclosure<catvox::ScaleView<T, N>&> {
  using type = catvox::ScaleView<T, N>;
};
template <class T, std::size_t N>
struct const_xclosure<const catvox::ScaleView<T, N>&> {
  using type = catvox::ScaleView<T, N>;
};

}  // namespace xt
