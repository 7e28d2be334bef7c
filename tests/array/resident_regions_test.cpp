#include <catvox/array/detail/resident_regions.hpp>
#include <vector>

#include "memory_level.hpp"
#include "support/catch.hpp"

using catvox::Box;
using catvox::Index3;
using catvox::Selection3;
using catvox::abi::AxisOrder;
using catvox::abi::ViewLayout;
using catvox::testing::MemoryLevel;

TEST_CASE("a walk's order is its fastest axes, then C order", "[array]") {
  const ViewLayout level({6, 7, 8});
  CHECK(catvox::abi::c_order(level) == AxisOrder{2, 1, 0});
  CHECK(catvox::abi::c_order(level.transposed(std::vector<std::size_t>{1, 2, 0})) == AxisOrder{0, 2, 1});
  CHECK(catvox::abi::walk_order(level, std::vector<std::size_t>{0}) == AxisOrder{0, 2, 1});
  CHECK(catvox::abi::walk_order(level, std::vector<std::size_t>{1, 0}) == AxisOrder{1, 0, 2});
  // Without y: x, z, then y, of which there is one.
  const std::vector<catvox::Slice> middle = {{}, {.kind = catvox::Slice::Kind::index, .start = 3}};
  CHECK(catvox::abi::c_order(level.sliced(middle)) == AxisOrder{2, 0, 1});
}

TEST_CASE("part_around takes whole axes while they fit, then whole chunks", "[array]") {
  const ViewLayout level({40, 50, 60});
  const catvox::Shape3 chunk = {8, 16, 16};
  const AxisOrder order = {2, 1, 0};
  const auto [position, max_voxels, expected] = GENERATE(table<Index3, std::int64_t, Box>({
      {{0, 0, 0}, 40 * 50 * 60, {{0, 0, 0}, {40, 50, 60}}},
      {{9, 9, 9}, 40 * 50 * 60 - 1, {{0, 0, 0}, {32, 50, 60}}},  // 39 slices fit: 4 chunks
      {{33, 9, 9}, 40 * 50 * 60 - 1, {{32, 0, 0}, {40, 50, 60}}},
      {{9, 9, 9}, 8 * 50 * 60, {{8, 0, 0}, {16, 50, 60}}},
      {{9, 9, 9}, 5 * 50 * 60, {{8, 0, 0}, {13, 50, 60}}},  // less than a chunk: cut inside it
      {{14, 9, 9}, 5 * 50 * 60, {{13, 0, 0}, {16, 50, 60}}},
      {{9, 20, 9}, 35 * 60, {{9, 0, 0}, {10, 32, 60}}},  // 35 rows: 2 chunks
      {{9, 49, 9}, 35 * 60, {{9, 32, 0}, {10, 50, 60}}},
      {{9, 20, 59}, 40, {{9, 20, 32}, {10, 21, 60}}},
      {{9, 20, 59}, 1, {{9, 20, 59}, {10, 21, 60}}},
  }));
  CAPTURE(position, max_voxels);
  CHECK(catvox::abi::part_around(level, chunk, position, order, max_voxels) == expected);
}

