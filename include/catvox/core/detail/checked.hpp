#pragma once

#include <catvox/core/error.hpp>
#include <concepts>
#include <cstdint>
#include <string>

namespace catvox::detail {

/// a * b, or Error{too_large} naming `what` if the product does not fit.
template <std::integral I>
constexpr I checked_multiply(I a, I b, const char* what) {
  I product{};
  if (__builtin_mul_overflow(a, b, &product)) {
    throw Error(Errc::too_large, std::string(what) + ": " + std::to_string(a) + " x " + std::to_string(b) +
                                     " does not fit " + std::to_string(8 * sizeof(I)) + " bits");
  }
  return product;
}

/// ceil(a / b) for a >= 0, b > 0, without the overflow of (a + b - 1) / b.
constexpr std::int64_t ceil_div(std::int64_t a, std::int64_t b) noexcept { return a / b + (a % b != 0 ? 1 : 0); }

}  // namespace catvox::detail
