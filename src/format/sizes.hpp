#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace catvox::detail {

/// "64 x 64 x 32"
inline std::string sizes_text(std::span<const std::int64_t> sizes) {
  std::string text;
  for (const std::int64_t size : sizes) text += (text.empty() ? "" : " x ") + std::to_string(size);
  return text;
}

/// Product of `factor` and the sizes, all > 0; nullopt if it exceeds `largest`.
inline std::optional<std::int64_t> bounded_product(std::int64_t factor, std::span<const std::int64_t> sizes,
                                                   std::int64_t largest) noexcept {
  std::int64_t product = factor;
  for (const std::int64_t size : sizes) {
    if (size > largest / product) return std::nullopt;
    product *= size;
  }
  return product;
}

}  // namespace catvox::detail
