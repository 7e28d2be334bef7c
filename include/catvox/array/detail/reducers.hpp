#pragma once

#include <algorithm>
#include <array>
#include <catvox/array/detail/view_traits.hpp>
#include <catvox/array/xtensor.hpp>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <type_traits>
#include <utility>

// xtensor sums integers in the type that C++ adds them in: an image of uint8 overflows an int after 8 million white
// voxels, a mean of it is negative. Reducers of whatever reads a view accumulate in 64 bits, or double.
//
// Each function here has the head of one of xtensor's, character by character in what it means, and a constraint: so the
// compiler prefers it where a view is read and does not see it elsewhere. A mean, a variance and the rest of xtensor's
// functions call these in their turn.

#if XTENSOR_VERSION_MAJOR != 0 || XTENSOR_VERSION_MINOR < 24 || XTENSOR_VERSION_MINOR > 27
#error \
    "catvox: the reducers of this version of xtensor are not known, and those of views would overflow (0.24 to 0.27 are)"
#endif

namespace catvox::detail {

/// True for a view and for every expression that has one among its parts.
template <class E>
inline constexpr bool reads_view = false;
template <class T, std::size_t N>
inline constexpr bool reads_view<ScaleView<T, N>> = true;
template <class T, std::size_t N>
inline constexpr bool reads_view<WalkedView<T, N>> = true;
template <class T, std::size_t N>
inline constexpr bool reads_view<PickedView<T, N>> = true;
template <template <class...> class E, class... Parts>
inline constexpr bool reads_view<E<Parts...>> = (reads_view<std::decay_t<Parts>> || ...);
template <class E, class S, xt::layout_type L, class F>
inline constexpr bool reads_view<xt::xstrided_view<E, S, L, F>> = reads_view<std::decay_t<E>>;

template <class E>
concept ReadsView = reads_view<std::decay_t<E>>;

/// A type that holds sums of T: 64 bits, signed where T + T is; double for float; T itself where it is no number.
template <class T>
struct accumulator {
  using type = T;
};
template <std::integral T>
struct accumulator<T> {
  using type = std::conditional_t<std::is_signed_v<decltype(T() + T())>, std::int64_t, std::uint64_t>;
};
template <>
struct accumulator<float> {
  using type = double;
};
template <class E>
using accumulator_t = typename accumulator<typename std::decay_t<E>::value_type>::type;

/// T was left to xtensor, E reads a view, and a sum of its elements wants a wider type than they have.
template <class T, class E>
concept Widened =
    std::is_void_v<T> && ReadsView<E> && !std::is_same_v<accumulator_t<E>, typename std::decay_t<E>::value_type>;

/// xtensor divides an average of integers by the integer sum of its weights.
template <class T, class E, class W>
concept Averaged = std::is_void_v<T> &&(ReadsView<E> || ReadsView<W>)&&std::is_arithmetic_v<
    typename std::decay_t<E>::value_type>&& std::is_arithmetic_v<typename std::decay_t<W>::value_type>;

/// Weights as xtensor can take them: it reshapes them, which takes an array.
template <class W>
auto average_weights(W&& weights) {
  if constexpr (ReadsView<W>) {
    return xt::eval(xt::cast<double>(std::forward<W>(weights)));
  } else {
    return xt::cast<double>(std::forward<W>(weights));
  }
}

/// The type that a norm of E sums in.
template <class E>
using norm_t = std::conditional_t<std::is_floating_point_v<typename std::decay_t<E>::value_type>, double,
                                  xtl::big_promote_type_t<typename std::decay_t<E>::value_type>>;
/// The same for squares: those of two 32-bit numbers can exceed 64 bits.
template <class E>
using squares_t = std::conditional_t<sizeof(typename std::decay_t<E>::value_type) < 4, norm_t<E>, double>;
template <class E>
concept NormOfView = ReadsView<E> && std::is_arithmetic_v<typename std::decay_t<E>::value_type>;

template <class R, class V>
R magnitude(V value) {
  if constexpr (std::is_signed_v<V>) return value < 0 ? -static_cast<R>(value) : static_cast<R>(value);
  return static_cast<R>(value);
}

#if XTENSOR_VERSION_MINOR < 26
using xtl::negation;
#else
using std::negation;
#endif

}  // namespace catvox::detail

