#include <array>
#include <catvox/catmaid/stack_info.hpp>
#include <catvox/geometry/level_geometry.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/caught.hpp"

using namespace catvox;

namespace {

using Names = std::array<std::string_view, 3>;

StackInfo stack(Orientation orientation, StackVector resolution, StackVector translation,
                StackDimension dimension = {100, 100, 100}) {
  StackInfo info;
  info.orientation = orientation;
  info.resolution = resolution;
  info.translation = translation;
  info.dimension = dimension;
  return info;
}

LevelGeometry level(const StackInfo& info, const StackVector& factors = {1, 1, 1}) {
  return {info.frame(), factors, tile_level_shape(info.dimension, factors)};
}

MirrorInfo mirror(std::int64_t tile_width, std::int64_t tile_height) {
  MirrorInfo tiles;
  tiles.tile_width = tile_width;
  tiles.tile_height = tile_height;
  return tiles;
}

void check_near(const VoxelPoint& voxel, const VoxelPoint& expected) {
  for (std::size_t axis = 0; axis < 3; ++axis) {
    CAPTURE(axis);
    CHECK(voxel[axis] == Approx(expected[axis]).epsilon(1e-12).margin(1e-12));
  }
}

void check_near(const std::array<double, 3>& zyx, const std::array<double, 3>& expected) {
  check_near(VoxelPoint::of(zyx), VoxelPoint::of(expected));
}

void check_near(const WorldPoint& point, const WorldPoint& expected) {
  check_near(VoxelPoint{point.z, point.y, point.x}, VoxelPoint{expected.z, expected.y, expected.x});
}

constexpr double huge = std::numeric_limits<double>::max();
constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

}  // namespace

// ---- points -----------------------------------------------------------------------------------------------------

TEST_CASE("voxel_to_world places a voxel as CATMAID does", "[geometry]") {
  // The documented check values: stack x 4, y 5, z 6 with resolution .1/.5/2 and translation 1/2/3.
  auto [orientation, expected] = GENERATE(table<Orientation, WorldPoint>({
      {Orientation::xy, {1.4, 4.5, 15}},
      {Orientation::xz, {1.4, 14, 5.5}},
      {Orientation::zy, {13, 4.5, 3.4}},
  }));
  CAPTURE(name(orientation));
  check_near(level(stack(orientation, {.1, .5, 2}, {1, 2, 3})).voxel_to_world({6, 5, 4}), expected);
}

TEST_CASE("world_to_voxel inverts it", "[geometry]") {
  // The first row is a documented check value; the others are worked by hand from the table of axes.
  auto [orientation, point, expected] = GENERATE(table<Orientation, WorldPoint, VoxelPoint>({
      {Orientation::xy, {4, 5, 6}, {1, 6, 30}},
      {Orientation::xy, {4, 7, 12}, {4, 10, 30}},  // z (12 - 3) / 2 = 4.5
      {Orientation::xz, {4, 7, 12}, {2, 18, 30}},  // z from y: (7 - 2) / 2 = 2.5; y from z: (12 - 3) / .5
      {Orientation::zy, {4, 7, 12}, {1, 10, 90}},  // z from x: (4 - 1) / 2 = 1.5; x from z: (12 - 3) / .1
      {Orientation::xy, {.75, 1.5, 2.5}, {-1, -1, -2.5}},
  }));
  CAPTURE(name(orientation));
  check_near(level(stack(orientation, {.1, .5, 2}, {1, 2, 3})).world_to_voxel(point), expected);
}

TEST_CASE("the slice at a depth is the one that the point was made from", "[geometry]") {
  struct Row {
    double resolution, translation, p, expected;
  };
  const auto row = GENERATE(
      // (6061.4 - 6050) / 3.8 is 2.9999999999999 in doubles
      Row{3.8, 6050, 6061.4, 3}, Row{3.8, 6050, 6137.4, 23}, Row{3.8, 6050, 6137.3, 22}, Row{50, 6050, 6050, 0},
      Row{50, 6050, 6099.999, 0}, Row{50, 6050, 6100, 1}, Row{50, 6050, 6049.999, -1}, Row{0.1, 0, 0.3, 3},
      Row{40, -400, -400, 0}, Row{40, -400, -399.9, 0}, Row{40, -400, -400.1, -1},
      // below 0, where the viewer's p * 2^-52 pulls the wrong way
      Row{40, 0, -40, -1}, Row{40, 0, -40.1, -2}, Row{40, 0, -39.9, -1}, Row{3.8, -6050, -6038.6, 3},
      Row{3.8, 0, -11.4, -3}, Row{0.1, 0, -0.3, -3}, Row{0.1, 0, -0.31, -4});
  CAPTURE(row.resolution, row.translation, row.p);
  const auto geometry = level(stack(Orientation::xy, {1, 1, row.resolution}, {0, 0, row.translation}));
  CHECK(geometry.world_to_voxel({0, 0, row.p})[0] == row.expected);
}

