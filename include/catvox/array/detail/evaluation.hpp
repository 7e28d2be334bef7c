#pragma once

#include <algorithm>
#include <array>
#include <catvox/array/detail/resident_regions.hpp>
#include <catvox/array/detail/view_access.hpp>
#include <catvox/array/detail/walked_view.hpp>
#include <catvox/array/xtensor.hpp>
#include <cstddef>
#include <iterator>
#include <memory>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

// How expressions over views are evaluated at the speed of expressions over memory: the views in them are read in bulk,
// the expression is rebuilt over what was read, and xtensor does the rest.

namespace catvox::detail {

template <class E>
inline constexpr bool is_scale_view = false;
template <class T, std::size_t N>
inline constexpr bool is_scale_view<ScaleView<T, N>> = true;

/// True for a view, and for a function with a view somewhere among its arguments. (Reducers look after themselves.)
template <class E>
inline constexpr bool contains_view = is_scale_view<E>;
template <class F, class... CT>
inline constexpr bool contains_view<xt::xfunction<F, CT...>> = (contains_view<std::decay_t<CT>> || ...);

/// The voxels of a view that were read: an array in C order.
template <class T, std::size_t N>
using ResidentArray = xt::xtensor_adaptor<xt::xbuffer_adaptor<const T*, xt::no_ownership, std::allocator<T>>, N,
                                          xt::layout_type::row_major>;

/// Puts something in the place of every view in an expression and leaves the rest, by reference.
///
/// \param replace  called with each view
template <class E, class Replace>
decltype(auto) replace_views(const E& expression, Replace& replace) {
  if constexpr (is_scale_view<E>) {
    return replace(expression);
  } else if constexpr (contains_view<E>) {
    return std::apply(
        [&]<class... A>(const A&... arguments) {
          using Function = xt::xfunction<typename E::functor_type,
                                         xt::const_xclosure_t<decltype(replace_views(arguments, replace))>...>;
          return Function(expression.functor(), replace_views(arguments, replace)...);
        },
        expression.arguments());
  } else {
    return (expression);
  }
}

/// Calls `visit` with each view in an expression.
template <class E, class Visit>
void for_each_view(const E& expression, Visit& visit) {
  if constexpr (is_scale_view<E>) {
    visit(expression);
  } else if constexpr (contains_view<E>) {
    std::apply([&](const auto&... arguments) { (for_each_view(arguments, visit), ...); }, expression.arguments());
  }
}

/// Reads views whole, each once however often it occurs, and keeps them for as long as the expression over them is
/// used.
class Residents {
 public:
  enum class Keep : bool {
    here,          ///< for one evaluation
    in_the_level,  ///< where the level's other walks find it: for steppers, of which one evaluation makes many
  };

  explicit Residents(Keep keep) : keep_(keep) {}

  template <class T, std::size_t N>
  ResidentArray<T, N> operator()(const ScaleView<T, N>& view) {
    const Region& region = find_or_read(ViewAccess::level(view), ViewAccess::layout(view));
    return {typename ResidentArray<T, N>::storage_type(region.data<T>(), view.size()), view.shape()};
  }

 private:
  struct Entry {
    const LevelSource* source;
    std::shared_ptr<const Region> region;
  };

  const Region& find_or_read(ResidentRegions& level, const ViewLayout& layout) {
    const LevelSource* source = level.source().get();
    const auto found = std::ranges::find_if(
        entries_, [&](const Entry& entry) { return entry.source == source && entry.region->layout == layout; });
    if (found != entries_.end()) return *found->region;
    entries_.push_back({source, keep_ == Keep::in_the_level
                                    ? level.get(layout)
                                    : std::make_shared<const Region>(read_region(*source, layout))});
    return *entries_.back().region;
  }

  Keep keep_;
  std::vector<Entry> entries_;
};

/// Assigns an expression that contains views, shapes already settled, as xtensor's stepper_assigner would.
template <class E1, class E2>
class BulkAssigner {
 public:
  BulkAssigner(E1& out, const E2& expression) : out_(out), expression_(expression) {}

  void run() {
    if constexpr (is_scale_view<E2> && StridedExpression<E1>) {
      if constexpr (std::is_same_v<typename E1::value_type, typename E2::value_type>) {
        if (std::ranges::equal(out_.shape(), expression_.shape())) {
          expression_.read_into(out_);
          return;
        }
      }
    }
    Residents residents(Residents::Keep::here);
    const auto resident = replace_views(expression_, residents);
    xt::assign_data(out_, resident, is_trivial(resident));
  }

