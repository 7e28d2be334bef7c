#include "read/plan.hpp"

#include <catvox/geometry/broken_slices.hpp>
#include <map>
#include <random>
#include <set>
#include <tuple>
#include <vector>

#include "read/chunk_part.hpp"
#include "support/catch.hpp"

using namespace catvox;
using namespace catvox::detail;

namespace {

std::vector<AxisRun> all_of(const AxisRuns& runs) {
  std::vector<AxisRun> all;
  for (std::int64_t i = 0; i < runs.size(); ++i) all.push_back(runs[i]);
  return all;
}

// Every slice that a plan gives: destination -> (chunk, offset).
std::map<std::int64_t, std::pair<std::int64_t, std::int64_t>> slices_of(const ReadPlan& plan) {
  std::map<std::int64_t, std::pair<std::int64_t, std::int64_t>> slices;
  for (std::int64_t number = 0; number < plan.chunks(); ++number) {
    const PlanPart part = plan.part(number);
    if (part.moved != nullptr) {
      for (const auto& [offset, destination] : part.moved->slices) {
        REQUIRE(slices.try_emplace(destination, part.chunk()[0], offset).second);
      }
      continue;
    }
    for (std::int64_t k = 0; k < part.slices.count; ++k) {
      REQUIRE(
          slices.try_emplace(part.slices.first + k, part.chunk()[0], part.slices.offset + k * part.slices.step).second);
    }
  }
  return slices;
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
      {{5, 10, 3}, {{0, 5, 1, 0, 1}, {1, 5, 1, 1, 1}, {2, 5, 1, 2, 1}}},
      {{7, 1, 0}, {}},
  }));
  CAPTURE(selection.start, selection.step, selection.count);
  const AxisRuns runs(selection, 10);
  CHECK(all_of(runs) == expected);
}

