#pragma once

#include <catvox/view/detail/view_traits.hpp>
#include <catvox/view/resident_regions.hpp>
#include <catvox/view/view_layout.hpp>
#include <catvox/view/xtensor.hpp>
#include <cstddef>
#include <optional>
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
  template <class V>
  static typename V::value_type voxel(const V& view, const typename V::shape_type& index) {
    return view.voxel(index);
  }

  /// Opens a window for a walk in an order, or on one chunk.
  template <class V>
  static void open(const V& view, typename V::Window& window, const typename V::shape_type& index,
                   const std::optional<AxisOrder>& order) {
    order ? view.open(window, index, *order) : view.open_chunk(window, index);
  }
};

}  // namespace catvox::detail
