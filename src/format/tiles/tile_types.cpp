#include "format/tiles/tile_types.hpp"

#include <cstdint>

namespace catvox::detail {
namespace {

std::string text(std::int64_t number) { return std::to_string(number); }

}  // namespace

// URL layouts: CATMAID's tile-source.js.

std::string FileBasedTileStore::tile_url(const TileIndex& t) const {
  return image_base() + text(t.slice) + "/" + text(t.row) + "_" + text(t.column) + "_" + text(t.level) + "." +
         file_extension();
}

std::string ZoomDirectoryTileStore::tile_url(const TileIndex& t) const {
  return image_base() + text(t.slice) + "/" + text(t.level) + "/" + text(t.row) + "_" + text(t.column) + "." +
         file_extension();
}

std::string DirectoryTileStore::tile_url(const TileIndex& t) const {
  return image_base() + text(t.level) + "/" + text(t.slice) + "/" + text(t.row) + "/" + text(t.column) + "." +
         file_extension();
}

}  // namespace catvox::detail
