#pragma once

#include <array>
#include <catvox/core/error.hpp>
#include <catvox/geometry/stack_space.hpp>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>

namespace catvox::detail {

/// The shortest decimal form that reads back to the same double.
inline std::string number_text(double value) {
  std::array<char, 32> text{};
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() ? std::string(text.data(), end) : std::string("?");
}

/// \throws Error{invalid_metadata} if a component is not a number > 0
inline void require_positive(std::string_view name, const StackVector& v) {
  const std::array<double, 3> values{v.x, v.y, v.z};
  constexpr std::array<std::string_view, 3> axis_names{"x", "y", "z"};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const double value = values[axis];
    if (std::isfinite(value) && value > 0) continue;
    throw Error(Errc::invalid_metadata, "stack info: \"" + std::string(name) + '.' + std::string(axis_names[axis]) +
                                            "\" must be a number > 0, got " + number_text(value));
  }
}

}  // namespace catvox::detail
