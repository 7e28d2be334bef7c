#include "bytes/merge_ranges.hpp"

#include <algorithm>

namespace catvox::detail {

std::vector<MergedRun> merge_ranges(std::span<const ByteRange> ranges, const MergeRules& rules) {
  std::vector<MergedRun> runs;
  std::uint64_t begin = 0, end = 0;  // of the last run
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    const ByteRange& range = ranges[i];
    const std::uint64_t new_end = std::max(end, range.begin + range.size);
    const bool near = range.begin <= end || range.begin - end <= rules.largest_gap;
    if (!runs.empty() && near && new_end - begin <= rules.largest) {
      ++runs.back().count;
      end = new_end;
    } else {
      runs.push_back({i, 1});
      begin = range.begin;
      end = range.begin + range.size;
    }
  }
  return runs;
}

}  // namespace catvox::detail
