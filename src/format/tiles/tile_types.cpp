#include "format/tiles/tile_types.hpp"

#include <algorithm>
#include <catvox/core/error.hpp>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace catvox::detail {
namespace {

std::string text(std::int64_t number) { return std::to_string(number); }

std::string_view without_end_slashes(std::string_view path) {
  while (path.ends_with('/')) path.remove_suffix(1);
  return path;
}

// As JavaScript's replace() with a string: the first occurrence.
void replace_first(std::string& in, std::string_view what, const std::string& by) {
  if (const auto at = in.find(what); at != std::string::npos) in.replace(at, what.size(), by);
}

constexpr std::string_view scale_placeholder = "%SCALE_DATASET%";

// The tile size of an h2n5 base: the last component of the form 512_256 before the coordinates; empty if there is none.
std::string_view h2n5_size(std::string_view base) {
  base = base.substr(0, base.find("%AXIS_"));
  std::string_view size;
  while (!base.empty()) {
    const auto end = std::min(base.find('/'), base.size());
    const std::string_view part = base.substr(0, end);
    const bool numbers = part.find_first_not_of("0123456789_") == std::string_view::npos;
    if (numbers && std::count(part.begin(), part.end(), '_') == 1 && part.size() > 2) size = part;
    base.remove_prefix(std::min(end + 1, base.size()));
  }
  return size;
}

}  // namespace

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

std::string RequestQueryTileStore::tile_url(const TileIndex& t) const {
  const char separator = image_base().find('?') == std::string::npos ? '?' : '&';
  return image_base() + separator + "x=" + text(t.column * level().tile_width) +
         "&y=" + text(t.row * level().tile_height) + "&width=" + text(level().tile_width) +
         "&height=" + text(level().tile_height) + "&row=y&col=x&scale=1&z=" + text(t.slice);
}

std::string DvidVoxelTileStore::tile_url(const TileIndex& t) const {
  const std::string w = text(level().tile_width), h = text(level().tile_height);
  const std::string x = text(t.column * level().tile_width), y = text(t.row * level().tile_height);
  const std::string z = text(t.slice);
  switch (level().orientation) {
    case Orientation::xz:
      return image_base() + w + "_" + h + "/" + x + "_" + z + "_" + y + "/" + file_extension();
    case Orientation::zy:
      return image_base() + h + "_" + w + "/" + z + "_" + y + "_" + x + "/" + file_extension();
    case Orientation::xy:
      break;
  }
  return image_base() + w + "_" + h + "/" + x + "_" + y + "_" + z + "/" + file_extension();
}

std::string RenderTileStore::tile_url(const TileIndex& t) const {
  const char separator = file_extension().find('?') == std::string::npos ? '?' : '&';
  return image_base() + "largeDataTileSource/" + text(level().tile_width) + "/" + text(level().tile_height) + "/" +
         text(t.level) + "/" + text(t.slice) + "/" + text(t.row) + "/" + text(t.column) + "." + file_extension() +
         separator + "maxTileSpecsToRender=1000000";
}

std::string BossTileStore::tile_url(const TileIndex& t) const {
  const auto tile = [&](const char* plane, std::int64_t x, std::int64_t y, std::int64_t z) {
    return image_base() + plane + text(level().tile_width) + "/" + text(t.level) + "/" + text(x) + "/" + text(y) + "/" +
           text(z);
  };
  switch (level().orientation) {
    case Orientation::xz:
      return tile("xz/", t.column, t.slice, t.row);
    case Orientation::zy:
      return tile("yz/", t.slice, t.row, t.column);
    case Orientation::xy:
      break;
  }
  return tile("xy/", t.column, t.row, t.slice);
}

std::string H2n5TileStore::tile_url(const TileIndex& t) const {
  std::string url(without_end_slashes(image_base()));
  replace_first(url, scale_placeholder, "s" + text(t.level));
  replace_first(url, "%AXIS_0%", text(t.column * level().tile_width));
  replace_first(url, "%AXIS_1%", text(t.row * level().tile_height));
  replace_first(url, "%AXIS_2%", text(t.slice));
  return url + "." + file_extension();
}

Opened open_h2n5(const MirrorLocation& location, const MirrorAccess& access) {
  const std::string own = text(location.tile_width) + "_" + text(location.tile_height);
  if (const auto size = h2n5_size(location.image_base); !size.empty() && size != own) {
    throw Error(Errc::invalid_metadata,
                "its image_base asks for tiles of " + std::string(size) + " pixels, the mirror's tile size is " + own);
  }
  TileRules rules = H2n5TileStore::rules;
  if (location.image_base.find(scale_placeholder) == std::string::npos) rules.highest_level = 0;
  return open_tiles(location, access, rules, [](TileStore::Level level) -> std::unique_ptr<const TileStore> {
    return std::make_unique<const H2n5TileStore>(std::move(level));
  });
}

}  // namespace catvox::detail
