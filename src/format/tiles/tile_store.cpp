#include <algorithm>
#include <catvox/codec/image.hpp>
#include <catvox/core/error.hpp>
#include <catvox/core/text.hpp>
#include <catvox/format/tiles/tile_store.hpp>
#include <utility>

#include "format/body_limit.hpp"

namespace catvox {
namespace {

std::string text(std::int64_t number) { return std::to_string(number); }

// URL layouts: CATMAID's tile-source.js.

// "File-based image stack": {base}{z}/{row}_{column}_{level}.{ext}
class FileBasedTileStore final : public TileStore {
 public:
  explicit FileBasedTileStore(Level level) : TileStore(std::move(level)) {}
  [[nodiscard]] std::string tile_url(const TileIndex& t) const override {
    return image_base() + text(t.slice) + "/" + text(t.row) + "_" + text(t.column) + "_" + text(t.level) + "." +
           file_extension();
  }
};

// "File-based image stack with zoom level directories": {base}{z}/{level}/{row}_{column}.{ext}
class ZoomDirectoryTileStore final : public TileStore {
 public:
  explicit ZoomDirectoryTileStore(Level level) : TileStore(std::move(level)) {}
  [[nodiscard]] std::string tile_url(const TileIndex& t) const override {
    return image_base() + text(t.slice) + "/" + text(t.level) + "/" + text(t.row) + "_" + text(t.column) + "." +
           file_extension();
  }
};

// "Directory-based image stack": {base}{level}/{z}/{row}/{column}.{ext}
class DirectoryTileStore final : public TileStore {
 public:
  explicit DirectoryTileStore(Level level) : TileStore(std::move(level)) {}
  [[nodiscard]] std::string tile_url(const TileIndex& t) const override {
    return image_base() + text(t.level) + "/" + text(t.slice) + "/" + text(t.row) + "/" + text(t.column) + "." +
           file_extension();
  }
};

template <class Store>
std::unique_ptr<const TileStore> make(TileStore::Level level) {
  return std::make_unique<const Store>(std::move(level));
}

struct TileSourceType {
  int number;
  std::unique_ptr<const TileStore> (*make)(TileStore::Level);
};

constexpr TileSourceType known_types[] = {
    {1, &make<FileBasedTileStore>},
    {4, &make<ZoomDirectoryTileStore>},
    {5, &make<DirectoryTileStore>},
};

}  // namespace

TileStore::TileStore(Level level) : level_(std::move(level)), chunk_shape_{1, level_.tile_height, level_.tile_width} {
  if (chunk_shape_[1] <= 0 || chunk_shape_[2] <= 0) {
    throw Error(Errc::invalid_metadata, "mirror " + in_quotes(level_.mirror_title) + " has tiles of " +
                                            text(chunk_shape_[2]) + " x " + text(chunk_shape_[1]) + " pixels");
  }
}

ByteRequest TileStore::request(const Index3& chunk) const {
  return {.key = tile_url({level_.level, chunk[0], chunk[1], chunk[2]}),
          .max_bytes = detail::image_body_limit(chunk_shape_[1], chunk_shape_[2])};
}

std::string TileStore::describe(const Index3& chunk) const {
  return "tile (level " + text(level_.level) + ", slice " + text(chunk[0]) + ", row " + text(chunk[1]) + ", column " +
         text(chunk[2]) + ")";
}

void TileStore::decode(const Index3&, std::span<const std::byte> encoded, const Box& window,
                       const StridedBytes& out) const {
  decode_grey8(encoded, {.height = chunk_shape_[1], .width = chunk_shape_[2]},
               {.row = window.min[1],
                .column = window.min[2],
                .height = window.max[1] - window.min[1],
                .width = window.max[2] - window.min[2]},
               0, reinterpret_cast<std::uint8_t*>(out.data), out.strides[1]);
}

const std::vector<int>& tile_source_types() {
  static const std::vector<int> numbers = [] {
    std::vector<int> result;
    for (const auto& type : known_types) result.push_back(type.number);
    return result;
  }();
  return numbers;
}

std::unique_ptr<const TileStore> make_tile_store(TileStore::Level level) {
  const int number = level.tile_source_type;
  const auto* found = std::find_if(std::begin(known_types), std::end(known_types),
                                   [number](const TileSourceType& type) { return type.number == number; });
  if (found == std::end(known_types)) {
    std::string known;
    for (const int type : tile_source_types()) known += (known.empty() ? "" : ", ") + text(type);
    throw Error(Errc::unsupported, "mirror " + in_quotes(level.mirror_title) + " has tile source type " + text(number) +
                                       "; supported tile types are " + known);
  }
  return found->make(std::move(level));
}

}  // namespace catvox
