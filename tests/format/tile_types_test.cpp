// What each tile source type asks for, and what an answer of 404 means there. Expected URLs: what the types' servers
// parse, by hand for slice 3, row 5, column 4 of tiles that are 512 wide and 256 tall.
#include "format/tiles/tile_types.hpp"

#include <catvox/core/error.hpp>
#include <string>
#include <vector>

#include "format/tiles/catmaid_tiles.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"

using namespace catvox;
using namespace catvox::detail;
using catvox::test::error_of;

namespace {

using Open = Opened (*)(const MirrorLocation&, const MirrorAccess&);

MirrorLocation location_of(const std::string& base, const std::string& extension, Orientation orientation) {
  MirrorLocation location;
  location.image_base = base;
  location.file_extension = extension;
  location.title = "lab";
  location.tile_width = 512;
  location.tile_height = 256;
  location.orientation = orientation;
  location.scales.dimension = {5000, 3000, 40};
  location.scales.num_zoom_levels = 12;
  location.server = "https://catmaid.org/lab/";
  location.project_id = 1;
  location.stack_id = 2;
  return location;
}

struct Asked {
  Opened opened;
  SourceNeeds needs;

  [[nodiscard]] std::string url(int level) const {
    return opened.levels.at(static_cast<std::size_t>(level)).store->request({3, 5, 4}).key;
  }
};

Asked open_with(Open open, const MirrorLocation& location) {
  Asked asked;
  const MirrorAccess access{.source = [&](const SourceNeeds& needs) {
    asked.needs = needs;
    return nullptr;
  }};
  asked.opened = open(location, access);
  return asked;
}

constexpr auto xy = Orientation::xy, xz = Orientation::xz, zy = Orientation::zy;

}  // namespace

TEST_CASE("each tile source type asks what its server serves", "[format]") {
  struct Row {
    Open open;
    Orientation orientation;
    std::string base, extension;
    int level;
    std::string url;
  };
  const std::string h2n5 = "http://h/tile/v.n5/%SCALE_DATASET%/0_1/512_256/%AXIS_0%/%AXIS_1%/%AXIS_2%";
  const std::string catmaid =
      "https://catmaid.org/lab/1/stack/2/tile?x=2048&y=1280&width=512&height=256&row=y&col=x&scale=";
  const Row row = GENERATE_COPY(values<Row>({
      {&open_tiles<DvidVoxelTileStore>, xy, "http://h/raw/0_1/", "png", 0, "http://h/raw/0_1/512_256/2048_1280_3/png"},
      {&open_tiles<DvidVoxelTileStore>, xz, "http://h/raw/0_2/", "jpg:80", 0,
       "http://h/raw/0_2/512_256/2048_3_1280/jpg:80"},
      {&open_tiles<DvidVoxelTileStore>, zy, "http://h/raw/1_2/", "png", 0, "http://h/raw/1_2/256_512/3_1280_2048/png"},
      {&open_tiles<RenderTileStore>, xy, "http://h/s/", "png", 7,
       "http://h/s/largeDataTileSource/512/256/7/3/5/4.png?maxTileSpecsToRender=1000000"},
      {&open_tiles<RenderTileStore>, xy, "http://h/s/", "jpg?filter=true", 0,
       "http://h/s/largeDataTileSource/512/256/0/3/5/4.jpg?filter=true&maxTileSpecsToRender=1000000"},
      {&open_h2n5, xy, h2n5, "jpg?q=80", 2, "http://h/tile/v.n5/s2/0_1/512_256/2048/1280/3.jpg?q=80"},
      {&open_h2n5, xy, h2n5 + "/", "png", 0, "http://h/tile/v.n5/s0/0_1/512_256/2048/1280/3.png"},
      {&open_h2n5, zy, "http://h/tile/v/2_1/512_256/%AXIS_2%/%AXIS_1%/%AXIS_0%", "png", 0,
       "http://h/tile/v/2_1/512_256/3/1280/2048.png"},
      {&open_catmaid_cloud_volume, xy, "precomputed://gs://a b/ü", "jpg?x", 0,
       catmaid + "1&z=3&file_extension=jpeg&basename=precomputed%3A%2F%2Fgs%3A%2F%2Fa+b%2F%C3%BC&type=all&format="
                 "cloudvolume"},
      {&open_catmaid_cloud_volume, xy, "v", "png", 7,
       catmaid + "0.0078125&z=3&file_extension=png&basename=v&type=all&format=cloudvolume"},
  }));
  CAPTURE(row.url);
  const auto asked = open_with(row.open, location_of(row.base, row.extension, row.orientation));
  CHECK(asked.url(row.level) == row.url);
}

