#pragma once

#include <catvox/array/detail/resident_regions.hpp>
#include <catvox/array/detail/view_access.hpp>
#include <catvox/array/detail/view_expression.hpp>
#include <cstddef>
#include <span>
#include <utility>

namespace catvox::detail {

/// The voxels of a view without its hooks for bulk reads, to be walked along some axes first.
template <class T, std::size_t N>
class WalkedView : public ViewExpression<WalkedView<T, N>, T, N> {
  using base = ViewExpression<WalkedView, T, N>;

 public:
  using typename base::inner_shape_type;

  /// \param fastest  axes of the view, the fastest first
  WalkedView(ScaleView<T, N> view, std::span<const std::size_t> fastest)
      : view_(std::move(view)), order_(walk_order(ViewAccess::layout(view_), fastest)) {}

  [[nodiscard]] const inner_shape_type& shape() const noexcept { return view_.shape(); }
  using base::shape;

 private:
  friend base;
  friend class Stepper<WalkedView>;

  [[nodiscard]] T voxel(const inner_shape_type& index) const { return ViewAccess::voxel(view_, index); }
  [[nodiscard]] T look(Window<T, N>& window, const inner_shape_type& index) const {
    return ViewAccess::look(view_, window, index, order_);
  }

  ScaleView<T, N> view_;
  AxisOrder order_;
};

}  // namespace catvox::detail