namespace xt {

#define CATVOX_WIDE_REDUCER(NAME)                                                                                  \
  template <class T = void, class E, class X, class EVS = DEFAULT_STRATEGY_REDUCERS,                               \
            XTL_REQUIRES(catvox::detail::negation<is_reducer_options<X>>,                                          \
                         catvox::detail::negation<xtl::is_integral<std::decay_t<X>>>)>                             \
  requires(catvox::detail::Widened<T, E>) inline auto NAME(E&& e, X&& axes, EVS es = EVS()) {                      \
    return xt::NAME<catvox::detail::accumulator_t<E>>(std::forward<E>(e), std::forward<X>(axes), es);              \
  }                                                                                                                \
  template <class T = void, class E, class X, class EVS = DEFAULT_STRATEGY_REDUCERS,                               \
            XTL_REQUIRES(catvox::detail::negation<is_reducer_options<X>>, xtl::is_integral<std::decay_t<X>>)>      \
  requires(catvox::detail::Widened<T, E>) inline auto NAME(E&& e, X axis, EVS es = EVS()) {                        \
    return xt::NAME<catvox::detail::accumulator_t<E>>(std::forward<E>(e), {axis}, es);                             \
  }                                                                                                                \
  template <class T = void, class E, class EVS = DEFAULT_STRATEGY_REDUCERS, XTL_REQUIRES(is_reducer_options<EVS>)> \
  requires(catvox::detail::Widened<T, E>) inline auto NAME(E&& e, EVS es = EVS()) {                                \
    return xt::NAME<catvox::detail::accumulator_t<E>>(std::forward<E>(e), es);                                     \
  }                                                                                                                \
  template <class T = void, class E, class I, std::size_t N, class EVS = DEFAULT_STRATEGY_REDUCERS>                \
  requires(catvox::detail::Widened<T, E>) inline auto NAME(E&& e, const I(&axes)[N], EVS es = EVS()) {             \
    return xt::NAME<catvox::detail::accumulator_t<E>>(std::forward<E>(e), axes, es);                               \
  }

CATVOX_WIDE_REDUCER(sum)
CATVOX_WIDE_REDUCER(prod)
CATVOX_WIDE_REDUCER(nansum)
CATVOX_WIDE_REDUCER(nanprod)
#undef CATVOX_WIDE_REDUCER

#define CATVOX_WIDE_ACCUMULATOR(NAME)                                                    \
  template <class T = void, class E>                                                     \
  requires(catvox::detail::Widened<T, E>) inline auto NAME(E&& e, std::ptrdiff_t axis) { \
    return xt::NAME<catvox::detail::accumulator_t<E>>(std::forward<E>(e), axis);         \
  }                                                                                      \
  template <class T = void, class E>                                                     \
  requires(catvox::detail::Widened<T, E>) inline auto NAME(E&& e) {                      \
    return xt::NAME<catvox::detail::accumulator_t<E>>(std::forward<E>(e));               \
  }

CATVOX_WIDE_ACCUMULATOR(cumsum)
CATVOX_WIDE_ACCUMULATOR(cumprod)
CATVOX_WIDE_ACCUMULATOR(nancumsum)
CATVOX_WIDE_ACCUMULATOR(nancumprod)
#undef CATVOX_WIDE_ACCUMULATOR

template <class T = void, class E, class W, class X, class EVS = DEFAULT_STRATEGY_REDUCERS,
          XTL_REQUIRES(is_reducer_options<EVS>, catvox::detail::negation<xtl::is_integral<X>>)>
requires(catvox::detail::Averaged<T, E, W>) inline auto average(E&& e, W&& weights, X&& axes, EVS ev = EVS()) {
  return xt::average<double>(xt::cast<double>(std::forward<E>(e)),
                             catvox::detail::average_weights(std::forward<W>(weights)), std::forward<X>(axes), ev);
}
template <class T = void, class E, class W, class X, class EVS = DEFAULT_STRATEGY_REDUCERS,
          XTL_REQUIRES(is_reducer_options<EVS>, xtl::is_integral<X>)>
requires(catvox::detail::Averaged<T, E, W>) inline auto average(E&& e, W&& weights, X axis, EVS ev = EVS()) {
  return xt::average<double>(xt::cast<double>(std::forward<E>(e)),
                             catvox::detail::average_weights(std::forward<W>(weights)), {axis}, ev);
}
template <class T = void, class E, class W, class X, std::size_t N, class EVS = DEFAULT_STRATEGY_REDUCERS>
requires(catvox::detail::Averaged<T, E, W>) inline auto average(E&& e, W&& weights, const X (&axes)[N],
                                                                EVS ev = EVS()) {
  return xt::average<double>(xt::cast<double>(std::forward<E>(e)),
                             catvox::detail::average_weights(std::forward<W>(weights)), axes, ev);
}
template <class T = void, class E, class W, class EVS = DEFAULT_STRATEGY_REDUCERS,
          XTL_REQUIRES(is_reducer_options<EVS>)>
requires(catvox::detail::Averaged<T, E, W>) inline auto average(E&& e, W&& weights, EVS ev = EVS()) {
  // Of three arguments, xtensor cannot tell the axes from the strategy.
  if (weights.dimension() != e.dimension() ||
      !std::equal(weights.shape().begin(), weights.shape().end(), e.shape().begin())) {
    XTENSOR_THROW(std::runtime_error, "Weights need to have the same shape as expression.");
  }
  auto w = catvox::detail::average_weights(std::forward<W>(weights));
  double total = xt::sum<double>(w, evaluation_strategy::immediate)();
  return xt::sum<double>(xt::cast<double>(std::forward<E>(e)) * std::move(w), ev) /
         std::move(total);  // moved: an expression refers to what has a name
}

/// Not lazy, as xtensor's: reads the view at once.
template <class T>
requires(catvox::detail::ReadsView<T>) auto trapz(const xexpression<T>& y, double dx = 1.0, std::ptrdiff_t axis = -1) {
  return xt::trapz(xt::eval(xt::cast<double>(y.derived_cast())), dx, axis);
}
template <class T, class E>
requires(catvox::detail::ReadsView<T>) auto trapz(const xexpression<T>& y, const xexpression<E>& x,
                                                  std::ptrdiff_t axis = -1) {
  return xt::trapz(xt::eval(xt::cast<double>(y.derived_cast())), x, axis);
}

// xtensor's norms are noexcept: a failed read in one that is immediate would end the program. They also square and negate
// in the type that C++ does it in.

#define CATVOX_NORM(NAME, RESULT, STEP, MERGE)                                                                   \
  template <class E, class X, class EVS = DEFAULT_STRATEGY_REDUCERS,                                             \
            XTL_REQUIRES(catvox::detail::negation<is_reducer_options<X>>)>                                       \
  requires(catvox::detail::NormOfView<E>) inline auto NAME(E&& e, X&& axes, EVS es = EVS()) {                    \
    using V = typename std::decay_t<E>::value_type;                                                              \
    using R = RESULT;                                                                                            \
    auto step = [](const R& so_far, const V& value) -> R {                                                       \
      const auto v = catvox::detail::magnitude<R>(value);                                                        \
      return STEP;                                                                                               \
    };                                                                                                           \
    return xt::reduce(make_xreducer_functor(std::move(step), const_value<R>(0), MERGE<R>()), std::forward<E>(e), \
                      std::forward<X>(axes), es);                                                                \
  }                                                                                                              \
  template <class E, class EVS = DEFAULT_STRATEGY_REDUCERS, XTL_REQUIRES(is_xexpression<E>)>                     \
  requires(catvox::detail::NormOfView<E>) inline auto NAME(E&& e, EVS es = EVS()) {                              \
    return xt::NAME(std::forward<E>(e), arange(e.dimension()), es);                                              \
  }                                                                                                              \
  template <class E, class I, std::size_t N, class EVS = DEFAULT_STRATEGY_REDUCERS>                              \
  requires(catvox::detail::NormOfView<E>) inline auto NAME(E&& e, const I(&axes)[N], EVS es = EVS()) {           \
    using axes_type = std::array<typename std::decay_t<E>::size_type, N>;                                        \
    return xt::NAME(std::forward<E>(e), xtl::forward_sequence<axes_type, decltype(axes)>(axes), es);             \
  }

CATVOX_NORM(norm_l0, unsigned long long, so_far + (v != 0), std::plus)
CATVOX_NORM(norm_l1, catvox::detail::norm_t<E>, so_far + v, std::plus)
CATVOX_NORM(norm_sq, catvox::detail::squares_t<E>, so_far + v * v, std::plus)
CATVOX_NORM(norm_linf, catvox::detail::norm_t<E>, so_far < v ? v : so_far, math::maximum)
#undef CATVOX_NORM

template <class E, class EVS = DEFAULT_STRATEGY_REDUCERS, XTL_REQUIRES(is_xexpression<E>)>
requires(catvox::detail::NormOfView<E>) inline auto norm_l2(E&& e, EVS es = EVS()) {
  return xt::sqrt(xt::norm_sq(std::forward<E>(e), es));
}
template <class E, class X, class EVS = DEFAULT_STRATEGY_REDUCERS,
          XTL_REQUIRES(is_xexpression<E>, catvox::detail::negation<is_reducer_options<X>>)>
requires(catvox::detail::NormOfView<E>) inline auto norm_l2(E&& e, X&& axes, EVS es = EVS()) {
  return xt::sqrt(xt::norm_sq(std::forward<E>(e), std::forward<X>(axes), es));
}
template <class E, class I, std::size_t N, class EVS = DEFAULT_STRATEGY_REDUCERS>
requires(catvox::detail::NormOfView<E>) inline auto norm_l2(E&& e, const I (&axes)[N], EVS es = EVS()) {
  return xt::sqrt(xt::norm_sq(std::forward<E>(e), axes, es));
}

template <class E, class X, class EVS = DEFAULT_STRATEGY_REDUCERS,
          XTL_REQUIRES(catvox::detail::negation<is_reducer_options<X>>)>
requires(catvox::detail::NormOfView<E>) inline auto norm_lp_to_p(E&& e, double p, X&& axes, EVS es = EVS()) {
  using V = typename std::decay_t<E>::value_type;
  auto step = [p](const double& so_far, const V& value) {
    const auto v = catvox::detail::magnitude<double>(value);
    return so_far + (p == 0 ? static_cast<double>(v != 0) : std::pow(v, p));
  };
  return xt::reduce(make_xreducer_functor(std::move(step), const_value<double>(0), std::plus<double>()),
                    std::forward<E>(e), std::forward<X>(axes), es);
}
template <class E, class EVS = DEFAULT_STRATEGY_REDUCERS, XTL_REQUIRES(is_xexpression<E>)>
requires(catvox::detail::NormOfView<E>) inline auto norm_lp_to_p(E&& e, double p, EVS es = EVS()) {
  return xt::norm_lp_to_p(std::forward<E>(e), p, arange(e.dimension()), es);
}
template <class E, class I, std::size_t N, class EVS = DEFAULT_STRATEGY_REDUCERS>
requires(catvox::detail::NormOfView<E>) inline auto norm_lp_to_p(E&& e, double p, const I (&axes)[N], EVS es = EVS()) {
  using axes_type = std::array<typename std::decay_t<E>::size_type, N>;
  return xt::norm_lp_to_p(std::forward<E>(e), p, xtl::forward_sequence<axes_type, decltype(axes)>(axes), es);
}

}  // namespace xt