TEST_CASE("square tiles: request queries and the Boss, whose numbers are x, y, z whatever the plane", "[format]") {
  const auto url = [](Open open, Orientation orientation) {
    auto location = location_of("http://h/c/", "png", orientation);
    location.tile_height = 512;
    return open_with(open, location).url(0);
  };
  CHECK(url(&open_tiles<RequestQueryTileStore>, xz) ==
        "http://h/c/?x=2048&y=2560&width=512&height=512&row=y&col=x&scale=1&z=3");
  CHECK(url(&open_tiles<BossTileStore>, xy) == "http://h/c/xy/512/0/4/5/3");
  CHECK(url(&open_tiles<BossTileStore>, xz) == "http://h/c/xz/512/0/4/3/5");
  CHECK(url(&open_tiles<BossTileStore>, zy) == "http://h/c/yz/512/0/3/5/4");
  const auto refused = [](Open open) {
    return std::string(error_of([&] { (void)open_with(open, location_of("http://h/", "png", xy)); }).what());
  };
  CHECK(refused(&open_tiles<BossTileStore>) == "tiles of this type must be square, not 512 x 256");
  CHECK(refused(&open_tiles<RequestQueryTileStore>) == "tiles of this type must be square, not 512 x 256");
}

TEST_CASE("HDF5 tiles are asked for without what sticks out", "[format]") {
  const auto asked = open_with(&open_catmaid_hdf5, location_of("em", "png", xy));
  const std::string end = "&row=y&col=x&scale=1&z=39&file_extension=png&basename=em&type=all&format=hdf5";
  // The level is 5000 x 3000: its last column begins at 4608, its last row at 2816.
  CHECK(asked.opened.levels[0].store->request({39, 11, 9}).key ==
        "https://catmaid.org/lab/1/stack/2/tile?x=4608&y=2816&width=392&height=184" + end);
}

TEST_CASE("404 is nothing where tiles may be absent, and an error where the server has another word for that",
          "[format]") {
  const auto [open, square, missing, token, levels] = GENERATE(table<Open, bool, bool, bool, std::size_t>({
      {&open_tiles<FileBasedTileStore>, false, true, false, 13},      // types 1 and 9
      {&open_tiles<ZoomDirectoryTileStore>, false, true, false, 13},  // 4
      {&open_tiles<DirectoryTileStore>, false, true, false, 13},      // 5
      {&open_tiles<RequestQueryTileStore>, true, false, false, 1},    // 2
      {&open_catmaid_hdf5, false, false, true, 1},                    // 3
      {&open_tiles<DvidVoxelTileStore>, false, false, false, 1},      // 6
      {&open_tiles<RenderTileStore>, false, false, false, 13},        // 7
      {&open_h2n5, false, false, false, 1},                           // 10, without %SCALE_DATASET%
      {&open_tiles<BossTileStore>, true, false, false, 10},           // 12
      {&open_catmaid_cloud_volume, false, false, true, 13},           // 13
  }));
  auto location = location_of("http://h/", "png", xy);
  if (square) location.tile_width = location.tile_height;
  const auto asked = open_with(open, location);
  CHECK(asked.needs.not_found_is_missing == missing);
  CHECK(asked.needs.api_token == token);
  CHECK(asked.needs.cacheable);
  CHECK(asked.opened.levels.size() == levels);
}

TEST_CASE("what cannot be is refused when a tile mirror is opened", "[format]") {
  auto location = location_of("http://h/tile/v/0_1/512_512/%AXIS_0%/%AXIS_1%/%AXIS_2%", "png", xy);
  CHECK(std::string(error_of([&] { (void)open_with(&open_h2n5, location); }).what()) ==
        "its image_base asks for tiles of 512_512 pixels, the mirror's tile size is 512_256");
  location.server = "file:///export/";
  for (const Open open : {&open_catmaid_hdf5, &open_catmaid_cloud_volume}) {
    CHECK(std::string(error_of([&] { (void)open_with(open, location); }).what()) ==
          "a CATMAID server makes its tiles, and no URL of one is known");
  }
  location.fault = "stack info: odd";
  CHECK(std::string(error_of([&] { (void)open_with(&open_tiles<DirectoryTileStore>, location); }).what()) ==
        "stack info: odd");
}
