#include "format/tiles/dvid_tiles.hpp"

#include <array>
#include <catvox/core/error.hpp>
#include <catvox/format/tiles/tile_store.hpp>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "bytes/json.hpp"
#include "format/tiles/open_tiles.hpp"

namespace catvox::detail {
namespace {

constexpr std::int64_t largest_side = 65535;

class DvidTileStore final : public TileStore {
 public:
  using TileStore::TileStore;

  [[nodiscard]] std::string tile_url(const TileIndex& t) const override {
    const auto tile = [&](const char* plane, std::int64_t x, std::int64_t y, std::int64_t z) {
      return image_base() + plane + std::to_string(t.level) + "/" + std::to_string(x) + "_" + std::to_string(y) + "_" +
             std::to_string(z) + "?noblanks=true";
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

  [[nodiscard]] bool transposed() const override { return level().orientation == Orientation::zy; }
};

// Width and height of the stack's tiles, of TileSize along x, y and z.
std::pair<std::int64_t, std::int64_t> in_plane(const std::array<std::int64_t, 3>& size, Orientation orientation) {
  switch (orientation) {
    case Orientation::xz:
      return {size[0], size[2]};
    case Orientation::zy:
      return {size[2], size[1]};
    case Orientation::xy:
      break;
  }
  return {size[0], size[1]};
}

using Sizes = std::map<int, std::array<std::int64_t, 3>>;

Sizes read_sizes(const std::string& body) {
  const Json metadata = parse_json(body, "DVID metadata");
  const JsonNode levels = JsonNode(metadata, "DVID metadata").at("Levels");
  if (!levels.value().is_object()) levels.complain("an object");
  Sizes sizes;
  for (const auto& [key, value] : levels.value().items()) {
    const auto number = to_integer(Json(key));
    if (!number || *number < 0 || *number > 62) levels.complain("an object with levels as keys");
    const auto side = levels.at(key.c_str()).at("TileSize").items();
    if (side.size() != 3) levels.at(key.c_str()).at("TileSize").complain("a list of three numbers");
    sizes[static_cast<int>(*number)] = {side[0].integer(1, largest_side), side[1].integer(1, largest_side),
                                        side[2].integer(1, largest_side)};
  }
  return sizes;
}

}  // namespace

Opened open_dvid_tiles(const MirrorLocation& location, const MirrorAccess& access) {
  constexpr std::string_view end = "tile/";
  if (!location.image_base.ends_with(end)) {
    throw Error(Errc::invalid_metadata, "the image_base of DVID tiles must end in \"/tile/\"");
  }
  const auto url = location.image_base.substr(0, location.image_base.size() - end.size()) + "metadata";
  const auto source = access.source({.not_found_is_missing = false});
  const Sizes sizes = read_sizes(fetch_text(*source, url, access).value_or(""));

  Opened all = open_tiles(location, access, {}, [&](TileStore::Level level) -> std::unique_ptr<const TileStore> {
    if (const auto size = sizes.find(level.level); size != sizes.end()) {
      std::tie(level.tile_width, level.tile_height) = in_plane(size->second, location.orientation);
    }
    return std::make_unique<const DvidTileStore>(std::move(level));
  });
  Opened opened;
  for (OpenedLevel& level : all.levels) {
    if (!sizes.contains(level.level)) continue;
    if (level.factors.z != 1) {  // the server scales tiles in their plane only
      opened.warnings.push_back("level " + std::to_string(level.level) +
                                " is left out: its factor in z is not 1, as those of DVID tiles are");
      continue;
    }
    opened.levels.push_back(std::move(level));
  }
  if (opened.levels.empty()) {
    throw Error(Errc::not_found, "the server's metadata has none of the stack's levels");
  }
  return opened;
}

}  // namespace catvox::detail
