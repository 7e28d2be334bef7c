#pragma once

#include <catvox/array/xtensor.hpp>

namespace catvox::detail {

/// xtensor's iterators of a view, with const& where xtensor has const. They point to the view, so a view that is about to
/// go has none; xtensor asks temporaries for the type of theirs, so that is an error in a body and not a deletion.
template <class D>
class IterableView : public xt::xconst_iterable<D> {
  using base = xt::xconst_iterable<D>;
  static constexpr xt::layout_type in_order = XTENSOR_DEFAULT_TRAVERSAL;

 public:
  template <xt::layout_type L>
  using iterator_type = typename base::template const_layout_iterator<L>;
  template <xt::layout_type L>
  using reverse_type = typename base::template const_reverse_layout_iterator<L>;
  template <class S, xt::layout_type L>
  using broadcast_type = typename base::template const_broadcast_iterator<S, L>;
  template <class S, xt::layout_type L>
  using reverse_broadcast_type = typename base::template const_reverse_broadcast_iterator<S, L>;

  template <xt::layout_type L = in_order>
  [[nodiscard]] iterator_type<L> begin() const& noexcept {
    return base::template begin<L>();
  }
  template <xt::layout_type L = in_order>
  [[nodiscard]] iterator_type<L> end() const& noexcept {
    return base::template end<L>();
  }
  template <xt::layout_type L = in_order>
  [[nodiscard]] reverse_type<L> rbegin() const& noexcept {
    return base::template rbegin<L>();
  }
  template <xt::layout_type L = in_order>
  [[nodiscard]] reverse_type<L> rend() const& noexcept {
    return base::template rend<L>();
  }
  template <xt::layout_type L = in_order>
  [[nodiscard]] iterator_type<L> cbegin() const& noexcept {
    return base::template begin<L>();
  }
  template <xt::layout_type L = in_order>
  [[nodiscard]] iterator_type<L> cend() const& noexcept {
    return base::template end<L>();
  }
  template <xt::layout_type L = in_order>
  [[nodiscard]] reverse_type<L> crbegin() const& noexcept {
    return base::template rbegin<L>();
  }
  template <xt::layout_type L = in_order>
  [[nodiscard]] reverse_type<L> crend() const& noexcept {
    return base::template rend<L>();
  }

  // As if the view were broadcast to a shape.
  template <class S, xt::layout_type L = in_order>
  [[nodiscard]] broadcast_type<S, L> begin(const S& shape) const& noexcept {
    return base::template begin<S, L>(shape);
  }
  template <class S, xt::layout_type L = in_order>
  [[nodiscard]] broadcast_type<S, L> end(const S& shape) const& noexcept {
    return base::template end<S, L>(shape);
  }
  template <class S, xt::layout_type L = in_order>
  [[nodiscard]] reverse_broadcast_type<S, L> rbegin(const S& shape) const& noexcept {
    return base::template rbegin<S, L>(shape);
  }
  template <class S, xt::layout_type L = in_order>
  [[nodiscard]] reverse_broadcast_type<S, L> rend(const S& shape) const& noexcept {
    return base::template rend<S, L>(shape);
  }
  template <class S, xt::layout_type L = in_order>
  [[nodiscard]] broadcast_type<S, L> cbegin(const S& shape) const& noexcept {
    return base::template begin<S, L>(shape);
  }
  template <class S, xt::layout_type L = in_order>
  [[nodiscard]] broadcast_type<S, L> cend(const S& shape) const& noexcept {
    return base::template end<S, L>(shape);
  }
  template <class S, xt::layout_type L = in_order>
  [[nodiscard]] reverse_broadcast_type<S, L> crbegin(const S& shape) const& noexcept {
    return base::template rbegin<S, L>(shape);
  }
  template <class S, xt::layout_type L = in_order>
  [[nodiscard]] reverse_broadcast_type<S, L> crend(const S& shape) const& noexcept {
    return base::template rend<S, L>(shape);
  }

  template <xt::layout_type L = in_order>
  iterator_type<L> begin() const&& {
    return refuse<iterator_type<L>>();
  }
  template <xt::layout_type L = in_order>
  iterator_type<L> end() const&& {
    return refuse<iterator_type<L>>();
  }
  template <xt::layout_type L = in_order>
  reverse_type<L> rbegin() const&& {
    return refuse<reverse_type<L>>();
  }
  template <xt::layout_type L = in_order>
  reverse_type<L> rend() const&& {
    return refuse<reverse_type<L>>();
  }
  template <xt::layout_type L = in_order>
  iterator_type<L> cbegin() const&& {
    return refuse<iterator_type<L>>();
  }
  template <xt::layout_type L = in_order>
  iterator_type<L> cend() const&& {
    return refuse<iterator_type<L>>();
  }
  template <xt::layout_type L = in_order>
  reverse_type<L> crbegin() const&& {
    return refuse<reverse_type<L>>();
  }
  template <xt::layout_type L = in_order>
  reverse_type<L> crend() const&& {
    return refuse<reverse_type<L>>();
  }
  template <class S, xt::layout_type L = in_order>
  broadcast_type<S, L> begin(const S&) const&& {
    return refuse<broadcast_type<S, L>>();
  }
  template <class S, xt::layout_type L = in_order>
  broadcast_type<S, L> end(const S&) const&& {
    return refuse<broadcast_type<S, L>>();
  }
  template <class S, xt::layout_type L = in_order>
  reverse_broadcast_type<S, L> rbegin(const S&) const&& {
    return refuse<reverse_broadcast_type<S, L>>();
  }
  template <class S, xt::layout_type L = in_order>
  reverse_broadcast_type<S, L> rend(const S&) const&& {
    return refuse<reverse_broadcast_type<S, L>>();
  }
  template <class S, xt::layout_type L = in_order>
  broadcast_type<S, L> cbegin(const S&) const&& {
    return refuse<broadcast_type<S, L>>();
  }
  template <class S, xt::layout_type L = in_order>
  broadcast_type<S, L> cend(const S&) const&& {
    return refuse<broadcast_type<S, L>>();
  }
  template <class S, xt::layout_type L = in_order>
  reverse_broadcast_type<S, L> crbegin(const S&) const&& {
    return refuse<reverse_broadcast_type<S, L>>();
  }
  template <class S, xt::layout_type L = in_order>
  reverse_broadcast_type<S, L> crend(const S&) const&& {
    return refuse<reverse_broadcast_type<S, L>>();
  }

 private:
  template <class Iterator>
  static Iterator refuse() {
    static_assert(sizeof(Iterator) == 0, "catvox: an iterator points to its view: give the view a name first");
  }
};

}  // namespace catvox::detail
