// Slices that are made at run time, by position and by the names of axes; points with named members.

#include <catvox/array/scale_view.hpp>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "memory_level.hpp"
#include "support/catch.hpp"

using catvox::AnySlice;
using catvox::ScaleView;
using catvox::Shape3;
using catvox::VoxelPoint;
using catvox::testing::MemoryLevel;
using xt::placeholders::_;

namespace {

using Voxel = std::uint16_t;

ScaleView<Voxel> make_level(catvox::Orientation orientation = catvox::Orientation::xy) {
  catvox::StackFrame frame;
  frame.resolution = {4, 5, 40};
  frame.translation = {100, 200, 300};
  frame.orientation = orientation;
  return ScaleView<Voxel>(std::make_shared<MemoryLevel<Voxel>>(Shape3{6, 7, 8}, Shape3{2, 4, 3}, frame));
}

}  // namespace

TEST_CASE("slices from a vector are those of slice()", "[array]") {
  const auto level = make_level();
  const std::vector<AnySlice> ranges{xt::range(1, 3), xt::all(), xt::range(_, _, -2)};
  CHECK((level.slice(ranges).load() == level.slice(xt::range(1, 3), xt::all(), xt::range(_, _, -2)).load()));
  CHECK((level.slice<2>({2, xt::range(1, 4)}).load() == level.slice(2, xt::range(1, 4)).load()));
  CHECK(level.slice<0>({-1, 2, std::uint8_t{3}})() == 523);
  CHECK((level.slice<4>({xt::ellipsis(), xt::newaxis(), xt::range(2, _)}).load() ==
         level.slice(xt::ellipsis(), xt::newaxis(), xt::range(2, _)).load()));
  CHECK((level.slice(std::vector<AnySlice>{}).load() == level.load()));

  CHECK_THROWS_WITH(level.slice({2, xt::all()}), "slice: the slices leave 2 axes, a view of 3 was asked for");
  CHECK_THROWS_WITH(level.slice<1>({2, 9}), "slice: index 9 is out of range for axis 1 with 7 voxels");
  const std::size_t z = 3;
  CHECK_THROWS_WITH(level.slice({xt::range(z - 8, z)}),
                    "slice: 18446744073709551611 for axis 0 is an unsigned number that went below 0");
}

TEST_CASE("axes are sliced by name, whatever the stack's orientation", "[array]") {
  const auto xy = make_level();
  CHECK((xy.slice_by_name<2>({{"z", 2}, {"x", xt::range(1, 4)}}).load() ==
         xy.slice(2, xt::all(), xt::range(1, 4)).load()));
  CHECK((xy.transpose().slice_by_name<2>({{"z", 2}}).load() == xy.slice(2).transpose().load()));
  const auto xz = make_level(catvox::Orientation::xz);  // slices along y
  CHECK((xz.slice_by_name<2>({{"y", 2}}).load() == xz.slice(2).load()));
  const auto zy = make_level(catvox::Orientation::zy);  // slices along x
  const std::vector<std::pair<std::string, AnySlice>> named{{"x", xt::range(1, 3)}, {"z", xt::range(_, _, -1)}};
  CHECK((zy.slice_by_name(named).load() == zy.slice(xt::range(1, 3), xt::all(), xt::range(_, _, -1)).load()));

  CHECK_THROWS_WITH(xy.slice_by_name({{"t", 2}}), "slice_by_name: axis \"t\" is none of \"z\", \"y\", \"x\"");
  CHECK_THROWS_WITH(xy.slice_by_name<1>({{"z", 2}, {"z", 3}}), "slice_by_name: axis \"z\" is sliced twice");
  CHECK_THROWS_WITH(xy.slice_by_name({{"z", xt::newaxis()}}), "slice_by_name: axis \"z\" takes an index or a range");
  CHECK_THROWS_WITH(xy.slice_by_name({{"z", 2}}), "slice: the slices leave 2 axes, a view of 3 was asked for");
}

TEST_CASE("points of voxels have named members, and are arrays where those are wanted", "[array]") {
  const auto level = make_level();
  const VoxelPoint point{.z = 1, .y = 2, .x = 2};
  CHECK(level.voxel_to_world(point) == catvox::WorldPoint{.x = 108, .y = 210, .z = 340});
  const std::array<double, 3> position = point;
  CHECK(position == std::array<double, 3>{1, 2, 2});
  CHECK(VoxelPoint::of(level.voxel_at({.x = 110, .y = 212.5, .z = 345})) == point);
  CHECK(VoxelPoint::of(level.world_to_voxel({.x = 110, .y = 212.5, .z = 345})) == VoxelPoint{1, 2.5, 2.5});
  std::ostringstream text;
  text << VoxelPoint{1, 2.5, 3};
  CHECK(text.str() == "(z 1, y 2.5, x 3)");
}
