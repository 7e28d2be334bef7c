#pragma once

#include <catvox/array/detail/view_layout.hpp>
#include <catvox/array/xtensor.hpp>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <type_traits>

// xtensor's slices as catvox's: what slice() and the overload of xt::view take apart.

namespace catvox::detail {

/// An unsigned type whose values go around below 0: smaller ones become int in arithmetic.
template <class I>
concept Wrapping = std::unsigned_integral<I> && !std::same_as<I, bool> && sizeof(I) >= sizeof(int);

/// `value`, if it is the unsigned result of going below 0: no axis is as long.
template <class I>
std::optional<std::uint64_t> wrapped(const I& value) {
  if constexpr (Wrapping<I>) {
    if (value > std::numeric_limits<I>::max() / 2) return value;
  }
  return std::nullopt;
}

/// An xt::range of which some bound was given as an unsigned number. xt::range makes them signed, so that `z - 8`, for an
/// unsigned z below 8, would count from the end of the axis.
template <class Range>
struct UnsignedRange : Range {
  std::optional<std::uint64_t> wrapped;
};

template <class Range, class... Bounds>
UnsignedRange<Range> unsigned_range(const Range& range, const Bounds&... bounds) {
  UnsignedRange<Range> checked{range, std::nullopt};
  ((checked.wrapped = checked.wrapped ? checked.wrapped : wrapped(bounds)), ...);
  return checked;
}

template <class S>
struct slice_traits {
  static constexpr bool basic = false;
  static constexpr bool list = false;
};

template <Slice::Kind kind_>
struct basic_slice_traits {
  static constexpr bool basic = true;
  static constexpr bool list = false;
  static constexpr Slice::Kind kind = kind_;
};

template <class S>
requires(std::integral<S> && !std::same_as<S, bool>) struct slice_traits<S> : basic_slice_traits<Slice::Kind::index> {
};
template <>
struct slice_traits<xt::xall_tag> : basic_slice_traits<Slice::Kind::range> {};
template <class A, class B, class C>
struct slice_traits<xt::xrange_adaptor<A, B, C>> : basic_slice_traits<Slice::Kind::range> {};
template <class Range>
struct slice_traits<UnsignedRange<Range>> : basic_slice_traits<Slice::Kind::range> {};
template <>
struct slice_traits<xt::xnewaxis_tag> : basic_slice_traits<Slice::Kind::new_axis> {};
template <>
struct slice_traits<xt::xellipsis_tag> : basic_slice_traits<Slice::Kind::ellipsis> {};
template <class I>
struct slice_traits<xt::xkeep_slice<I>> {
  static constexpr bool basic = false;
  static constexpr bool list = true;
};
template <class I>
struct slice_traits<xt::xdrop_slice<I>> : slice_traits<xt::xkeep_slice<I>> {};

/// xt::all() and its like are functions returning tags, xt::all itself (without parentheses) names the function.
template <class S>
concept basic_slice = slice_traits<std::remove_cvref_t<S>>::basic;
template <class S>
concept list_slice = slice_traits<std::remove_cvref_t<S>>::list;

template <class S, Slice::Kind kind>
consteval bool is_kind() {
  if constexpr (basic_slice<S>) {
    return slice_traits<std::remove_cvref_t<S>>::kind == kind;
  } else {
    return list_slice<S> && kind == Slice::Kind::range;  // one axis comes, one axis stays
  }
}

template <class... S>
inline constexpr std::size_t count_dropped = (std::size_t{0} + ... + is_kind<S, Slice::Kind::index>());
template <class... S>
inline constexpr std::size_t count_kept = (std::size_t{0} + ... + is_kind<S, Slice::Kind::range>());
template <class... S>
inline constexpr std::size_t count_inserted = (std::size_t{0} + ... + is_kind<S, Slice::Kind::new_axis>());

/// An integer, or nothing for xtensor's placeholder `_`.
template <class I>
std::optional<std::int64_t> bound(const I& value) {
  if constexpr (std::integral<I>) {
    return static_cast<std::int64_t>(value);
  } else {
    return std::nullopt;
  }
}

template <std::integral I>
Slice to_slice(I index) {
  return {.kind = Slice::Kind::index, .start = static_cast<std::int64_t>(index), .wrapped = wrapped(index)};
}
template <class A, class B, class C>
Slice to_slice(const xt::xrange_adaptor<A, B, C>& range) {
  return {.kind = Slice::Kind::range,
          .start = bound(range.start()),
          .stop = bound(range.stop()),
          .step = bound(range.step())};
}
template <class Range>
Slice to_slice(const UnsignedRange<Range>& range) {
  Slice slice = to_slice(static_cast<const Range&>(range));
  slice.wrapped = range.wrapped;
  return slice;
}
inline Slice to_slice(xt::xall_tag) { return {.kind = Slice::Kind::range}; }
inline Slice to_slice(xt::xnewaxis_tag) { return {.kind = Slice::Kind::new_axis}; }
inline Slice to_slice(xt::xellipsis_tag) { return {.kind = Slice::Kind::ellipsis}; }

}  // namespace catvox::detail

namespace catvox {

/// One of xtensor's slices, which one is known at run time: an integer, xt::range, xt::all(), xt::newaxis() or
/// xt::ellipsis().
class AnySlice : public Slice {
 public:
  template <class S>
  requires(detail::basic_slice<S>) AnySlice(const S& slice) : Slice(detail::to_slice(slice)) {}  // NOLINT: implicit
};

}  // namespace catvox

namespace xt {

// The ranges of xtensor, with identical heads: the more constrained one is chosen. Arrays take them as ever.
template <class A, class B>
requires(catvox::detail::Wrapping<A> || catvox::detail::Wrapping<B>) inline auto range(A start_val, B stop_val) {
  using Range = xrange_adaptor<detail::cast_if_integer_t<A>, detail::cast_if_integer_t<B>, placeholders::xtuph>;
  return catvox::detail::unsigned_range(
      Range(detail::cast_if_integer<A>{}(start_val), detail::cast_if_integer<B>{}(stop_val), placeholders::xtuph()),
      start_val, stop_val);
}
template <class A, class B, class C>
requires(catvox::detail::Wrapping<A> || catvox::detail::Wrapping<B> ||
         catvox::detail::Wrapping<C>) inline auto range(A start_val, B stop_val, C step) {
  using Range =
      xrange_adaptor<detail::cast_if_integer_t<A>, detail::cast_if_integer_t<B>, detail::cast_if_integer_t<C>>;
  return catvox::detail::unsigned_range(
      Range(detail::cast_if_integer<A>{}(start_val), detail::cast_if_integer<B>{}(stop_val),
            detail::cast_if_integer<C>{}(step)),
      start_val, stop_val, step);
}

namespace detail {
template <class Range>
struct slice_implementation_getter<catvox::detail::UnsignedRange<Range>> : slice_implementation_getter<Range> {};
template <class E, class Range>
struct get_slice_type_impl<E, catvox::detail::UnsignedRange<Range>> : get_slice_type_impl<E, Range> {};
}  // namespace detail

}  // namespace xt
