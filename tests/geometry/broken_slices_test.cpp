#include <catvox/geometry/broken_slices.hpp>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <ostream>
#include <random>
#include <set>
#include <vector>

#include "support/catch.hpp"

using namespace catvox;

namespace {

using Policy = BrokenSlicePolicy;
using Source = std::optional<std::int64_t>;
using Broken = std::map<std::int64_t, std::int64_t>;

constexpr Source fill = std::nullopt;
constexpr auto huge = std::numeric_limits<std::int64_t>::max();

/// The sources of slices 0 .. depth - 1.
std::vector<Source> all(const Broken& broken, std::int64_t depth, Policy policy) {
  const BrokenSlices slices(broken, depth, policy);
  std::vector<Source> sources;
  for (std::int64_t z = 0; z < depth; ++z) sources.push_back(slices.resolve(z));
  return sources;
}

/// The loop of projectToUnclampedStackZ() in CATMAID's stack.js, as one reads it: two cursors walk away from the slice,
/// each held at the stack's end, until one of them is on an unbroken slice; the lower one is asked first.
Source viewer_rule(const Broken& broken, std::int64_t depth, std::int64_t z) {
  std::int64_t lower = z, upper = z;
  for (std::int64_t steps = 0; broken.contains(lower) && broken.contains(upper); ++steps) {
    if (steps > depth) return fill;  // the viewer would hang: every slice is broken
    lower = std::max<std::int64_t>(0, lower - 1);
    upper = std::min(depth - 1, upper + 1);
  }
  return broken.contains(lower) ? upper : lower;
}

/// Add the server's value while the slice is broken; filled if that comes back or leads out of the stack.
Source follow_rule(const Broken& broken, std::int64_t depth, std::int64_t z) {
  std::set<std::int64_t> seen;
  while (broken.contains(z)) {
    if (!seen.insert(z).second) return fill;
    z += broken.at(z);
    if (z < 0 || z >= depth) return fill;
  }
  return z;
}

/// One direction first, then the other.
Source directed_rule(const Broken& broken, std::int64_t depth, std::int64_t z, int direction) {
  for (const int step : {direction, -direction}) {
    for (std::int64_t candidate = z; candidate >= 0 && candidate < depth; candidate += step) {
      if (!broken.contains(candidate)) return candidate;
    }
  }
  return fill;
}

Source rule(const Broken& broken, std::int64_t depth, std::int64_t z, Policy policy) {
  if (!broken.contains(z)) return z;
  switch (policy) {
    case Policy::nearest:
      return viewer_rule(broken, depth, z);
    case Policy::follow:
      return follow_rule(broken, depth, z);
    case Policy::fill:
      return fill;
    case Policy::previous:
      return directed_rule(broken, depth, z, -1);
    case Policy::next:
      return directed_rule(broken, depth, z, +1);
    case Policy::none:
      return z;
  }
  return fill;
}

}  // namespace

TEST_CASE("each policy resolves the worked cases", "[geometry]") {
  // The first two rows are the documented ones: the viewer sends 4 -> 3, 5 -> 3 (tie), 6 -> 7; pymaid 4, 5 -> 6.
  auto [policy, broken, expected] = GENERATE(table<Policy, Broken, std::vector<Source>>({
      {Policy::nearest, {{4, 1}, {5, 1}, {6, 1}}, {0, 1, 2, 3, 3, 3, 7, 7, 8}},
      {Policy::follow, {{4, 1}, {5, 1}}, {0, 1, 2, 3, 6, 6, 6, 7, 8}},
      {Policy::nearest, {{0, 1}, {1, 1}}, {2, 2, 2, 3, 4}},
      {Policy::nearest, {{3, 1}, {4, 1}}, {0, 1, 2, 2, 2}},
      {Policy::nearest, {{0, 1}, {1, 1}, {2, 1}}, {fill, fill, fill}},
      {Policy::nearest, {{1, 1}, {3, 1}}, {0, 0, 2, 2, 4}},
      {Policy::follow, {{1, 2}, {3, -1}}, {0, 2, 2, 2, 4}},
      {Policy::follow, {{1, 0}}, {0, fill, 2}},                                // stands on itself
      {Policy::follow, {{1, 1}, {2, -1}, {3, -1}}, {0, fill, fill, fill, 4}},  // 3 leads into the loop of 1 and 2
      {Policy::follow, {{0, -1}, {2, 1}}, {fill, 1, fill}},                    // below and above the stack
      {Policy::follow, {{1, huge}, {2, -huge}}, {0, fill, fill}},
      {Policy::follow, {{1, 5}, {2, -1}}, {0, fill, fill}},  // 2 leads to 1, which leaves
      {Policy::fill, {{1, 1}}, {0, fill, 2}},
      {Policy::previous, {{0, 1}, {2, 1}, {3, 1}, {4, 1}}, {1, 1, 1, 1, 1}},
      {Policy::next, {{0, 1}, {2, 1}, {3, 1}, {4, 1}}, {1, 1, 1, 1, 1}},
      {Policy::previous, {{2, 1}, {3, 1}}, {0, 1, 1, 1, 4}},
      {Policy::next, {{2, 1}, {3, 1}}, {0, 1, 4, 4, 4}},
      {Policy::previous, {{0, 1}}, {fill}},
      {Policy::next, {{0, 1}}, {fill}},
      {Policy::none, {{1, 1}}, {0, 1, 2}},
      {Policy::nearest, {{-1, 1}, {3, 1}, {huge, 1}, {-huge, 1}}, {0, 1, 2}},  // outside the stack: as if not there
  }));
  CAPTURE(static_cast<int>(policy), broken);
  CHECK(all(broken, static_cast<std::int64_t>(expected.size()), policy) == expected);
}