TEST_CASE("levels scale all three axes", "[geometry]") {
  // level (4, 2.5, 2): voxels of 18.4 x 11.5 x 100 nm
  const StackInfo info = stack(Orientation::xz, {4.6, 4.6, 50}, {1000, 2000, 3000}, {1000, 900, 21});
  const LevelGeometry geometry = level(info, {4, 2.5, 2});
  CHECK(geometry.shape() == Shape3{11, 360, 250});
  CHECK(geometry.factors() == StackVector{4, 2.5, 2});
  CHECK(geometry.orientation() == Orientation::xz);
  check_near(geometry.voxel_size(), {100, 11.5, 18.4});
  check_near(geometry.origin(), {2000, 3000, 1000});
  check_near(geometry.voxel_to_world({1, 10, 100}), {2840, 2100, 3115});
  check_near(geometry.world_to_voxel({2840, 2100, 3115}), {1, 10, 100});
  // full-resolution slices 2 and 3 are slice 1 of the level
  CHECK(geometry.world_to_voxel({2840, 2199, 3115})[0] == 1);
  CHECK(geometry.world_to_voxel({2840, 2200, 3115})[0] == 2);
  CHECK(geometry.world_to_voxel({2840, 1999, 3115})[0] == -1);
}

TEST_CASE("the slice of a level is that of its full-resolution slice", "[geometry]") {
  // 10 slices at factor 1.1 are 11 full ones: floor(11 / 1.1) must be 10, floor(10 / 1.1) is 9
  const auto geometry = level(stack(Orientation::xy, {1, 1, 40}, {0, 0, 0}), {1, 1, 1.1});
  CHECK(geometry.world_to_voxel({0, 0, 10 * 40 + 1})[0] == 9);
  CHECK(geometry.world_to_voxel({0, 0, 11 * 40 + 1})[0] == 10);
  CHECK(geometry.world_to_voxel({0, 0, 32 * 40 + 1})[0] == 29);
  CHECK(geometry.world_to_voxel({0, 0, 33 * 40 + 1})[0] == 30);  // 33 / 1.1 is 29.999999999999996 in doubles
}

TEST_CASE("metadata.voxelOffset moves the array before downsampling", "[geometry]") {
  StackInfo info = stack(Orientation::zy, {4, 8, 40}, {100, 200, 300});
  info.metadata = R"({"voxelOffset": [10, 20, 5]})";
  const LevelGeometry geometry = level(info, {2, 2, 2});
  // stack voxel x 2 * 3 + 10 = 16, y 2 * 1 + 20 = 22, z 2 * 4 + 5 = 13; ZY: world x = z, world z = x
  check_near(geometry.voxel_to_world({4, 1, 3}), {13 * 40 + 100, 22 * 8 + 200, 16 * 4 + 300});
  check_near(geometry.world_to_voxel({13 * 40 + 100 + 79, 22 * 8 + 200, 16 * 4 + 300}), {4, 1, 3});
  check_near(geometry.origin(), {5 * 40 + 100, 20 * 8 + 200, 10 * 4 + 300});
  check_near(geometry.voxel_size(), {80, 16, 8});
  CHECK(geometry.touched({{300, 360, 340}, {301, 361, 341}}) == Box{{0, 0, 0}, {1, 1, 1}});
  CHECK(geometry.touched({{299, 359, 339}, {301, 361, 341}}) == Box{{-1, -1, -1}, {1, 1, 1}});
}

