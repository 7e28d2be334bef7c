#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string_view>

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

/// The source slice for each slice of a stack.
class BrokenSlices {
 public:
  BrokenSlices() = default;

  /// \param broken  full-resolution slice -> the server's value
  /// \param depth   slices in the stack at full resolution
  BrokenSlices(std::map<std::int64_t, std::int64_t> broken, std::int64_t depth, BrokenSlicePolicy policy);

  /// The full-resolution slice to read for full-resolution slice `z`; nullopt means fill.
  /// Never leaves the stack and never loops; if no slice qualifies the result is nullopt.
  [[nodiscard]] std::optional<std::int64_t> resolve(std::int64_t z) const;

  /// The slice of a level to read for slice `z` of that level, `factor` = the level's factor in z:
  /// resolved at full resolution (for the first full-resolution slice that `z` stands for), then floor(z' / factor).
  [[nodiscard]] std::optional<std::int64_t> resolve_level(std::int64_t z, double factor) const;

 private:
  std::map<std::int64_t, std::int64_t> broken_;
  std::int64_t depth_ = 0;
  BrokenSlicePolicy policy_ = BrokenSlicePolicy::nearest;
};

}  // namespace catvox
