#pragma once

#include <catvox/format/tiles/tile_store.hpp>
#include <string>

#include "format/tiles/open_tiles.hpp"

namespace catvox::detail {

// A class for each of CATMAID's tile source types: where a tile lies, and what holds for its server.

/// "File-based image stack": {base}{z}/{row}_{column}_{level}.{ext}
class FileBasedTileStore final : public TileStore {
 public:
  static constexpr TileRules rules{};
  using TileStore::TileStore;
  [[nodiscard]] std::string tile_url(const TileIndex& t) const override;
};

/// "File-based image stack with zoom level directories": {base}{z}/{level}/{row}_{column}.{ext}
class ZoomDirectoryTileStore final : public TileStore {
 public:
  static constexpr TileRules rules{};
  using TileStore::TileStore;
  [[nodiscard]] std::string tile_url(const TileIndex& t) const override;
};

/// "Directory-based image stack": {base}{level}/{z}/{row}/{column}.{ext}
class DirectoryTileStore final : public TileStore {
 public:
  static constexpr TileRules rules{};
  using TileStore::TileStore;
  [[nodiscard]] std::string tile_url(const TileIndex& t) const override;
};

}  // namespace catvox::detail
