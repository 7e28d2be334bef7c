#include "format/tiles/tile_types.hpp"

#include <memory>
#include <string>

#include "support/catch.hpp"

using namespace catvox;

namespace {

std::unique_ptr<const TileStore> store_of(int type, const std::string& base, const std::string& extension) {
  TileStore::Level level;
  level.level = 2;
  level.shape = {10, 5000, 5000};
  level.image_base = base;
  level.tile_height = 514;
  level.tile_width = 512;
  level.file_extension = extension;
  level.mirror_title = "lab";
  switch (type) {
    case 1:
      return std::make_unique<const detail::FileBasedTileStore>(std::move(level));
    case 4:
      return std::make_unique<const detail::ZoomDirectoryTileStore>(std::move(level));
    default:
      return std::make_unique<const detail::DirectoryTileStore>(std::move(level));
  }
}

}  // namespace

TEST_CASE("tile URLs are those of CATMAID", "[format]") {
  // At level 0 these are the vectors of CATMAID's own test_tilesources.js (column 4, row 5, slice 3).
  const auto [type, base, extension, level, expected] =
      GENERATE(table<int, std::string, std::string, int, std::string>({
          {1, "https://example.com/", "png", 0, "https://example.com/3/5_4_0.png"},
          {4, "https://example.com/", "png", 0, "https://example.com/3/0/5_4.png"},
          {5, "https://example.com/", "png", 0, "https://example.com/0/3/5/4.png"},
          {1, "https://example.com/a/", "jpg", 7, "https://example.com/a/3/5_4_7.jpg"},
          {4, "https://example.com/a/", "jpg", 7, "https://example.com/a/3/7/5_4.jpg"},
          {5, "https://example.com/a/", "jpg", 7, "https://example.com/a/7/3/5/4.jpg"},
          {1, "https://example.com/x?p=", "jpg?q=1", 1, "https://example.com/x?p=3/5_4_1.jpg?q=1"},  // verbatim
      }));
  CAPTURE(type, base, extension, level);
  CHECK(store_of(type, base, extension)->tile_url({level, 3, 5, 4}) == expected);
}

TEST_CASE("a tile store's chunks are tiles, rows before columns", "[format]") {
  const auto store = store_of(5, "http://h/", "jpg");
  CHECK(store->chunk_shape() == Shape3{1, 514, 512});
  CHECK(store->dtype() == DType::uint8);
  CHECK(store->request({3, 5, 4}).key == "http://h/2/3/5/4.jpg");
  CHECK(store->request({3, 5, 4}).max_bytes == 8 * 514 * 512 + 1048576);
  CHECK(store->describe({3, 5, 4}) == "tile (level 2, slice 3, row 5, column 4)");
}
