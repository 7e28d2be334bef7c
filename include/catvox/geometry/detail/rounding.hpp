#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

namespace catvox::detail {

/// `value`, or the whole number next to it if that is no farther than `tolerance`.
inline double snap(double value, double tolerance) noexcept {
  const double whole = std::round(value);
  return std::abs(value - whole) <= tolerance ? whole : value;
}

/// For a product or quotient of a whole number and a factor. A factor such as 1.1 is not exact in binary, so 33 / 1.1
/// comes out as 29.999999999999996. The factor's representation and the operation are each off by half an ulp at most;
/// twice that leaves room, and is far below the 1 / denominator by which a factor that people write misses a whole
/// number.
inline double snap_product(double value) noexcept {
  return snap(value, 2 * std::numeric_limits<double>::epsilon() * std::abs(value));
}

/// Of a whole `value` of any magnitude, infinities included: as an index, held within +-2^60 so that the difference of
/// two of them, or one more than the largest, still fits 64 bits.
inline std::int64_t clamped_index(double value) noexcept {
  return static_cast<std::int64_t>(std::clamp(value, -0x1p60, 0x1p60));
}

}  // namespace catvox::detail
