#pragma once

#include <cstdint>

namespace catvox {

/// What stands in for a broken slice.
enum class BrokenSlicePolicy : std::uint8_t {
  nearest,   ///< the nearest unbroken slice, the lower on a tie, as CATMAID's viewer (default)
  follow,    ///< slice + value, again while that is broken, as pymaid reads the server's values
  fill,      ///< the fill value
  previous,  ///< the nearest unbroken slice below; above if there is none below
  next,      ///< the nearest unbroken slice above; below if there is none above
  none,      ///< the broken slice itself is requested
};

}  // namespace catvox