TEST_CASE("dims names the project axis of each array axis", "[geometry]") {
  CHECK(level(stack(Orientation::xy, {1, 1, 1}, {})).dims() == Names{"z", "y", "x"});
  CHECK(level(stack(Orientation::xz, {1, 1, 1}, {})).dims() == Names{"y", "z", "x"});
  CHECK(level(stack(Orientation::zy, {1, 1, 1}, {})).dims() == Names{"x", "y", "z"});
}

TEST_CASE("points survive the way to the world and back in every orientation", "[geometry]") {
  const auto orientation = GENERATE(Orientation::xy, Orientation::xz, Orientation::zy);
  StackInfo info = stack(orientation, {3.8, 4.6, 50}, {1000.3, 2000.7, 6050});
  info.metadata = R"({"voxelOffset": [7, 11, 13]})";
  const LevelGeometry geometry = level(info, {2.5, 3, 2});
  for (double z = 0; z < 40; ++z) {
    for (const double yx : {0.0, 0.25, 17.0, 1234.5}) {
      CAPTURE(name(orientation), z, yx);
      check_near(geometry.world_to_voxel(geometry.voxel_to_world({z + 0.5, yx, 2 * yx})), {z, yx, 2 * yx});
    }
  }
}

// ---- boxes ------------------------------------------------------------------------------------------------------

TEST_CASE("touched covers every voxel that a box meets", "[geometry]") {
  const LevelGeometry geometry = level(stack(Orientation::xy, {4, 8, 40}, {100, 200, 300}));
  auto [box, expected] = GENERATE(table<WorldBox, Box>({
      {{{100, 200, 300}, {500, 1000, 4300}}, {{0, 0, 0}, {100, 100, 100}}},
      {{{101, 201, 301}, {103, 207, 339}}, {{0, 0, 0}, {1, 1, 1}}},
      {{{103, 207, 339}, {105, 209, 341}}, {{0, 0, 0}, {2, 2, 2}}},
      {{{104, 208, 340}, {108, 216, 380}}, {{1, 1, 1}, {2, 2, 2}}},
      {{{104, 208, 340}, {104, 208, 340}}, {{1, 1, 1}, {2, 2, 2}}},   // min == max on a border: the upper voxel
      {{{103, 207, 339}, {103, 207, 339}}, {{0, 0, 0}, {1, 1, 1}}},   // min == max inside
      {{{99, 199, 299}, {99, 199, 299}}, {{-1, -1, -1}, {0, 0, 0}}},  // not clipped
      {{{0, 0, 0}, {1000, 2000, 20000}}, {{-8, -25, -25}, {493, 225, 225}}},
  }));
  CHECK(geometry.touched(box) == expected);
}

TEST_CASE("touched sends each project axis to its array axis", "[geometry]") {
  // project x 10 .. 20, y 20 .. 22, z 80 .. 88 over stack voxels of 2 x 1 x 4, worked by hand
  auto [orientation, expected] = GENERATE(table<Orientation, Box>({
      {Orientation::xy, {{20, 20, 5}, {22, 22, 10}}},
      {Orientation::xz, {{5, 80, 5}, {6, 88, 10}}},
      {Orientation::zy, {{2, 20, 40}, {5, 22, 44}}},
  }));
  CAPTURE(name(orientation));
  const auto geometry = level(stack(orientation, {2, 1, 4}, {0, 0, 0}));
  CHECK(geometry.touched({{10, 20, 80}, {20, 22, 88}}) == expected);
}

namespace {

struct Grid {
  std::int64_t resolution;   // tenths
  std::int64_t translation;  // tenths
  std::int64_t factor;       // tenths
  std::int64_t voxels;
};

/// The border below voxel i: (i * f * r + t), exact in thousandths and rounded once, as a decimal literal is.
double border(const Grid& grid, std::int64_t i, std::int64_t thousandths_of_nm = 0) {
  return static_cast<double>(i * grid.factor * grid.resolution * 10 + grid.translation * 100 + thousandths_of_nm) /
         1000.0;
}

}  // namespace

