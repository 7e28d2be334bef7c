#pragma once

#include <catvox/array/detail/view_iterator.hpp>
#include <catvox/array/detail/view_traits.hpp>
#include <catvox/array/xtensor.hpp>
#include <iterator>

namespace catvox::detail {

/// The iterators of a view, with const& where xtensor has const: of a ScaleView its own, else xtensor's. They point to the
/// view, so a view that is about to go has none; xtensor asks temporaries for the type of theirs, so that is an error in a
/// body and not a deletion.
template <class D>
class IterableView : public xt::xconst_iterable<D> {
  using base = xt::xconst_iterable<D>;
  static constexpr xt::layout_type in_order = XTENSOR_DEFAULT_TRAVERSAL;

 public:
  template <xt::layout_type L>
  using iterator_type = typename ViewIteratorOf<D, L>::type;
  template <xt::layout_type L>
  using reverse_type = std::reverse_iterator<iterator_type<L>>;
  template <class S, xt::layout_type L>
  using broadcast_type = typename base::template const_broadcast_iterator<S, L>;
  template <class S, xt::layout_type L>
  using reverse_broadcast_type = typename base::template const_reverse_broadcast_iterator<S, L>;

  // What xtensor calls them.
  template <xt::layout_type L>
  using layout_iterator = iterator_type<L>;
  template <xt::layout_type L>
  using const_layout_iterator = iterator_type<L>;
  template <xt::layout_type L>
  using reverse_layout_iterator = reverse_type<L>;
  template <xt::layout_type L>
  using const_reverse_layout_iterator = reverse_type<L>;
  using iterator = iterator_type<in_order>;
  using const_iterator = iterator;
  using reverse_iterator = reverse_type<in_order>;
  using const_reverse_iterator = reverse_iterator;
  using linear_iterator = iterator;
  using const_linear_iterator = iterator;
  using reverse_linear_iterator = reverse_iterator;
  using const_reverse_linear_iterator = reverse_iterator;

  template <xt::layout_type L = in_order>
  [[nodiscard]] iterator_type<L> begin() const& noexcept {
    return first_of<L>();
  }
  template <xt::layout_type L = in_order>
  [[nodiscard]] iterator_type<L> end() const& noexcept {
    return last_of<L>();
  }
  template <xt::layout_type L = in_order>
  [[nodiscard]] reverse_type<L> rbegin() const& noexcept {
    return reverse_type<L>(last_of<L>());
  }
  template <xt::layout_type L = in_order>
  [[nodiscard]] reverse_type<L> rend() const& noexcept {
    return reverse_type<L>(first_of<L>());
  }
  template <xt::layout_type L = in_order>
  [[nodiscard]] iterator_type<L> cbegin() const& noexcept {
    return first_of<L>();
  }
  template <xt::layout_type L = in_order>
  [[nodiscard]] iterator_type<L> cend() const& noexcept {
    return last_of<L>();
  }
  template <xt::layout_type L = in_order>
  [[nodiscard]] reverse_type<L> crbegin() const& noexcept {
    return reverse_type<L>(last_of<L>());
  }
  template <xt::layout_type L = in_order>
  [[nodiscard]] reverse_type<L> crend() const& noexcept {
    return reverse_type<L>(first_of<L>());
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
  template <xt::layout_type L>
  [[nodiscard]] iterator_type<L> first_of() const noexcept {
    if constexpr (requires(const D& view) { view.walk(L); }) {
      const D& view = static_cast<const D&>(*this);
      return {view, view.walk(L), 0};
    } else {
      return base::template begin<L>();
    }
  }
  template <xt::layout_type L>
  [[nodiscard]] iterator_type<L> last_of() const noexcept {
    if constexpr (requires(const D& view) { view.walk(L); }) {
      const D& view = static_cast<const D&>(*this);
      return {view, view.walk(L), view.walk_end()};
    } else {
      return base::template end<L>();
    }
  }

  template <class Iterator>
  static Iterator refuse() {
    static_assert(sizeof(Iterator) == 0, "catvox: an iterator points to its view: give the view a name first");
  }
};

}  // namespace catvox::detail
