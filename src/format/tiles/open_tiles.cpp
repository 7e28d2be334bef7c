#include "format/tiles/open_tiles.hpp"

#include <catvox/core/error.hpp>
#include <catvox/geometry/scale_levels.hpp>
#include <string>

namespace catvox::detail {

Opened open_tiles(const MirrorLocation& location, const MirrorAccess& access, const TileRules& rules,
                  const MakeTileStore& make) {
  if (!location.fault.empty()) throw Error(Errc::invalid_metadata, location.fault);
  if (rules.square && location.tile_height != location.tile_width) {
    throw Error(Errc::unsupported, "tiles of this type must be square, not " + std::to_string(location.tile_width) +
                                       " x " + std::to_string(location.tile_height));
  }
  const auto tiles = access.source(
      {.cacheable = true, .not_found_is_missing = rules.not_found_is_missing, .api_token = rules.api_token});
  Opened opened;
  for (const StackVector& factors : scale_factors(location.scales)) {
    const auto level = static_cast<int>(opened.levels.size());
    if (level > rules.highest_level) break;
    TileStore::Level of_tiles{.level = level,
                              .shape = tile_level_shape(location.scales.dimension, factors),
                              .image_base = location.image_base,
                              .tile_height = location.tile_height,
                              .tile_width = location.tile_width,
                              .file_extension = location.file_extension,
                              .mirror_title = location.title,
                              .orientation = location.orientation};
    opened.levels.push_back({level, factors, make(of_tiles), tiles});
    of_tiles.dtype = DType::uint16;  // which of the two they are, only the tiles know
    opened.levels.back().other_types.push_back(make(std::move(of_tiles)));
  }
  return opened;
}

}  // namespace catvox::detail