TEST_CASE("parts are cut where chunks begin, whatever the view's start and step", "[array]") {
  const Selection3 selection =
      GENERATE(Selection3{{{3, 1, 37}, {5, 1, 40}, {1, 1, 50}}}, Selection3{{{39, -1, 37}, {49, -1, 40}, {59, -1, 50}}},
               Selection3{{{2, 3, 12}, {0, 7, 7}, {1, 2, 20}}}, Selection3{{{39, -3, 12}, {49, -7, 7}, {58, -2, 20}}});
  const std::int64_t max_voxels = GENERATE(1, 7, 60, 500, 4000, 100000);
  const AxisOrder order = GENERATE(AxisOrder{2, 1, 0}, AxisOrder{0, 2, 1});
  const catvox::Shape3 chunk = {8, 16, 16};
  const ViewLayout view = ViewLayout({40, 50, 60}).with_selection(selection);
  CAPTURE(selection[0].start, selection[0].step, max_voxels, order);

  for (Index3 p{}; p[0] < selection[0].count; p[0] += 3) {
    for (p[1] = 0; p[1] < selection[1].count; p[1] += 2) {
      for (p[2] = 0; p[2] < selection[2].count; ++p[2]) {
        const Box part = catvox::abi::part_around(view, chunk, p, order, max_voxels);
        const Box one = catvox::abi::chunk_around(view, chunk, p);
        bool good = catvox::volume(part.shape()) <= max_voxels &&
                    catvox::abi::part_around(view, chunk, part.min, order, max_voxels) == part;
        for (std::size_t axis = 0; axis < 3; ++axis) {
          const auto chunk_of = [&](std::int64_t i) {
            return (selection[axis].start + i * selection[axis].step) / chunk[axis];
          };
          const std::int64_t count = selection[axis].count;
          good = good && part.min[axis] <= p[axis] && p[axis] < part.max[axis] && part.max[axis] <= count;
          good = good && one.min[axis] <= p[axis] && p[axis] < one.max[axis];
          good =
              good && chunk_of(one.min[axis]) == chunk_of(p[axis]) && chunk_of(one.max[axis] - 1) == chunk_of(p[axis]);
          good = good && (one.min[axis] == 0 || chunk_of(one.min[axis] - 1) != chunk_of(p[axis]));
          good = good && (one.max[axis] == count || chunk_of(one.max[axis]) != chunk_of(p[axis]));
        }
        CAPTURE(p, part.min, part.max, one.min, one.max);
        if (!good) FAIL("not the part around that position");
      }
    }
  }
}

TEST_CASE("resident regions are read once while they fit and forgotten oldest first", "[array]") {
  // One slice is 40 MiB: three fit into the 128 MiB that are kept.
  constexpr std::int64_t side = 6476;
  class Blank : public MemoryLevel<std::uint8_t> {
   public:
    using MemoryLevel::MemoryLevel;
    catvox::ReadStatistics read(const Selection3& selection, const catvox::StridedBytes& out,
                                const catvox::ReadOptions&) const override {
      ++reads;
      *out.data = static_cast<std::byte>(selection[0].start);
      return {};
    }
    mutable int reads = 0;
  };
  const auto source = std::make_shared<Blank>(catvox::Shape3{9, side, side}, catvox::Shape3{1, side, side});
  catvox::abi::ResidentRegions regions(source);
  const ViewLayout level(source->geometry().shape());
  const auto first_voxel = [&](std::int64_t z) {
    const auto region = regions.get(level.part({{z, 0, 0}, {z + 1, side, side}}));
    return *region->data<std::uint8_t>();
  };
  for (const std::int64_t z : {0, 1, 2, 0, 1, 2}) CHECK(first_voxel(z) == z);
  CHECK(source->reads == 3);
  CHECK(first_voxel(0) == 0);  // makes 1 the oldest
  CHECK(first_voxel(3) == 3);  // forgets 1
  CHECK(first_voxel(0) == 0);
  CHECK(first_voxel(2) == 2);
  CHECK(source->reads == 4);
  CHECK(first_voxel(1) == 1);
  CHECK(source->reads == 5);
}

TEST_CASE("a read that fails leaves no region behind", "[array]") {
  const auto source = std::make_shared<MemoryLevel<std::uint16_t>>(catvox::Shape3{2, 3, 4}, catvox::Shape3{1, 2, 2});
  source->break_voxel({1, 1, 1});
  catvox::abi::ResidentRegions regions(source);
  const ViewLayout level(source->geometry().shape());
  CHECK_THROWS_AS(regions.get(level), catvox::Error);
  source->break_voxel({-1, -1, -1});
  CHECK(regions.get(level)->data<std::uint16_t>()[23] == 123);
}
