#pragma once

#include <catvox/array/detail/resident_regions.hpp>
#include <catvox/array/detail/view_layout.hpp>
#include <catvox/array/detail/view_traits.hpp>
#include <catvox/array/xtensor.hpp>
#include <cstddef>
#include <string>
#include <type_traits>
#include <vector>

namespace catvox::detail {

/// An xtensor expression whose elements lie in memory at fixed strides: a container, an adaptor, a view of one.
template <class E>
concept StridedExpression = xt::is_xexpression<E>::value && requires(std::remove_cvref_t<E>& e) {
  e.data();
  e.data_offset();
  e.strides();
};

template <class E>
std::string shape_text(const E& expression) {
  return to_text(std::vector<std::size_t>(expression.shape().begin(), expression.shape().end()));
}

/// What the evaluation of expressions needs to know of the views in them.
struct ViewAccess {
  template <class V>
  static ResidentRegions& level(const V& view) noexcept {
    return *view.level_;
  }
  template <class V>
  static const ViewLayout& layout(const V& view) noexcept {
    return view.layout_;
  }
  /// The same level, another part of it.
  template <class V>
  static V with_layout(const V& view, const ViewLayout& layout) {
    return V(view.level_, layout);
  }
  template <class V>
  static typename V::value_type voxel(const V& view, const typename V::shape_type& index) {
    return view.voxel(index);
  }

  /// A voxel out of a window that a walk in some order has opened, or opens where it must.
  template <class V>
  static typename V::value_type look(const V& view, typename V::Window& window, const typename V::shape_type& index,
                                     const AxisOrder& order) {
    return view.look(window, index, order);
  }

  /// The same with windows on single chunks.
  template <class V>
  static typename V::value_type look_at_chunk(const V& view, typename V::Window& window,
                                              const typename V::shape_type& index) {
    return view.look_at_chunk(window, index);
  }
};

}  // namespace catvox::detail