 private:
  /// True if `resident` may be assigned element by element in the order of memory: what xtensor works out when it
  /// resizes a container, and always denies to a view.
  template <class E>
  bool is_trivial(const E& resident) const {
    if constexpr (xt::has_container_semantics<E1>::value) {
      auto shape = xt::uninitialized_shape<xt::xindex_type_t<typename E1::shape_type>>(out_.dimension());
      return resident.dimension() == out_.dimension() && resident.broadcast_shape(shape, true) &&
             std::ranges::equal(shape, out_.shape());
    } else {
      return false;
    }
  }

  E1& out_;
  const E2& expression_;
};

/// A reducer over what was read, whatever it is made of, to be moved about.
template <class Value>
class ReducerWalk {
 public:
  virtual ~ReducerWalk() = default;
  [[nodiscard]] virtual Value value() const = 0;
  virtual void step(std::size_t axis, std::size_t n) = 0;
  virtual void step_back(std::size_t axis, std::size_t n) = 0;
};

template <class Reducer>
class ReducerWalkOver final : public ReducerWalk<typename Reducer::value_type> {
 public:
  ReducerWalkOver(Reducer reducer, Residents residents)
      : residents_(std::move(residents)), reducer_(std::move(reducer)), stepper_(reducer_, 0) {}

  [[nodiscard]] typename Reducer::value_type value() const override { return *stepper_; }
  void step(std::size_t axis, std::size_t n) override { stepper_.step(axis, n); }
  void step_back(std::size_t axis, std::size_t n) override { stepper_.step_back(axis, n); }

 private:
  Residents residents_;
  Reducer reducer_;
  typename Reducer::const_stepper stepper_;
};

}  // namespace catvox::detail

// From here on, partial specialisations of templates that xtensor does not document; they have had this form from 0.24
// to 0.27. Without them views are evaluated voxel by voxel.
#if XTENSOR_VERSION_MAJOR == 0 && XTENSOR_VERSION_MINOR >= 24 && XTENSOR_VERSION_MINOR <= 27