TEST_CASE("edges on voxel borders add no voxel, edges beside them do", "[geometry]") {
  // resolution, translation and factor in tenths; FAFB's 253952 columns, and the 9.5e8 nm of a mouse brain
  const auto grid = GENERATE(Grid{40, 0, 10, 253952}, Grid{46, 0, 10, 253952}, Grid{46, 10003, 10, 253952},
                             Grid{38, 60500, 10, 253952}, Grid{38, -123456789, 10, 253952}, Grid{46, 10003, 20, 126976},
                             Grid{46, 10003, 25, 101580}, Grid{38, 60501, 11, 230865}, Grid{1, 7, 10, 253952},
                             Grid{500, 60500, 13, 7063}, Grid{38, 9500000001, 10, 100000}, Grid{40, 1, 2560, 992});
  CAPTURE(grid.resolution, grid.translation, grid.factor);
  const double resolution = static_cast<double>(grid.resolution) / 10;
  const double translation = static_cast<double>(grid.translation) / 10;
  const double factor = static_cast<double>(grid.factor) / 10;
  const StackInfo info =
      stack(Orientation::xy, {resolution, resolution, resolution}, {translation, translation, translation});
  const LevelGeometry geometry(info.frame(), {factor, factor, factor}, {1, 1, 1});
  for (std::int64_t i = 0; i < grid.voxels; ++i) {
    CAPTURE(i);
    const double min = border(grid, i), max = border(grid, i + 1);
    const Box one = geometry.touched({{min, min, min}, {max, max, max}});
    const bool exact = one == Box{{i, i, i}, {i + 1, i + 1, i + 1}};
    // the borders as a program computes them
    const auto corner = static_cast<double>(i);
    const Box computed = geometry.touched({geometry.voxel_to_world({corner, corner, corner}),
                                           geometry.voxel_to_world({corner + 1, corner + 1, corner + 1})});
    // a thousandth of a nanometre over the border at both ends is two voxels more, the same short of it none
    const double below = border(grid, i, -1), above = border(grid, i + 1, 1);
    const Box wide = geometry.touched({{below, below, below}, {above, above, above}});
    const double within = border(grid, i, 1), short_of = border(grid, i + 1, -1);
    const Box narrow = geometry.touched({{within, within, within}, {short_of, short_of, short_of}});
    const Box point = geometry.touched({{min, min, min}, {min, min, min}});
    if (!exact || computed != one || point != one || narrow != one ||
        wide != Box{{i - 1, i - 1, i - 1}, {i + 2, i + 2, i + 2}}) {
      CAPTURE(one.min, one.max, computed.min, computed.max, point.min, point.max, narrow.min, narrow.max, wide.min,
              wide.max);
      FAIL("an edge is on the wrong side of a border");
    }
  }
}

TEST_CASE("the corner of a voxel is in that voxel, at its position", "[geometry]") {
  // In tenths: CATMAID's own geometry values (resolutions .1, .5, 2), 4.6 and 3.8 nm, thick sections; on both sides of 0.
  const auto resolution = GENERATE(1, 5, 20, 38, 46, 500);
  const auto translation = GENERATE(0, 10, -10, 60500, -60500, 10003, -123456789);
  const auto factor = GENERATE(10, 20, 40, 80, 160, 320, 25, 11, 5);
  const auto orientation = GENERATE(Orientation::xy, Orientation::xz, Orientation::zy);
  CAPTURE(resolution, translation, factor, name(orientation));
  const auto tenths = [](int value) {
    const double v = value / 10.0;
    return StackVector{v, v, v};
  };
  const LevelGeometry geometry(stack(orientation, tenths(resolution), tenths(translation)).frame(), tenths(factor),
                               {1, 1, 1});
  const Grid grid{resolution, translation, factor, 0};
  bool right = true;
  for (std::int64_t i = -150; i <= 150; ++i) {
    const auto at = static_cast<double>(i);
    const double corner = border(grid, i), inside = border(grid, i, 1), below = border(grid, i, -1);
    const auto holds = [&](const WorldPoint& point, std::int64_t voxel) {
      const Index3 expected{voxel, voxel, voxel};
      const VoxelPoint position = geometry.world_to_voxel(point);
      right = right && geometry.voxel_at(point) == expected && position[0] == static_cast<double>(voxel) &&
              std::floor(position[1]) == static_cast<double>(voxel) &&
              std::floor(position[2]) == static_cast<double>(voxel) && geometry.touched({point, point}).min == expected;
    };
    holds({corner, corner, corner}, i);
    holds(geometry.voxel_to_world({at, at, at}), i);
    holds({inside, inside, inside}, i);
    holds({below, below, below}, i - 1);
    const VoxelPoint position = geometry.world_to_voxel({corner, corner, corner});
    right = right && position == VoxelPoint{at, at, at};
    CAPTURE(i, position);
    REQUIRE(right);
  }
}

