#pragma once

#include <algorithm>
#include <catvox/geometry/broken_slice_policy.hpp>
#include <catvox/geometry/detail/rounding.hpp>
#include <cmath>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace catvox {

/// The source slice for each slice of a stack. Memory and construction time follow the number of broken slices, not the
/// depth; a lookup is one search among the broken ones.
class BrokenSlices {
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

namespace catvox::detail {

/// Broken slice -> the server's value, and -> the slice that stands in for it.
using BrokenValues = std::map<std::int64_t, std::int64_t>;
using SliceSources = std::map<std::int64_t, std::optional<std::int64_t>>;

/// The stand-in for a slice between two unbroken ones, of which either may be missing.
inline std::optional<std::int64_t> choose_stand_in(std::int64_t slice, std::optional<std::int64_t> below,
                                                   std::optional<std::int64_t> above, BrokenSlicePolicy policy) {
  if (!below || !above) return below ? below : above;
  if (policy == BrokenSlicePolicy::previous) return below;
  if (policy == BrokenSlicePolicy::next) return above;
  return slice - *below <= *above - slice ? below : above;
}

/// For nearest, previous and next: neighbouring broken slices share the unbroken slices below and above them.
inline SliceSources resolve_runs(const BrokenValues& broken, std::int64_t depth, BrokenSlicePolicy policy) {
  SliceSources sources;
  for (auto first = broken.begin(); first != broken.end();) {
    auto end = first;
    std::int64_t next = first->first;  // the slice after the run
    for (; end != broken.end() && end->first == next; ++end) ++next;
    const auto below = first->first > 0 ? std::optional(first->first - 1) : std::nullopt;
    const auto above = next < depth ? std::optional(next) : std::nullopt;
    for (; first != end; ++first) sources[first->first] = choose_stand_in(first->first, below, above, policy);
  }
  return sources;
}

/// slice + offset, nullopt if that is outside the stack.
inline std::optional<std::int64_t> slice_after(std::int64_t slice, std::int64_t offset, std::int64_t depth) {
  if (offset < -slice || offset >= depth - slice) return std::nullopt;
  return slice + offset;
}

/// For follow. Each slice is stepped on once: a chain that meets one walked before ends as that did.
inline SliceSources resolve_chains(const BrokenValues& broken, std::int64_t depth) {
  SliceSources sources;
  for (const auto& start : broken) {
    std::vector<std::int64_t> chain;
    std::optional<std::int64_t> slice = start.first;
    while (slice && broken.contains(*slice) && sources.try_emplace(*slice).second) {
      chain.push_back(*slice);
      slice = slice_after(*slice, broken.at(*slice), depth);
    }
    // A slice of an earlier chain has its source by now; one of this chain, which then loops, has none.
    if (slice && sources.contains(*slice)) slice = sources.at(*slice);
    for (const std::int64_t z : chain) sources[z] = slice;
  }
  return sources;
}

}  // namespace catvox::detail

namespace catvox {

inline BrokenSlices::BrokenSlices(const std::map<std::int64_t, std::int64_t>& broken, std::int64_t depth,
                                  BrokenSlicePolicy policy, double offset)
    : offset_(std::round(offset)) {
  detail::BrokenValues inside;
  for (const auto& [slice, value] : broken) {
    if (slice >= 0 && slice < depth) inside.emplace_hint(inside.end(), slice, value);
  }
  switch (policy) {
    case BrokenSlicePolicy::none:
      break;
    case BrokenSlicePolicy::fill:
      for (const auto& entry : inside) sources_[entry.first] = std::nullopt;
      break;
    case BrokenSlicePolicy::follow:
      sources_ = detail::resolve_chains(inside, depth);
      break;
    case BrokenSlicePolicy::nearest:
    case BrokenSlicePolicy::previous:
    case BrokenSlicePolicy::next:
      sources_ = detail::resolve_runs(inside, depth, policy);
      break;
  }
}

inline std::optional<std::int64_t> BrokenSlices::resolve(std::int64_t z) const {
  const auto broken = sources_.find(z);
  return broken == sources_.end() ? z : broken->second;
}

inline std::optional<std::int64_t> BrokenSlices::resolve_level(std::int64_t z, double factor) const {
  const double first = std::ceil(detail::snap_product(static_cast<double>(z) * factor));
  const auto broken = sources_.find(detail::clamped_index(first + offset_));
  if (broken == sources_.end()) return z;
  if (!broken->second) return std::nullopt;
  const double own = static_cast<double>(*broken->second) - offset_;
  return detail::clamped_index(std::floor(detail::snap_product(own / factor)));
}

inline std::vector<std::int64_t> BrokenSlices::suspects_in_level(std::int64_t low, std::int64_t high,
                                                                 double factor) const {
  std::vector<std::int64_t> suspects;
  // Full-resolution slices of the stack around a level's slice, and back: more than one on each side, because both
  // products are rounded.
  const auto stack_slice = [&](std::int64_t z) { return static_cast<double>(z) * factor + offset_; };
  const auto begin = sources_.lower_bound(detail::clamped_index(stack_slice(low) - 2));
  const auto end = sources_.upper_bound(detail::clamped_index(stack_slice(high) + 3));
  for (auto it = begin; it != end; ++it) {
    const double own = static_cast<double>(it->first) - offset_;
    const auto last = std::min(high, detail::clamped_index((own + 1) / factor) + 2);
    std::int64_t z = std::max(low, detail::clamped_index((own - 1) / factor) - 2);
    if (!suspects.empty()) z = std::max(z, suspects.back() + 1);
    for (; z <= last; ++z) suspects.push_back(z);
  }
  return suspects;
}

}  // namespace catvox