TEST_CASE("every policy agrees with its rule applied literally", "[geometry]") {
  const auto policy =
      GENERATE(Policy::nearest, Policy::follow, Policy::fill, Policy::previous, Policy::next, Policy::none);
  std::mt19937 random(20220601);
  for (int round = 0; round < 400; ++round) {
    const std::int64_t depth = std::uniform_int_distribution<std::int64_t>(1, 24)(random);
    const double share = std::uniform_real_distribution<>(0, 1.2)(random);
    Broken broken;
    for (std::int64_t z = 0; z < depth; ++z) {
      if (std::uniform_real_distribution<>(0, 1)(random) < share) {
        broken[z] = std::uniform_int_distribution<std::int64_t>(-3, 3)(random);
      }
    }
    const BrokenSlices slices(broken, depth, policy);
    for (std::int64_t z = 0; z < depth; ++z) {
      CAPTURE(static_cast<int>(policy), depth, broken, z);
      const Source source = slices.resolve(z);
      REQUIRE(source == rule(broken, depth, z, policy));
      if (source && policy != Policy::none) REQUIRE_FALSE(broken.contains(*source));
    }
  }
}

TEST_CASE("a slice that is not broken is its own source", "[geometry]") {
  const BrokenSlices none;
  CHECK(none.resolve(0) == 0);
  CHECK(none.resolve(huge) == huge);
  CHECK(none.resolve_level(41, 2.5) == 41);
  // a volume may be deeper than its stack says
  const BrokenSlices some({{4, 1}}, 5, Policy::nearest);
  CHECK(some.resolve(5) == 5);
  CHECK(some.resolve(-1) == -1);
  const BrokenSlices outside({{-1, 1}, {5, 1}}, 5, Policy::fill);
  CHECK(outside.resolve(5) == 5);
  CHECK(outside.resolve(-1) == -1);
}

TEST_CASE("a slice of a level resolves at full resolution first", "[geometry]") {
  // {depth, broken, policy, factor} -> source of each slice of the level
  auto [broken, policy, factor, expected] = GENERATE(table<Broken, Policy, double, std::vector<Source>>({
      // level slice z stands for 2z, 2z + 1; 4 -> 3 at full resolution, which lies in level slice 1
      {{{4, 1}}, Policy::nearest, 2.0, {0, 1, 1, 3, 4}},
      // 5 is broken, but level slice 2 starts at 4, which is not
      {{{5, 1}}, Policy::nearest, 2.0, {0, 1, 2, 3, 4}},
      // {4, 5} broken: the stand-in of 4 is 3; by `next` 6, level slice 3
      {{{4, 1}, {5, 1}}, Policy::nearest, 2.0, {0, 1, 1, 3, 4}},
      {{{4, 1}, {5, 1}}, Policy::next, 2.0, {0, 1, 3, 3, 4}},
      {{{4, 1}}, Policy::follow, 2.0, {0, 1, 2, 3, 4}},  // 4 -> 5, the same level slice
      {{{4, 1}}, Policy::fill, 2.0, {0, 1, fill, 3, 4}},
      {{{4, 1}}, Policy::none, 2.0, {0, 1, 2, 3, 4}},
      // factor 2.5: level slices start at 0, ceil(2.5) = 3, 5, ceil(7.5) = 8
      {{{3, 1}}, Policy::nearest, 2.5, {0, 0, 2, 3}},
      {{{8, 1}}, Policy::nearest, 2.5, {0, 1, 2, 2}},
      // factor 1.5 over 10 slices: ceil(10 / 1.5) = 7 level slices; 6 starts at 9. 9 -> 8 -> floor(8 / 1.5) = 5
      {{{9, 1}}, Policy::nearest, 1.5, {0, 1, 2, 3, 4, 5, 5}},
  }));
  CAPTURE(broken, static_cast<int>(policy), factor);
  const BrokenSlices slices(broken, 10, policy);
  std::vector<Source> sources;
  for (std::size_t z = 0; z < expected.size(); ++z)
    sources.push_back(slices.resolve_level(static_cast<std::int64_t>(z), factor));
  CHECK(sources == expected);
}

