#include <catvox/geometry/broken_slices.hpp>
#include <catvox/geometry/level_geometry.hpp>
#include <cstdint>
#include <vector>

#include "support/catch.hpp"

using namespace catvox;

namespace {

std::int64_t floor_of_quotient(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

}  // namespace

TEST_CASE("on whole slices a level with a fractional z factor shows what CATMAID shows", "[geometry]") {
  // Annotations lie on whole slices, and there CATMAID's floor(z_full / factor) is exact in tenths.
  const auto [tenths, resolution, translation, offset] = GENERATE(table<int, double, double, double>({
      {11, 40, 0, 0},
      {12, 35, 6050, 0},
      {15, 50, -3000, 0},
      {15, 4.6, 0.3, 7},
      {17, 2, 1e6, -3},
      {25, 40, -0.1, 0},
      {33, 9.1, 12345.6, 0},
      {101, 40, 77, 2},
  }));
  CAPTURE(tenths, resolution, translation, offset);
  const StackFrame frame{{4, 4, resolution}, {0, 0, translation}, {0, 0, offset}, Orientation::xy};
  const LevelGeometry level(frame, {1, 1, tenths / 10.0}, {1000, 10, 10});
  int wrong = 0;
  for (std::int64_t full = -5000; full < 5000; ++full) {
    const double p = (static_cast<double>(full) + offset) * resolution + translation;
    wrong += level.voxel_at({0, 0, p})[0] != floor_of_quotient(full * 10, tenths);
    // Half way to the next slice there is no annotation. A point is in the voxel whose corners lie around it there, too.
    const auto between = level.voxel_at({0, 0, p + resolution / 2})[0];
    wrong += between != floor_of_quotient((2 * full + 1) * 5, tenths);
  }
  CHECK(wrong == 0);
}

TEST_CASE("a slice of a level with a fractional z factor comes back from the world", "[geometry]") {
  const double factor = GENERATE(1.1, 1.5, 2.5, 3.3, 10.1);
  const LevelGeometry level({{4, 4, 35}, {0, 0, 6050}}, {1, 1, factor}, {1000, 10, 10});
  for (std::int64_t z = -1000; z < 1000; ++z) {
    const auto corner = level.voxel_to_world({static_cast<double>(z), 0, 0});
    REQUIRE(level.voxel_at(corner)[0] == z);
    REQUIRE(level.world_to_voxel(corner)[0] == static_cast<double>(z));
  }
}

TEST_CASE("offsets and factors beyond all bounds give no suspects that are none", "[geometry]") {
  for (const double offset : {1e300, -1e300, 1e18, -1e18}) {
    for (const double factor : {1.0, 1.5, 1e-300, 1e300}) {
      CAPTURE(offset, factor);
      const BrokenSlices slices({{0, 1}, {5, 1}}, 20, BrokenSlicePolicy::nearest, offset);
      for (const std::int64_t low : {std::int64_t{0}, std::int64_t{1} << 40}) {
        const auto suspects = slices.suspects_in_level(low, low + 100, factor);
        CHECK(suspects.size() <= 101);
        for (const auto z : suspects) CHECK((z >= low && z <= low + 100));
      }
      (void)slices.resolve_level(std::int64_t{1} << 50, factor);
    }
  }
}
