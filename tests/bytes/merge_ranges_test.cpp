#include "bytes/merge_ranges.hpp"

#include <catvox/core/byte_range.hpp>
#include <cstdint>
#include <ostream>
#include <vector>

#include "support/catch.hpp"

using namespace catvox;
using detail::merge_ranges;
using detail::MergedRun;

namespace catvox::detail {
std::ostream& operator<<(std::ostream& out, const MergedRun& run) { return out << run.first << "+" << run.count; }
}  // namespace catvox::detail

TEST_CASE("ranges become one where they lie together, up to a size", "[merge_ranges]") {
  using Ranges = std::vector<ByteRange>;
  using Runs = std::vector<MergedRun>;
  const auto [ranges, expected] = GENERATE(table<Ranges, Runs>({
      {{}, {}},
      {{{5, 1}}, {{0, 1}}},
      {{{0, 40}, {40, 60}}, {{0, 2}}},                    // 100 bytes: the largest that is allowed
      {{{0, 40}, {40, 61}}, {{0, 1}, {1, 1}}},            // 101
      {{{0, 10}, {20, 10}, {41, 10}}, {{0, 2}, {2, 1}}},  // a gap of 10, and one of 11
      {{{0, 60}, {60, 30}, {90, 30}, {120, 5}}, {{0, 2}, {2, 2}}},
      {{{0, 200}, {200, 5}, {205, 5}}, {{0, 1}, {1, 2}}},  // what is too large stays alone
      {{{0, 30}, {10, 5}, {10, 50}, {60, 1}}, {{0, 4}}},   // one inside, one across the other's end
      {{{7, 3}, {7, 3}}, {{0, 2}}},                        // the same twice
      {{{0, 20}, {~0ULL - 20, 10}, {~0ULL - 10, 10}}, {{0, 1}, {1, 2}}},
  }));
  CHECK(merge_ranges(ranges, {.largest = 100, .largest_gap = 10}) == expected);
}