TEST_CASE("voxel_at takes points of any size, but no others", "[geometry]") {
  const LevelGeometry geometry = level(stack(Orientation::xz, {4, 4, 40}, {0, 0, 0}));
  const std::int64_t far = std::int64_t{1} << 60;
  CHECK(geometry.voxel_at({huge, -huge, 0}) == Index3{-far, 0, far});
  CHECK(geometry.voxel_at({-4, -40.5, 7}) == Index3{-2, 1, -1});
  CHECK(caught([&] {
          return geometry.voxel_at({0, not_a_number, 0});
        }) == Caught{Errc::invalid_argument, "world point: y must be a finite number, got nan"});
  CHECK(caught([&] {
          return geometry.voxel_at({0, 0, -infinity});
        }) == Caught{Errc::invalid_argument, "world point: z must be a finite number, got -inf"});
}

TEST_CASE("touched refuses boxes that are none", "[geometry]") {
  const LevelGeometry geometry = level(stack(Orientation::zy, {4, 4, 40}, {0, 0, 0}));
  auto [box, text] = GENERATE(table<WorldBox, std::string>({
      {{{10, 0, 0}, {5, 1, 1}}, "world box: min.x must not exceed max.x, got 10 and 5"},
      {{{0, 0.5, 0}, {5, 0.25, 1}}, "world box: min.y must not exceed max.y, got 0.5 and 0.25"},
      {{{0, 0, 4000}, {5, 1, 3999.9}}, "world box: min.z must not exceed max.z, got 4000 and 3999.9"},
      {{{not_a_number, 0, 0}, {5, 1, 1}}, "world box: min.x must be a finite number, got nan"},
      {{{0, -infinity, 0}, {5, 1, 1}}, "world box: min.y must be a finite number, got -inf"},
      {{{0, 0, 0}, {5, 1, infinity}}, "world box: max.z must be a finite number, got inf"},
  }));
  CHECK(caught([&geometry, none = box] { return geometry.touched(none); }) == Caught{Errc::invalid_argument, text});
}

TEST_CASE("boxes beyond all bounds stay within 64 bits", "[geometry]") {
  const auto resolution = GENERATE(4.0, 1e-300, 5e-324, 1e300);
  const auto translation = GENERATE(0.0, huge, -huge);
  const LevelGeometry geometry(
      stack(Orientation::xy, {resolution, resolution, resolution}, {translation, translation, translation}).frame(),
      {1, 1, 1}, {1, 1, 1});
  for (const auto& [min, max] :
       {std::pair(-huge, huge), std::pair(huge, huge), std::pair(-huge, -huge), std::pair(0.0, 0.0)}) {
    CAPTURE(resolution, translation, min, max);
    const Box box = geometry.touched({{min, min, min}, {max, max, max}});
    for (std::size_t axis = 0; axis < 3; ++axis) {
      CHECK(box.max[axis] > box.min[axis]);
      CHECK(box.shape()[axis] > 0);
      CHECK(std::abs(box.min[axis]) <= std::int64_t{1} << 60);
    }
    CHECK(intersect(box, {{0, 0, 0}, {10, 10, 10}}).shape()[0] <= 10);
  }
}

TEST_CASE("a geometry needs numbers that mean something", "[geometry]") {
  const StackInfo good = stack(Orientation::xy, {4, 4, 40}, {0, 0, 0});
  const auto with = [&](StackVector resolution, StackVector translation, StackVector factors) {
    StackInfo info = good;
    info.resolution = resolution;
    info.translation = translation;
    return caught([&] { return LevelGeometry(info.frame(), factors, {1, 1, 1}); });
  };
  const auto invalid = [](const std::string& text) { return Caught{Errc::invalid_metadata, "stack info: " + text}; };
  CHECK(with({4, 0, 40}, {}, {1, 1, 1}) == invalid(R"("resolution.y" must be a number > 0, got 0)"));
  CHECK(with({4, 4, not_a_number}, {}, {1, 1, 1}) == invalid(R"("resolution.z" must be a number > 0, got nan)"));
  CHECK(with({4, 4, 40}, {infinity, 0, 0}, {1, 1, 1}) == invalid(R"("translation.x" must be a number, got inf)"));
  CHECK(with({4, 4, 40}, {}, {1, -2, 1}) == invalid(R"("downsample_factors.y" must be a number > 0, got -2)"));
  StackInfo offset = good;
  offset.metadata = R"({"voxelOffset": "1,2,3"})";
  CHECK(caught([&] {
          return LevelGeometry(offset.frame(), {1, 1, 1}, {1, 1, 1});
        }) == invalid(R"("metadata.voxelOffset" must be a list of three numbers, got "1,2,3")"));
}

