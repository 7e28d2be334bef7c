#include "read/plan.hpp"

#include <catvox/geometry/broken_slices.hpp>
#include <vector>

#include "support/catch.hpp"

using namespace catvox;
using namespace catvox::detail;

namespace {

ReadPlan plan_columns(const AxisSelection& columns, std::int64_t chunk) {
  return plan_read({AxisSelection{0, 1, 1}, {0, 1, 1}, columns}, {1, 1, chunk}, 1, BrokenSlices(), 1);
}

}  // namespace

TEST_CASE("an axis is split at chunk borders", "[read]") {
  // chunk, offset in the chunk, step, first destination, count: worked by hand for chunks of 10
  const auto [selection, expected] = GENERATE(table<AxisSelection, std::vector<AxisRun>>({
      {{0, 1, 10}, {{0, 0, 1, 0, 10}}},
      {{0, 1, 9}, {{0, 0, 1, 0, 9}}},
      {{0, 1, 11}, {{0, 0, 1, 0, 10}, {1, 0, 1, 10, 1}}},
      {{9, 1, 2}, {{0, 9, 1, 0, 1}, {1, 0, 1, 1, 1}}},
      {{10, 1, 10}, {{1, 0, 1, 0, 10}}},
      {{29, -1, 30}, {{2, 9, -1, 0, 10}, {1, 9, -1, 10, 10}, {0, 9, -1, 20, 10}}},
      {{10, -1, 2}, {{1, 0, 1, 0, 1}, {0, 9, 1, 1, 1}}},  // a run of one voxel has no direction
      {{3, 4, 5}, {{0, 3, 4, 0, 2}, {1, 1, 4, 2, 3}}},    // 3 7 | 11 15 19
      {{5, 25, 3}, {{0, 5, 1, 0, 1}, {3, 0, 1, 1, 1}, {5, 5, 1, 2, 1}}},
      {{4, -4, 2}, {{0, 4, -4, 0, 2}}},
      {{7, 1, 0}, {}},
  }));
  CAPTURE(selection.start, selection.step, selection.count);
  const auto plan = plan_columns(selection, 10);
  REQUIRE(plan.columns.size() == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    CAPTURE(i);
    CHECK(plan.columns[i] == expected[i]);
  }
}

TEST_CASE("lowest and highest bound a run in either direction", "[read]") {
  CHECK(AxisRun{0, 3, 4, 0, 2}.lowest() == 3);
  CHECK(AxisRun{0, 3, 4, 0, 2}.highest() == 7);
  CHECK(AxisRun{0, 9, -3, 0, 4}.lowest() == 0);
  CHECK(AxisRun{0, 9, -3, 0, 4}.highest() == 9);
}

TEST_CASE("slices that resolve to one tile share it", "[read]") {
  // Broken 4, 5 and 6: the viewer shows 3 for 4 and 5, and 7 for 6.
  const BrokenSlices broken({{4, 1}, {5, 1}, {6, 1}}, 20, BrokenSlicePolicy::nearest);
  const auto plan = plan_read({AxisSelection{2, 1, 6}, {0, 1, 1}, {0, 1, 1}}, {1, 8, 8}, 20, broken, 1);
  REQUIRE(plan.layers.size() == 3);
  CHECK(plan.layers[0] == SliceGroup{2, {{0, 0}}});
  CHECK(plan.layers[1] == SliceGroup{3, {{0, 1}, {0, 2}, {0, 3}}});
  CHECK(plan.layers[2] == SliceGroup{7, {{0, 4}, {0, 5}}});
  CHECK(plan.fill_slices.empty());
  CHECK(plan.chunks() == 3);
}

TEST_CASE("slices of a block are grouped by block, in the order of their offsets", "[read]") {
  const BrokenSlices broken({{4, 1}}, 20, BrokenSlicePolicy::next);
  const auto plan = plan_read({AxisSelection{6, -1, 4}, {0, 1, 1}, {0, 1, 1}}, {5, 8, 8}, 20, broken, 1);
  // destinations 0..3 are slices 6, 5, 4 -> 5, 3
  REQUIRE(plan.layers.size() == 2);
  CHECK(plan.layers[0] == SliceGroup{0, {{3, 3}}});
  CHECK(plan.layers[1] == SliceGroup{1, {{0, 1}, {0, 2}, {1, 0}}});
}

TEST_CASE("slices that nothing stands for are fill", "[read]") {
  const BrokenSlices broken({{1, 1}, {2, 1}}, 4, BrokenSlicePolicy::fill);
  const auto plan = plan_read({AxisSelection{0, 1, 4}, {0, 1, 1}, {0, 1, 1}}, {1, 8, 8}, 4, broken, 1);
  CHECK(plan.fill_slices == std::vector<std::int64_t>{1, 2});
  CHECK(plan.layers.size() == 2);
}

TEST_CASE("a source with fewer slices than the stack is fill beyond its end", "[read]") {
  // 2 is broken and 3 would stand in, but the volume ends at 3.
  const BrokenSlices broken({{2, 1}}, 4, BrokenSlicePolicy::next);
  const auto plan = plan_read({AxisSelection{0, 1, 3}, {0, 1, 1}, {0, 1, 1}}, {1, 8, 8}, 3, broken, 1);
  CHECK(plan.fill_slices == std::vector<std::int64_t>{2});
}

TEST_CASE("a plan of a huge box is small", "[read]") {
  // FAFB: 253952 x 155648 x 7063 in tiles of 1024 x 1024
  const auto plan =
      plan_read({AxisSelection{0, 1, 7063}, {0, 1, 155648}, {0, 1, 253952}}, {1, 1024, 1024}, 7063, BrokenSlices(), 1);
  CHECK(plan.rows.size() == 152);
  CHECK(plan.columns.size() == 248);
  CHECK(plan.chunks() == 7063LL * 152 * 248);
}
