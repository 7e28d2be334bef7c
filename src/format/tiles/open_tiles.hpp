#pragma once

#include <catvox/format/tiles/tile_store.hpp>
#include <functional>
#include <memory>
#include <utility>

#include "format/opened.hpp"

namespace catvox::detail {

/// What holds for a tile source type beside where its tiles lie.
struct TileRules {
  bool not_found_is_missing = true;  ///< see SourceNeeds
  int highest_level = 62;            ///< the last that its server has; the stack may say that there are more
  bool square = false;               ///< its server serves no others
  bool api_token = false;            ///< see SourceNeeds
};

using MakeTileStore = std::function<std::unique_ptr<const TileStore>(TileStore::Level)>;

/// Every level that the stack says there is and the server has, as tiles. Nothing is fetched.
/// \throws Error{invalid_metadata} if the mirror's record makes no sense; Error{unsupported} for a server that would not
///         serve such tiles
Opened open_tiles(const MirrorLocation& location, const MirrorAccess& access, const TileRules& rules,
                  const MakeTileStore& make);

/// The row of a tile source type in the table of mirror types: `&open_tiles<DirectoryTileStore>`.
template <class Store>
Opened open_tiles(const MirrorLocation& location, const MirrorAccess& access) {
  return open_tiles(location, access, Store::rules, [](TileStore::Level level) -> std::unique_ptr<const TileStore> {
    return std::make_unique<const Store>(std::move(level));
  });
}

}  // namespace catvox::detail
