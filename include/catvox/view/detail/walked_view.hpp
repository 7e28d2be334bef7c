#pragma once

#include <catvox/view/detail/view_access.hpp>
#include <catvox/view/detail/view_expression.hpp>
#include <catvox/view/resident_regions.hpp>
#include <cstddef>
#include <optional>
#include <span>
#include <utility>

namespace catvox::detail {

/// The voxels of a view without its hooks for bulk reads: for expressions that go through it in another order than C,
/// or through few of its voxels.
template <class T, std::size_t N>
class WalkedView : public ViewExpression<WalkedView<T, N>, T, N> {
  using base = ViewExpression<WalkedView, T, N>;

 public:
  using typename base::inner_shape_type;

  /// Holds one chunk at a time.
  explicit WalkedView(ScaleView<T, N> view) : view_(std::move(view)) {}

  /// Holds what a walk needs that moves along some axes first. \param fastest  axes of the view, the fastest first
  WalkedView(ScaleView<T, N> view, std::span<const std::size_t> fastest)
      : view_(std::move(view)), order_(walk_order(ViewAccess::layout(view_), fastest)) {}

  [[nodiscard]] const inner_shape_type& shape() const noexcept { return view_.shape(); }
  using base::shape;

 private:
  friend base;
  friend class Stepper<WalkedView>;

  [[nodiscard]] T voxel(const inner_shape_type& index) const { return ViewAccess::voxel(view_, index); }

  void open(Window<T, N>& window, const inner_shape_type& index) const {
    ViewAccess::open(view_, window, index, order_);
  }

  ScaleView<T, N> view_;
  std::optional<AxisOrder> order_;
};

}  // namespace catvox::detail