// ---- levels -----------------------------------------------------------------------------------------------------

TEST_CASE("explicit factors are the levels, up to num_zoom_levels", "[geometry]") {
  StackInfo info = stack(Orientation::xy, {4, 4, 40}, {});
  const std::vector<StackVector> factors{{1, 1, 1}, {2, 2, 1}, {4.5, 4, 2}};
  info.downsample_factors = factors;
  auto [highest, levels] = GENERATE(table<std::int64_t, std::size_t>(
      {{-1, 3}, {0, 1}, {1, 2}, {2, 3}, {3, 3}, {std::numeric_limits<std::int64_t>::max(), 3}, {-2, 3}}));
  CAPTURE(highest);
  info.num_zoom_levels = highest;
  CHECK(scale_factors(info.scale_levels()) ==
        std::vector<StackVector>(factors.begin(), factors.begin() + static_cast<std::ptrdiff_t>(levels)));
}

TEST_CASE("without factors, num_zoom_levels is the highest level", "[geometry]") {
  StackInfo info = stack(Orientation::xy, {4, 4, 40}, {});
  if (GENERATE(false, true)) info.downsample_factors.emplace();
  info.num_zoom_levels = 3;
  CHECK(scale_factors(info.scale_levels()) == std::vector<StackVector>{{1, 1, 1}, {2, 2, 1}, {4, 4, 1}, {8, 8, 1}});
  info.num_zoom_levels = 0;
  CHECK(scale_factors(info.scale_levels()) == std::vector<StackVector>{{1, 1, 1}});
  info.num_zoom_levels = 62;
  CHECK(scale_factors(info.scale_levels()).back() == StackVector{0x1p62, 0x1p62, 1});
}

TEST_CASE("without either, levels go on until one tile holds the larger side", "[geometry]") {
  // MAX_S = max(0, ceil(log2(max(dim.x - 1, dim.y - 1) / smallest tile side))), worked by hand
  auto [x, y, mirrors, highest] = GENERATE(table<std::int64_t, std::int64_t, std::vector<MirrorInfo>, std::size_t>({
      {1, 1, {mirror(256, 256)}, 0},
      {256, 256, {mirror(256, 256)}, 0},
      {257, 1, {mirror(256, 256)}, 0},  // 256 / 256 = 2^0
      {258, 1, {mirror(256, 256)}, 1},
      {513, 1, {mirror(256, 256)}, 1},  // 512 / 256 = 2^1
      {514, 1, {mirror(256, 256)}, 2},
      {1, 1025, {mirror(256, 256)}, 2},  // 1024 / 256 = 2^2
      {1, 1026, {mirror(256, 256)}, 3},
      {2048, 1536, {mirror(256, 256)}, 3},
      {2048, 1536, {mirror(256, 128)}, 4},
      {2048, 1536, {mirror(512, 512), mirror(1024, 64), mirror(256, 256)}, 5},
      {253952, 155648, {mirror(1024, 1024)}, 8},  // FAFB
      {28128, 31840, {mirror(512, 512)}, 6},      // L1 larva
      {(std::int64_t{1} << 40) + 1, 1, {mirror(1, 1)}, 40},
      {(std::int64_t{1} << 40) + 2, 1, {mirror(1, 1)}, 41},
      {100000, 100000, {}, 0},
  }));
  CAPTURE(x, y, mirrors.size());
  StackInfo info = stack(Orientation::xy, {4, 4, 40}, {}, {x, y, 10});
  info.mirrors = mirrors;
  const auto factors = scale_factors(info.scale_levels());
  REQUIRE(factors.size() == highest + 1);
  const double last = std::exp2(static_cast<double>(highest));
  CHECK(factors.back() == StackVector{last, last, 1});
}