namespace xt {

// xtensor ends here with every assignment that is not of a view to a container of its own: `noalias(view(a, 1)) =
// scale`.
template <class E1, class T, std::size_t N, layout_type L>
class stepper_assigner<E1, catvox::ScaleView<T, N>, L>
    : public catvox::detail::BulkAssigner<E1, catvox::ScaleView<T, N>> {
  using catvox::detail::BulkAssigner<E1, catvox::ScaleView<T, N>>::BulkAssigner;
};

template <class E1, class F, class... CT, layout_type L>
requires(catvox::detail::contains_view<xfunction<F, CT...>>) class stepper_assigner<E1, xfunction<F, CT...>, L>
    : public catvox::detail::BulkAssigner<E1, xfunction<F, CT...>> {
  using catvox::detail::BulkAssigner<E1, xfunction<F, CT...>>::BulkAssigner;
};

/// The stepper of a reducer over views. Where it is asked for a value, it reduces what is in memory: the views whole if
/// they are small enough, else in regions that follow the reduced axes.
template <class F, class CT, class X, class O>
requires(catvox::detail::contains_view<std::decay_t<CT>>) class xreducer_stepper<F, CT, X, O> {
 public:
  using self_type = xreducer_stepper;
  using xreducer_type = xreducer<F, CT, X, O>;
  using value_type = typename xreducer_type::value_type;
  using reference = value_type;
  using pointer = typename xreducer_type::const_pointer;
  using size_type = typename xreducer_type::size_type;
  using difference_type = typename xreducer_type::difference_type;
  using xexpression_type = typename xreducer_type::xexpression_type;
  using substepper_type = typename xexpression_type::const_stepper;
  using shape_type = typename xreducer_type::shape_type;

  xreducer_stepper(const xreducer_type& reducer, size_type offset, bool end = false,
                   layout_type order = XTENSOR_DEFAULT_TRAVERSAL)
      : reducer_(&reducer), offset_(offset), index_(reducer.dimension(), 0) {
    if (end) to_end(order);
  }

  // A copy moves on its own: it makes its own walk, over the same voxels.
  xreducer_stepper(const xreducer_stepper& other)
      : reducer_(other.reducer_), offset_(other.offset_), index_(other.index_) {}
  xreducer_stepper& operator=(const xreducer_stepper& other) {
    if (this != &other) *this = xreducer_stepper(other);
    return *this;
  }
  xreducer_stepper(xreducer_stepper&&) noexcept = default;
  xreducer_stepper& operator=(xreducer_stepper&&) noexcept = default;
  ~xreducer_stepper() = default;

  reference operator*() const {
    if (walk_ == nullptr) {
      walk_ = make_walk();
      at_.assign(index_.size(), 0);
    }
    for (std::size_t axis = 0; axis < index_.size(); ++axis) {
      if (index_[axis] > at_[axis]) walk_->step(axis, index_[axis] - at_[axis]);
      if (index_[axis] < at_[axis]) walk_->step_back(axis, at_[axis] - index_[axis]);
      at_[axis] = index_[axis];
    }
    return walk_->value();
  }

  void step(size_type axis, size_type n = 1) {
    if (axis >= offset_) index_[axis - offset_] += n * moves(axis - offset_);
  }
  void step_back(size_type axis, size_type n = 1) {
    if (axis >= offset_) index_[axis - offset_] -= n * moves(axis - offset_);
  }
  void reset(size_type axis) {
    if (axis >= offset_) index_[axis - offset_] -= reducer_->shape()[axis - offset_] - 1;
  }
  void reset_back(size_type axis) {
    if (axis >= offset_) index_[axis - offset_] += reducer_->shape()[axis - offset_] - 1;
  }
  void to_begin() { std::fill(index_.begin(), index_.end(), size_type{0}); }
  void to_end(layout_type order) {
    for (std::size_t axis = 0; axis < index_.size(); ++axis) index_[axis] = reducer_->shape()[axis] - 1;
    if (index_.empty()) return;
    const size_type fastest = order == layout_type::row_major ? index_.size() - 1 : 0;
    index_[fastest] += moves(fastest);
  }

 private:
  using Walk = catvox::detail::ReducerWalk<value_type>;

  [[nodiscard]] size_type moves(size_type axis) const { return reducer_->shape()[axis] == 1 ? 0 : 1; }

  [[nodiscard]] std::unique_ptr<Walk> make_walk() const {
    namespace d = catvox::detail;
    const xexpression_type& expression = reducer_->expression();
    std::size_t bytes = 0;
    auto add_bytes = [&]<class V>(const V& view) { bytes += view.size() * sizeof(typename V::value_type); };
    d::for_each_view(expression, add_bytes);

    d::Residents residents(d::Residents::Keep::in_the_level);
    if (bytes <= catvox::abi::ResidentRegions::region_bytes) {
      return walk_over(d::replace_views(expression, residents), std::move(residents));
    }
    auto walked = [&]<class T, std::size_t N>(const catvox::ScaleView<T, N>& view) {
      return d::WalkedView<T, N>(view, fastest_axes(N));
    };
    return walk_over(d::replace_views(expression, walked), std::move(residents));
  }

  template <class E>
  [[nodiscard]] std::unique_ptr<Walk> walk_over(E expression, catvox::detail::Residents residents) const {
    auto reducer = reducer_->build_reducer(std::move(expression));
    return std::make_unique<catvox::detail::ReducerWalkOver<decltype(reducer)>>(std::move(reducer),
                                                                                std::move(residents));
  }

  /// The axes of a view of this rank in the expression that are reduced: xtensor runs through the last of them
  /// innermost.
  [[nodiscard]] std::vector<std::size_t> fastest_axes(std::size_t rank) const {
    const std::size_t offset = reducer_->expression().dimension() - rank;
    std::vector<std::size_t> fastest;
    for (auto axis = std::rbegin(reducer_->m_axes); axis != std::rend(reducer_->m_axes); ++axis) {
      if (static_cast<std::size_t>(*axis) >= offset) fastest.push_back(static_cast<std::size_t>(*axis) - offset);
    }
    return fastest;
  }

  const xreducer_type* reducer_;
  size_type offset_;
  std::vector<size_type> index_;
  mutable std::vector<size_type> at_;  // where walk_ stands
  mutable std::unique_ptr<Walk> walk_;
};

}  // namespace xt

#endif
