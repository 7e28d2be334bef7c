#pragma once

#include <array>
#include <cstdint>

namespace catvox {

/// The indices start, start + step, …, `count` of them. step may be negative, not 0.
struct AxisSelection {
  std::int64_t start = 0;  ///< the first index
  std::int64_t step = 1;   ///< from one index to the next
  std::int64_t count = 0;  ///< how many there are, >= 0
  friend bool operator==(const AxisSelection&, const AxisSelection&) = default;
};

/// One AxisSelection per array axis, zyx.
using Selection3 = std::array<AxisSelection, 3>;

/// Some channels, and where they go: channel `which.start + k * which.step` goes k * stride bytes behind the first.
struct ChannelSelection {
  AxisSelection which{0, 1, 1};  ///< inside of the channels that there are
  std::int64_t stride = 0;       ///< bytes of the output from one channel to the next
};

}  // namespace catvox
