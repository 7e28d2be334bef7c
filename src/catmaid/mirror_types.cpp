#include "catmaid/mirror_types.hpp"

#include <algorithm>
#include <array>
#include <catvox/catmaid/mirror_types.hpp>
#include <cstddef>

#include "format/n5/open_n5.hpp"
#include "format/precomputed/open_precomputed.hpp"
#include "format/tiles/catmaid_tiles.hpp"
#include "format/tiles/dvid_tiles.hpp"
#include "format/tiles/tile_types.hpp"

namespace catvox {
namespace {

using namespace detail;

// The one table of mirror types: number, name as CATMAID's documentation has it, how to open.
struct Row {
  int number;
  std::string_view name;
  OpenMirror open = nullptr;
  bool by_catmaid = false;  // image_base is a name for the server, no URL
};

constexpr std::array table{
    Row{1, "File-based image stack", &open_tiles<FileBasedTileStore>},
    Row{2, "Request query-based image stack", &open_tiles<RequestQueryTileStore>},
    Row{3, "HDF5 via CATMAID backend", &open_catmaid_hdf5, true},
    Row{4, "File-based image stack with zoom level directories", &open_tiles<ZoomDirectoryTileStore>},
    Row{5, "Directory-based image stack", &open_tiles<DirectoryTileStore>},
    Row{6, "DVID imageblk voxels", &open_tiles<DvidVoxelTileStore>},
    Row{7, "Render service", &open_tiles<RenderTileStore>},
    Row{8, "DVID imagetile tiles", &open_dvid_tiles},
    Row{9, "FlixServer tiles", &open_tiles<FileBasedTileStore>},
    Row{10, "H2N5 tiles", &open_h2n5},
    Row{11, "N5 image blocks", &open_n5},
    Row{12, "JHU/APL Boss tiles", &open_tiles<BossTileStore>},
    Row{13, "CloudVolume tiles", &open_catmaid_cloud_volume, true},
    Row{14, "Neuroglancer precomputed image blocks", &open_precomputed},
};

constexpr auto public_table = [] {
  std::array<MirrorType, table.size()> types{};
  for (std::size_t i = 0; i < types.size(); ++i) types[i] = {table[i].number, table[i].name, table[i].open != nullptr};
  return types;
}();

const Row* find(int number) noexcept {
  const auto* const row =
      std::find_if(table.begin(), table.end(), [number](const Row& r) { return r.number == number; });
  return row == table.end() ? nullptr : row;
}

}  // namespace

std::span<const MirrorType> mirror_types() noexcept { return public_table; }

bool is_supported(int tile_source_type) noexcept { return detail::mirror_opener(tile_source_type) != nullptr; }

namespace detail {

OpenMirror mirror_opener(int tile_source_type) noexcept {
  const Row* const row = find(tile_source_type);
  return row == nullptr ? nullptr : row->open;
}

bool is_served_by_catmaid(int tile_source_type) noexcept {
  const Row* const row = find(tile_source_type);
  return row != nullptr && row->by_catmaid;
}

std::string unreadable_type_text(int tile_source_type) {
  const Row* const row = find(tile_source_type);
  std::string text = "tile source type " + std::to_string(tile_source_type);
  if (row != nullptr) text.append(" (").append(row->name).append(")");
  return text + ", which is not read";
}

}  // namespace detail
}  // namespace catvox
