#pragma once

#include <catvox/format/tiles/tile_store.hpp>
#include <string>

#include "format/tiles/open_tiles.hpp"

namespace catvox::detail {

// A class for each of CATMAID's tile source types whose URLs follow from image_base alone: where a tile lies, and what
// holds for its server. b = image_base, e = file_extension, w, h = tile size, x = column * w, y = row * h, s = level.
// Where a server answers 404 for a wrong name as well, and a blank image where there is nothing, 404 is an error: as
// missing it would be silent zeros.

/// Type 1, and 9 (FlixServer, whose settings are the viewer's and not the stack's): b z/row_column_s.e
class FileBasedTileStore final : public TileStore {
 public:
  static constexpr TileRules rules{};
  using TileStore::TileStore;
  [[nodiscard]] std::string tile_url(const TileIndex& t) const override;
};

/// Type 4: b z/s/row_column.e
class ZoomDirectoryTileStore final : public TileStore {
 public:
  static constexpr TileRules rules{};
  using TileStore::TileStore;
  [[nodiscard]] std::string tile_url(const TileIndex& t) const override;
};

/// Type 5: b s/z/row/column.e
class DirectoryTileStore final : public TileStore {
 public:
  static constexpr TileRules rules{};
  using TileStore::TileStore;
  [[nodiscard]] std::string tile_url(const TileIndex& t) const override;
};

/// Type 2: b?x=…&y=…&width=w&height=h&row=y&col=x&scale=1&z=z. The one server that is known (Volumina's) counts x and y
/// at full resolution whatever the scale, and swaps width and height: right are square tiles of level 0.
class RequestQueryTileStore final : public TileStore {
 public:
  static constexpr TileRules rules{.not_found_is_missing = false, .highest_level = 0, .square = true};
  using TileStore::TileStore;
  [[nodiscard]] std::string tile_url(const TileIndex& t) const override;
};

/// Type 6: b w_h/x_y_z/e, XZ b w_h/x_z_y/e, ZY b h_w/z_y_x/e transposed (DVID's plane is YZ; its sizes are along y and
/// z, which CATMAID's client has the other way round). The URL has no level. Blank where there is nothing.
class DvidVoxelTileStore final : public TileStore {
 public:
  static constexpr TileRules rules{.not_found_is_missing = false, .highest_level = 0};
  using TileStore::TileStore;
  [[nodiscard]] std::string tile_url(const TileIndex& t) const override;
  [[nodiscard]] bool transposed() const override { return level().orientation == Orientation::zy; }
};

/// Type 7: b largeDataTileSource/w/h/s/z/row/column.e?maxTileSpecsToRender=N. Without a large N the server draws green
/// outlines instead of pixels, with status 200, wherever more than 40 of its own tiles meet one of these.
class RenderTileStore final : public TileStore {
 public:
  static constexpr TileRules rules{.not_found_is_missing = false};
  using TileStore::TileStore;
  [[nodiscard]] std::string tile_url(const TileIndex& t) const override;
};

/// Type 12: b xy/w/s/column/row/z, XZ xz/w/s/column/z/row, ZY yz/w/s/z/row/column transposed: the numbers are x, y and z
/// in this order, which CATMAID's client has wrong for ZY. The token is a header of the mirror's session. Tiles that
/// stick out of the experiment's frame are 400.
class BossTileStore final : public TileStore {
 public:
  static constexpr TileRules rules{.not_found_is_missing = false, .highest_level = 9, .square = true};
  using TileStore::TileStore;
  [[nodiscard]] std::string tile_url(const TileIndex& t) const override;
  [[nodiscard]] bool transposed() const override { return level().orientation == Orientation::zy; }
};

/// Type 10: b with %SCALE_DATASET%, %AXIS_0%, %AXIS_1% and %AXIS_2% (the first of each) replaced by "s" s, x, y and z,
/// then .e; the server transposes by itself.
class H2n5TileStore final : public TileStore {
 public:
  static constexpr TileRules rules{.not_found_is_missing = false};
  using TileStore::TileStore;
  [[nodiscard]] std::string tile_url(const TileIndex& t) const override;
};

/// \throws Error{invalid_metadata} if the tile size that stands in image_base is not the mirror's
Opened open_h2n5(const MirrorLocation& location, const MirrorAccess& access);

}  // namespace catvox::detail