TEST_CASE("levels that cannot be are refused", "[geometry]") {
  StackInfo info = stack(Orientation::xy, {4, 4, 40}, {});
  info.num_zoom_levels = 63;
  CHECK(caught([&] { return scale_factors(info.scale_levels()); }) ==
        Caught{Errc::invalid_metadata, R"(stack info: "num_zoom_levels" must be at most 62, got 63)"});
  info.num_zoom_levels = -1;
  ScaleLevels no_tiles = info.scale_levels();
  no_tiles.smallest_tile_side = 0;
  CHECK(caught([&] { return scale_factors(no_tiles); }) ==
        Caught{Errc::invalid_metadata, "stack info: a mirror's tile sides must be > 0, got 0"});
  info.downsample_factors = {{1, 1, 1}, {2, 2, not_a_number}};
  CHECK(caught([&] { return scale_factors(info.scale_levels()); }) ==
        Caught{Errc::invalid_metadata, R"(stack info: "downsample_factors[1].z" must be a number > 0, got nan)"});
}

TEST_CASE("tile_level_shape rounds down in the plane and up in depth", "[geometry]") {
  auto [dimension, factors, expected] = GENERATE(table<StackDimension, StackVector, Shape3>({
      {{1000, 900, 20}, {1, 1, 1}, {20, 900, 1000}},
      {{1000, 900, 20}, {8, 8, 1}, {20, 112, 125}},
      {{1000, 900, 21}, {4, 4, 2}, {11, 225, 250}},
      {{127, 128, 127}, {2, 2, 2}, {64, 64, 63}},
      {{129, 130, 128}, {2, 2, 2}, {64, 65, 64}},
      {{130, 131, 129}, {2, 2, 2}, {65, 65, 65}},
      {{1001, 999, 7063}, {2.5, 2.5, 2.5}, {2826, 399, 400}},
      {{3, 1, 5}, {8, 8, 8}, {1, 1, 1}},
      {{33, 32, 33}, {1.1, 1.1, 1.1}, {30, 29, 30}},  // 33 / 1.1 is 29.999999999999996 in doubles
      {{33, 34, 34}, {1.1, 1.1, 1.1}, {31, 30, 30}},
      {{10, 10, 10}, {0.5, 0.5, 0.5}, {20, 20, 20}},
      {{253952, 155648, 7063}, {256, 256, 1}, {7063, 608, 992}},
      {{std::int64_t{1} << 53, 1, 1}, {1, 1, 1}, {1, 1, std::int64_t{1} << 53}},
  }));
  CAPTURE(dimension.x, dimension.y, dimension.z, factors.x);
  CHECK(tile_level_shape(dimension, factors) == expected);
}

TEST_CASE("the last tile of a level is CATMAID's last tile", "[geometry]") {
  // CATMAID's last tile index is floor((dim / f - 1) / tile)
  for (const double factor : {1.0, 2.0, 3.0, 4.0, 2.5, 16.0}) {
    for (std::int64_t dim = 16; dim < 700; ++dim) {
      CAPTURE(factor, dim);
      const Shape3 shape = tile_level_shape({dim, dim, 1}, {factor, factor, 1});
      const auto last = static_cast<std::int64_t>(std::floor((static_cast<double>(dim) / factor - 1) / 64));
      REQUIRE((shape[2] - 1) / 64 == last);
    }
  }
}

TEST_CASE("tile_level_shape refuses what has no shape", "[geometry]") {
  CHECK(caught([] {
          return tile_level_shape({1000, 0, 1}, {1, 1, 1});
        }) == Caught{Errc::invalid_metadata, R"(stack info: "dimension.y" must be > 0, got 0)"});
  CHECK(caught([] {
          return tile_level_shape({1, 1, 1}, {1, 1, 0});
        }) == Caught{Errc::invalid_metadata, R"(stack info: "downsample_factors.z" must be a number > 0, got 0)"});
  CHECK(caught([] {
          return tile_level_shape({1000, 1, 1}, {1e-300, 1, 1});
        }) == Caught{Errc::too_large, "stack info: 1000 voxels at the downsampling factor 1e-300 exceed 2^53"});
}
