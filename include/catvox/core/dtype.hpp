#pragma once

#include <catvox/core/error.hpp>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>

namespace catvox {

/// The element types that a source can have: tiles are uint8, N5 volumes any of these.
enum class DType : std::uint8_t { uint8, uint16, uint32, uint64, int8, int16, int32, int64, float32, float64 };

/// The name that N5 and NumPy use: "uint8", "float32", …
constexpr std::string_view name(DType dtype) noexcept {
  constexpr std::string_view names[] = {"uint8", "uint16", "uint32", "uint64",  "int8",
                                        "int16", "int32",  "int64",  "float32", "float64"};
  return names[static_cast<std::size_t>(dtype)];
}

/// Calls `f` with a `std::type_identity` of the C++ type that `dtype` stands for, and returns what it returns.
template <class F>
constexpr decltype(auto) visit_dtype(DType dtype, F&& f) {
  switch (dtype) {
    case DType::uint8:
      return std::forward<F>(f)(std::type_identity<std::uint8_t>{});
    case DType::uint16:
      return std::forward<F>(f)(std::type_identity<std::uint16_t>{});
    case DType::uint32:
      return std::forward<F>(f)(std::type_identity<std::uint32_t>{});
    case DType::uint64:
      return std::forward<F>(f)(std::type_identity<std::uint64_t>{});
    case DType::int8:
      return std::forward<F>(f)(std::type_identity<std::int8_t>{});
    case DType::int16:
      return std::forward<F>(f)(std::type_identity<std::int16_t>{});
    case DType::int32:
      return std::forward<F>(f)(std::type_identity<std::int32_t>{});
    case DType::int64:
      return std::forward<F>(f)(std::type_identity<std::int64_t>{});
    case DType::float32:
      return std::forward<F>(f)(std::type_identity<float>{});
    case DType::float64:
      return std::forward<F>(f)(std::type_identity<double>{});
  }
  throw Error(Errc::invalid_argument, "not a dtype");
}

/// Bytes per element.
constexpr std::size_t item_size(DType dtype) {
  return visit_dtype(dtype, []<class T>(std::type_identity<T>) { return sizeof(T); });
}

namespace detail {
template <class T>
consteval DType dtype_from_type() {
  using U = std::remove_cv_t<T>;
  // char and its kin are characters: whether they have a sign is the compiler's choice.
  constexpr bool character = std::is_same_v<U, char> || std::is_same_v<U, wchar_t> || std::is_same_v<U, char8_t> ||
                             std::is_same_v<U, char16_t> || std::is_same_v<U, char32_t>;
  constexpr bool known = (std::is_integral_v<U> && !std::is_same_v<U, bool> && !character && sizeof(U) <= 8) ||
                         std::is_same_v<U, float> || std::is_same_v<U, double>;
  static_assert(known, "catvox: an element type is an integer of 8 to 64 bits, float or double");
  if constexpr (std::is_same_v<U, float>) return DType::float32;
  if constexpr (std::is_same_v<U, double>) return DType::float64;
  constexpr int log2 = sizeof(U) == 1 ? 0 : sizeof(U) == 2 ? 1 : sizeof(U) == 4 ? 2 : 3;
  return static_cast<DType>((std::is_signed_v<U> ? 4 : 0) + log2);
}
}  // namespace detail

/// The DType of a C++ type.
template <class T>
inline constexpr DType dtype_of = detail::dtype_from_type<T>();

}  // namespace catvox
