#include "read/morton_order.hpp"

#include <algorithm>
#include <array>
#include <catvox/geometry/broken_slices.hpp>
#include <cstdint>
#include <random>
#include <set>
#include <tuple>
#include <vector>

#include "read/plan.hpp"
#include "support/catch.hpp"

using namespace catvox;
using namespace catvox::detail;

namespace {

using Axes = std::array<std::size_t, 3>;

// Bits of the axes in turn, bit by bit: the order as Neuroglancer defines it.
std::uint64_t code(const Index3& position, const Axes& axes) {
  std::uint64_t bits = 0;
  for (unsigned bit = 0; bit < 3; ++bit) {
    for (unsigned i = 0; i < 3; ++i) bits |= static_cast<std::uint64_t>(position[axes[i]] >> bit & 1) << (3 * bit + i);
  }
  return bits;
}

std::vector<Index3> sorted_positions(const Box& box, const Axes& axes) {
  std::vector<Index3> all;
  for (auto z = box.min[0]; z < box.max[0]; ++z) {
    for (auto y = box.min[1]; y < box.max[1]; ++y) {
      for (auto x = box.min[2]; x < box.max[2]; ++x) all.push_back({z, y, x});
    }
  }
  const auto key = [&](const Index3& p) {
    return std::tuple(p[axes[2]] / 8, p[axes[1]] / 8, p[axes[0]] / 8, code(p, axes));
  };
  std::sort(all.begin(), all.end(), [&](const Index3& a, const Index3& b) { return key(a) < key(b); });
  return all;
}

}  // namespace

TEST_CASE("positions of a box are numbered in Morton order", "[read]") {
  std::mt19937 random(3);
  const auto below = [&](std::int64_t end) { return static_cast<std::int64_t>(random() % end); };
  std::vector<Box> boxes{{{0, 0, 0}, {8, 8, 8}}, {{0, 0, 0}, {1, 1, 1}}, {{7, 15, 23}, {9, 17, 25}}};
  while (boxes.size() < 60) {
    const Index3 min{below(20), below(20), below(20)};
    boxes.push_back({min, {min[0] + 1 + below(12), min[1] + 1 + below(12), min[2] + 1 + below(20)}});
  }
  for (const Box& box : boxes) {
    for (const Axes& axes : {Axes{2, 1, 0}, Axes{0, 1, 2}, Axes{1, 2, 0}}) {
      const MortonOrder order(box, axes);
      std::vector<Index3> found;
      bool inverse = true;
      for (std::int64_t number = 0; number < volume(box.shape()); ++number) {
        found.push_back(order.position(number));
        inverse = inverse && order.number(found.back()) == number;
      }
      CAPTURE(box, axes[0]);
      CHECK(inverse);
      CHECK(found == sorted_positions(box, axes));
    }
  }
}

TEST_CASE("a plan over neighbours asks for each chunk once, those of a cube one after the other", "[read]") {
  const Shape3 chunk{4, 5, 6};
  const auto [slices, rows, columns] = GENERATE(table<AxisSelection, AxisSelection, AxisSelection>({
      {{0, 1, 40}, {0, 1, 50}, {0, 1, 60}},
      {{13, 1, 50}, {44, 1, 20}, {7, 3, 30}},
      {{70, -1, 60}, {99, -2, 40}, {5, 1, 100}},
      {{3, 9, 5}, {0, 1, 1}, {100, -1, 101}},  // chunks are left out
  }));
  CAPTURE(slices.start, rows.start, columns.start);
  const BrokenSlices none, some({{20, 1}, {21, 1}, {22, 1}, {23, 1}, {30, 1}}, 80, BrokenSlicePolicy::nearest);
  for (const BrokenSlices* broken : {&none, &some}) {
    const ReadPlan plan({slices, rows, columns}, chunk, 80, *broken, 1, Axes{2, 1, 0});
    const ReadPlan raster({slices, rows, columns}, chunk, 80, *broken, 1);
    std::set<Index3> asked, expected;
    for (std::int64_t number = 0; number < plan.chunks(); ++number) {
      const Index3 at = plan.part(number).chunk();
      CHECK(asked.insert(at).second);
      CHECK(plan.find(at) == number);
      expected.insert(raster.part(number).chunk());
    }
    CHECK(asked == expected);
    CHECK(plan.asks_for_neighbours());
    CHECK_FALSE(raster.asks_for_neighbours());
  }
  // The cube of 8 chunks at (2, 4, 6), in a box that begins and ends somewhere else: eight numbers in a row.
  const ReadPlan plan({AxisSelection{5, 1, 70}, {12, 1, 80}, {9, 1, 90}}, chunk, 80, none, 1, Axes{2, 1, 0});
  const auto first = plan.find({2, 4, 6}).value();
  for (std::int64_t i = 0; i < 8; ++i) {
    CHECK(plan.part(first + i).chunk() == Index3{2 + (i >> 2), 4 + (i >> 1 & 1), 6 + (i & 1)});
  }
  // Backwards it is the same cube from its other end.
  const ReadPlan back({AxisSelection{74, -1, 70}, {12, 1, 80}, {9, 1, 90}}, chunk, 80, none, 1, Axes{2, 1, 0});
  const auto last = back.find({3, 4, 6}).value();
  for (std::int64_t i = 0; i < 8; ++i) {
    CHECK(back.part(last + i).chunk() == Index3{3 - (i >> 2), 4 + (i >> 1 & 1), 6 + (i & 1)});
  }
}