TEST_CASE("a level slice that starts beyond the last full-resolution slice is its own source", "[geometry]") {
  // ceil(5 / 1.5) = 4 level slices, but the last starts at ceil(3 * 1.5) = 5, past 0 .. 4
  const BrokenSlices slices({{0, 1}, {1, 1}, {2, 1}, {3, 1}, {4, 1}}, 5, Policy::nearest);
  CHECK(slices.resolve_level(2, 1.5) == fill);
  CHECK(slices.resolve_level(3, 1.5) == 3);
  CHECK(slices.resolve_level(huge, 1e300) == huge);
}

TEST_CASE("broken slices are searched in the stack's own numbers, also where a mirror starts later", "[geometry]") {
  // voxelOffset +3, depth 20, slices 18 and 19 broken: the mirror's slice 16 is stack slice 19, which is shown as 17.
  const BrokenSlices late({{18, 1}, {19, 1}}, 20, Policy::nearest, 3);
  CHECK(late.resolve_level(14, 1) == 14);
  CHECK(late.resolve_level(15, 1) == 14);
  CHECK(late.resolve_level(16, 1) == 14);
  CHECK(late.resolve_level(17, 1) == 17);  // beyond the stack
  CHECK(late.resolve_level(8, 2) == 7);    // of two each, 8 starts at 16
  // Of a broken first slice the stack shows one that the mirror does not have.
  CHECK(BrokenSlices({{3, 1}}, 20, Policy::nearest, 3).resolve_level(0, 1) == -1);
  // The mirror's first slices come before the stack's.
  const BrokenSlices early({{0, 1}}, 20, Policy::nearest, -2);
  CHECK(early.resolve_level(0, 1) == 0);
  CHECK(early.resolve_level(2, 1) == 3);
}

TEST_CASE("an absurd voxelOffset shifts nothing beyond what an index holds", "[geometry]") {
  for (const double offset : {1e300, -1e300}) {
    const BrokenSlices slices({{0, 1}, {5, 1}}, 20, Policy::nearest, offset);
    CHECK(slices.resolve_level(5, 1) == 5);
    CHECK(slices.resolve_level(huge, 1) == huge);
  }
}

TEST_CASE("factors that are not exact in binary do not shift a level's slices", "[geometry]") {
  // 33 / 1.1 is 30, but in doubles 29.999999999999996; likewise other tenths
  for (const int tenths : {11, 12, 13, 17, 19, 21, 23, 27, 33}) {
    for (std::int64_t z = 10; z < 50000; z += 10) {
      const std::int64_t full = z / 10 * tenths;  // exactly z * factor
      CAPTURE(tenths, z, full);
      REQUIRE(BrokenSlices({{full, 1}}, full + 1, Policy::fill).resolve_level(z, tenths / 10.0) == fill);
      REQUIRE(BrokenSlices({{full - tenths, tenths}}, full + 1, Policy::follow).resolve_level(z - 10, tenths / 10.0) ==
              z);
    }
  }
}

TEST_CASE("thousands of broken slices and absurd depths cost next to nothing", "[geometry]") {
  const auto policy = GENERATE(Policy::nearest, Policy::follow, Policy::previous, Policy::next);
  const auto start = std::chrono::steady_clock::now();
  // every chain of `follow` is as long as it can be
  Broken broken;
  for (std::int64_t z = 1; z <= 200'000; ++z) broken[z] = 1;
  const BrokenSlices slices(broken, std::int64_t{1} << 50, policy);
  const std::int64_t above = 200'001;
  std::int64_t sum = 0;
  for (std::int64_t z = 1; z <= 200'000; ++z) sum += slices.resolve(z).value();
  switch (policy) {
    case Policy::previous:
      CHECK(sum == 0);
      break;
    case Policy::nearest:
      CHECK(sum == 100'000 * above);
      break;
    default:
      CHECK(sum == 200'000 * above);
      break;
  }
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(20));  // walking each chain anew takes hours
}
