// A CATMAID instance in a folder, opened as a server is.
#include <catvox/catmaid/catmaid_client.hpp>
#include <catvox/core/error.hpp>
#include <catvox/export/catmaid_folder.hpp>
#include <catvox/export/run_export.hpp>
#include <catvox/http/url.hpp>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "export/made_level.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/temp_dir.hpp"

using namespace catvox;
using catvox::test::error_of;
using catvox::test::MadeLevel;
using catvox::test::TempDir;
using catvox::test::view_of;

namespace {

std::shared_ptr<MadeLevel> level_as(DType type, Orientation orientation = Orientation::xy) {
  auto level = std::make_shared<MadeLevel>();
  level->type = type;
  level->place =
      LevelGeometry({.resolution = {4, 5, 40}, .translation = {1000, 2000, 3000}, .orientation = orientation},
                    {1, 1, 1}, {20, 70, 100});
  return level;
}

CatmaidClient client(const TempDir& folder) {
  return CatmaidClient({.server = file_url((folder.path() / "out").string()), .project_id = 1});
}

/// The largest difference to MadeLevel's voxels of a level, sections 7 and 8 left out: they are marked as broken.
template <class T>
double largest_difference(const Stack& stack, int number) {
  const xt::xtensor<T, 3> voxels = stack.scale<T>(0);
  double largest = voxels.shape(0) == 20 && voxels.shape(1) == 70 && voxels.shape(2) == 100 ? 0 : 1000;
  for (std::int64_t z = 0; z < 20 && largest < 1000; ++z) {
    if (z == 7 || z == 8) continue;
    for (std::int64_t y = 0; y < 70; ++y) {
      for (std::int64_t x = 0; x < 100; ++x) {
        const double difference = static_cast<double>(voxels(z, y, x)) - MadeLevel::voxel(number, z, y, x);
        largest = std::max(largest, std::abs(difference));
      }
    }
  }
  return largest;
}

}  // namespace

TEST_CASE("catvox opens the CATMAID instance that it wrote, and the world is where it was", "[export][catmaid]") {
  const auto orientation = GENERATE(Orientation::xy, Orientation::xz, Orientation::zy);
  const std::string images = GENERATE("jpeg", "n5");
  CAPTURE(name(orientation), images);
  const TempDir folder;
  const auto level = level_as(DType::uint8, orientation);
  ExportVolume volume(view_of(level));
  volume.make_levels(2, Downsampling::average);
  const auto writer = catmaid_folder_writer(volume, folder.path() / "out",
                                            {.title = "em",
                                             .images = images,
                                             .tile_side = 48,
                                             .jpeg_quality = 100,
                                             .blocks = {.block_shape = {8, 16, 32}},
                                             .broken_slices = {{7, 1}, {8, 1}, {25, 1}}});
  CHECK(run_export(volume, *writer).complete());

  const CatmaidClient server = client(folder);
  CHECK(server.projects().at(0).title == "em");
  CHECK(server.stacks().at(0).title == "em");
  CHECK(server.groups_of(1).empty());
  const Stack stack = server.stack("em");
  CHECK(stack.info().orientation == orientation);
  CHECK(stack.info().broken_slices == std::map<std::int64_t, std::int64_t>{{7, 1}, {8, 1}});
  CHECK(stack.levels() == 3);
  const LevelGeometry& expected = level->place;
  CHECK(stack.source(0)->geometry() == expected);
  CHECK(stack.world_box() == WorldBox{expected.voxel_to_world({0, 0, 0}), expected.voxel_to_world({20, 70, 100})});
  CHECK(largest_difference<std::uint8_t>(stack, 0) <= (images == "jpeg" ? 4 : 0));
}

TEST_CASE("channels become stacks of a group", "[export][catmaid]") {
  const TempDir folder;
  const auto red = level_as(DType::uint16), green = level_as(DType::uint16);
  green->number = 1;
  const ExportVolume volume(std::vector<ExportView>{view_of(red), view_of(green)});
  const auto writer = catmaid_folder_writer(volume, folder.path() / "out",
                                            {.title = "both", .channel_titles = {"red", "green"}, .images = "n5"});
  CHECK(run_export(volume, *writer).complete());
  const CatmaidClient server = client(folder);
  const std::vector<StackGroup> groups = server.groups_of("green");
  REQUIRE(groups.size() == 1);
  CHECK(groups[0].title == "both");
  CHECK(groups[0].stacks == std::vector<StackGroup::Member>{{1, "channel", 0}, {2, "channel", 1}});
  CHECK(largest_difference<std::uint16_t>(server.stack("red"), 0) == 0);
  CHECK(largest_difference<std::uint16_t>(server.stack("green"), 1) == 0);
}

TEST_CASE("what a CATMAID instance cannot say is an error before anything is written", "[export][catmaid]") {
  const TempDir folder;
  const auto message = [&](const ExportVolume& volume, const CatmaidFolderOptions& options) {
    return std::string(error_of([&] { catmaid_folder_writer(volume, folder.path() / "out", options); }).what());
  };
  CHECK(message(view_of(level_as(DType::uint64)), {}) ==
        "JPEG tiles cannot hold uint64 voxels, only uint8: write N5 instead");
  CHECK(message(view_of(level_as(DType::uint8)), {.images = "png"}) ==
        "images of a CATMAID instance are written as jpeg or n5, not \"png\"");
  const auto level = level_as(DType::uint8), coarse = level_as(DType::uint8);
  coarse->number = 1;
  coarse->place = LevelGeometry({.resolution = {4, 5, 40}, .translation = {1000, 2000, 3000}}, {2, 2, 1}, {20, 35, 50});
  level->coarser = coarse;
  const std::array<Slice, 3> slices{Slice{}, Slice{.start = 1}, Slice{}};
  ExportVolume odd(ExportView(level, test::whole(*level).sliced(slices)));
  odd.copy_levels(1);
  CHECK(message(odd, {}) ==
        "the levels of a CATMAID stack have one corner, and the box begins inside of a coarser voxel: choose a box "
        "that begins "
        "on the coarsest level's grid, or have the levels made");
  const std::array<std::size_t, 3> rows_last{0, 2, 1};
  CHECK(message(ExportView(level, test::whole(*level).transposed(rows_last)), {}) ==
        "CATMAID has stacks with the axes (z, y, x), (y, z, x) and (x, y, z), not (z, x, y)");
  CHECK_FALSE(std::filesystem::exists(folder.path() / "out"));
}
