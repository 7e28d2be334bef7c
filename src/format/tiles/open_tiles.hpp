#pragma once

#include <catvox/format/tiles/tile_store.hpp>
#include <memory>
#include <utility>

#include "format/opened.hpp"

namespace catvox::detail {

/// What holds for a tile source type beside where its tiles lie.
struct TileRules {
  bool not_found_is_missing = true;  ///< see SourceNeeds
};

using MakeTileStore = std::unique_ptr<const TileStore> (*)(TileStore::Level);

/// Every level that the stack says there is, as tiles. Nothing is fetched.
Opened open_tiles(const MirrorLocation& location, const MirrorAccess& access, const TileRules& rules,
                  MakeTileStore make);

/// The row of a tile source type in the table of mirror types: `&open_tiles<DirectoryTileStore>`.
template <class Store>
Opened open_tiles(const MirrorLocation& location, const MirrorAccess& access) {
  const MakeTileStore make = [](TileStore::Level level) -> std::unique_ptr<const TileStore> {
    return std::make_unique<const Store>(std::move(level));
  };
  return open_tiles(location, access, Store::rules, make);
}

}  // namespace catvox::detail