TEST_CASE("runs hold every index once, and are found by their chunk", "[read]") {
  std::mt19937 random(5);
  for (int round = 0; round < 3000; ++round) {
    const auto extent = 1 + static_cast<std::int64_t>(random() % 12);
    const auto magnitude = 1 + static_cast<std::int64_t>(random() % 30);
    const auto count = 1 + static_cast<std::int64_t>(random() % 20);
    const auto low = static_cast<std::int64_t>(random() % 50);
    const bool up = random() % 2 == 0;
    const AxisSelection selection{up ? low : low + (count - 1) * magnitude, up ? magnitude : -magnitude, count};
    CAPTURE(extent, selection.start, selection.step, selection.count);
    const AxisRuns runs(selection, extent);
    std::int64_t k = 0;
    std::set<std::int64_t> chunks;
    for (std::int64_t i = 0; i < runs.size(); ++i) {
      const AxisRun run = runs[i];
      REQUIRE(run.first == k);
      REQUIRE(run.count > 0);
      for (std::int64_t j = 0; j < run.count; ++j, ++k) {
        const auto source = selection.start + k * selection.step;
        REQUIRE(run.chunk == source / extent);
        REQUIRE(run.offset + j * run.step == source % extent);
      }
      REQUIRE(chunks.insert(run.chunk).second);
      REQUIRE(runs.find(run.chunk) == i);
    }
    REQUIRE(k == selection.count);
    for (std::int64_t chunk = -1; chunk < 200; ++chunk) REQUIRE(runs.find(chunk).has_value() == chunks.contains(chunk));
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
  const ReadPlan plan({AxisSelection{2, 1, 6}, {0, 1, 1}, {0, 1, 1}}, {1, 8, 8}, 20, broken, 1);
  CHECK(plan.chunks() == 3);
  CHECK(slices_of(plan) ==
        decltype(slices_of(plan)){{0, {2, 0}}, {1, {3, 0}}, {2, {3, 0}}, {3, {3, 0}}, {4, {7, 0}}, {5, {7, 0}}});
  CHECK(plan.fill_slices().empty());
}

TEST_CASE("slices of a block are grouped by block, in the order of their offsets", "[read]") {
  const BrokenSlices broken({{4, 1}}, 20, BrokenSlicePolicy::next);
  const ReadPlan plan({AxisSelection{6, -1, 4}, {0, 1, 1}, {0, 1, 1}}, {5, 8, 8}, 20, broken, 1);
  // destinations 0..3 are slices 6, 5, 4 -> 5, 3
  REQUIRE(plan.chunks() == 2);
  REQUIRE(plan.find({1, 0, 0}) == 0);
  REQUIRE(plan.part(0).moved != nullptr);
  CHECK(*plan.part(0).moved == SliceGroup{1, {{0, 1}, {0, 2}, {1, 0}}});
  CHECK(slices_of(plan) == decltype(slices_of(plan)){{0, {1, 1}}, {1, {1, 0}}, {2, {1, 0}}, {3, {0, 3}}});
}

TEST_CASE("a stand-in outside the selection is a layer of its own", "[read]") {
  const BrokenSlices broken({{3, 1}, {4, 1}}, 20, BrokenSlicePolicy::next);  // 5 for both
  const ReadPlan plan({AxisSelection{2, 1, 3}, {0, 1, 9}, {0, 1, 17}}, {1, 8, 8}, 20, broken, 1);
  CHECK(plan.chunks() == 2 * 2 * 3);
  CHECK(plan.part(6).chunk() == Index3{5, 0, 0});
  CHECK(plan.find({5, 1, 2}) == 11);
  CHECK_FALSE(plan.find({3, 0, 0}));
  CHECK_FALSE(plan.find({2, 2, 0}));
}

TEST_CASE("slices that nothing stands for are fill", "[read]") {
  const BrokenSlices broken({{1, 1}, {2, 1}}, 4, BrokenSlicePolicy::fill);
  const ReadPlan plan({AxisSelection{0, 1, 4}, {0, 1, 1}, {0, 1, 1}}, {1, 8, 8}, 4, broken, 1);
  CHECK(plan.fill_slices() == std::vector<std::int64_t>{1, 2});
  CHECK(plan.chunks() == 2);
}

TEST_CASE("a source with fewer slices than the stack is fill beyond its end", "[read]") {
  // 2 is broken and 3 would stand in, but the volume ends at 3.
  const BrokenSlices broken({{2, 1}}, 4, BrokenSlicePolicy::next);
  const ReadPlan plan({AxisSelection{0, 1, 3}, {0, 1, 1}, {0, 1, 1}}, {1, 8, 8}, 3, broken, 1);
  CHECK(plan.fill_slices() == std::vector<std::int64_t>{2});
}

TEST_CASE("any selection of any broken slices is what resolving each slice gives", "[read]") {
  std::mt19937 random(11);
  using Policy = BrokenSlicePolicy;
  constexpr Policy policies[] = {Policy::nearest, Policy::follow, Policy::fill, Policy::previous, Policy::next};
  for (int round = 0; round < 3000; ++round) {
    const double factor = std::vector<double>{1, 2, 2.5, 4, 0.5}[random() % 5];
    const auto stack_depth = 1 + static_cast<std::int64_t>(random() % 60);
    const auto depth = std::max<std::int64_t>(1, static_cast<std::int64_t>(static_cast<double>(stack_depth) / factor) -
                                                     static_cast<std::int64_t>(random() % 3));
    std::map<std::int64_t, std::int64_t> entries;
    for (auto left = random() % 12; left > 0; --left) {
      entries.emplace(static_cast<std::int64_t>(random() % static_cast<unsigned>(stack_depth)),
                      static_cast<std::int64_t>(random() % 5) - 2);
    }
    const double offset = std::vector<double>{0, 0, 3, -5}[random() % 4];
    const BrokenSlices broken(entries, stack_depth, policies[random() % std::size(policies)], offset);
    const auto step = static_cast<std::int64_t>(random() % 4) + 1;
    const auto count = 1 + static_cast<std::int64_t>(random() % static_cast<unsigned>((depth - 1) / step + 1));
    const auto low = static_cast<std::int64_t>(random() % static_cast<unsigned>(depth - (count - 1) * step));
    const bool up = random() % 2 == 0;
    const AxisSelection slices{up ? low : low + (count - 1) * step, up ? step : -step, count};
    const auto extent = 1 + static_cast<std::int64_t>(random() % 7);
    CAPTURE(round, factor, stack_depth, depth, extent, slices.start, slices.step, slices.count);

    const ReadPlan plan({slices, {0, 1, 1}, {0, 1, 1}}, {extent, 8, 8}, depth, broken, factor);
    decltype(slices_of(plan)) wanted;
    std::vector<std::int64_t> fill;
    std::set<std::int64_t> chunks;
    for (std::int64_t i = 0; i < count; ++i) {
      const auto source = broken.resolve_level(slices.start + i * slices.step, factor);
      if (source && *source >= 0 && *source < depth) {
        wanted[i] = {*source / extent, *source % extent};
        chunks.insert(*source / extent);
      } else {
        fill.push_back(i);
      }
    }
    REQUIRE(slices_of(plan) == wanted);
    REQUIRE(plan.fill_slices() == fill);
    REQUIRE(plan.chunks() == static_cast<std::int64_t>(chunks.size()));
    for (std::int64_t number = 0; number < plan.chunks(); ++number) {
      REQUIRE(plan.find(plan.part(number).chunk()) == number);
    }
    for (std::int64_t chunk = 0; chunk < 70; ++chunk) {
      REQUIRE(plan.find({chunk, 0, 0}).has_value() == chunks.contains(chunk));
    }
  }
}

TEST_CASE("a plan of a huge box takes no memory for its chunks", "[read]") {
  constexpr std::int64_t across = std::int64_t{1} << 53;
  const BrokenSlices broken({{7, 1}}, 20, BrokenSlicePolicy::nearest);
  const ReadPlan plan({AxisSelection{0, 1, 20}, {0, 1, 3}, {0, 1, across}}, {1, 1, 1}, 20, broken, 1);
  CHECK(plan.chunks() == 19 * 3 * across);
  CHECK(plan.part(plan.chunks() - 1).chunk() == Index3{19, 2, across - 1});
  CHECK(plan.find({19, 2, across - 1}) == plan.chunks() - 1);
  const ReadPlan deep({AxisSelection{across - 1, -1, across}, {0, 1, 1}, {0, 1, 1}}, {1, 8, 8}, across, broken, 1);
  CHECK(deep.chunks() == across - 1);  // 6 stands in for 7
}
