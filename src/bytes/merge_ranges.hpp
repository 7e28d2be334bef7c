#pragma once

#include <catvox/core/byte_range.hpp>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace catvox::detail {

/// Which ranges of a file are asked for as one.
struct MergeRules {
  std::uint64_t largest = std::uint64_t{1} << 20;       ///< bytes of what is asked for as one; larger ones stay alone
  std::uint64_t largest_gap = std::uint64_t{64} << 10;  ///< bytes between two that nobody wants
};

/// Consecutive elements of a list.
struct MergedRun {
  std::size_t first = 0, count = 0;
  friend bool operator==(const MergedRun&, const MergedRun&) = default;
};

/// \param ranges  in ascending order of their begin; may overlap. None ends beyond 2^64 - 1
/// \returns       every range in one run, in order
std::vector<MergedRun> merge_ranges(std::span<const ByteRange> ranges, const MergeRules& rules);

}  // namespace catvox::detail
