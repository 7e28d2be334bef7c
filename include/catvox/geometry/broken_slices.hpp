#pragma once

#include <catvox/core/export.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

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

/// The source slice for each slice of a stack. Memory and construction time follow the number of broken slices, not the
/// depth; a lookup is one search among the broken ones.
class CATVOX_EXPORT BrokenSlices {
 public:
  /// No slice is broken.
  BrokenSlices() = default;

  /// \param broken  full-resolution slice of the stack -> the server's value; slices outside the stack are ignored
  /// \param depth   slices in the stack at full resolution
  /// \param offset  the stack slice that a mirror's first slice is (metadata's voxelOffset), rounded
  BrokenSlices(const std::map<std::int64_t, std::int64_t>& broken, std::int64_t depth, BrokenSlicePolicy policy,
               double offset = 0);

  /// The full-resolution slice of the stack to read for slice `z` of the stack; nullopt means fill.
  ///
  /// An unbroken slice is its own source. That of a broken one is unbroken and in the stack (except under
  /// BrokenSlicePolicy::none); there is none if every slice is broken, or if `follow` loops or leaves the stack.
  [[nodiscard]] std::optional<std::int64_t> resolve(std::int64_t z) const;

  /// The slice of a mirror's level to read for slice `z` of that level, `factor` = the level's factor in z, > 0.
  ///
  /// Resolved at full resolution and in the stack's own numbers, as CATMAID does, for the first slice
  /// z' = ceil(z * factor) + offset that `z` stands for: `z` itself if z' is unbroken or lies beyond the stack,
  /// otherwise floor((resolve(z') - offset) / factor), which is negative where the mirror has no such slice.
  [[nodiscard]] std::optional<std::int64_t> resolve_level(std::int64_t z, double factor) const;

  /// The slices of a mirror's level in [low, high] that resolve_level() may send elsewhere, ascending; those that are
  /// left out it does not. As many as are broken, however large the level is.
  [[nodiscard]] std::vector<std::int64_t> suspects_in_level(std::int64_t low, std::int64_t high, double factor) const;

 private:
  double offset_ = 0;  // whole
  // Only broken slices; fixed at construction, so that a chain of offsets is walked once and not per lookup.
  std::map<std::int64_t, std::optional<std::int64_t>> sources_;
};

}  // namespace catvox
