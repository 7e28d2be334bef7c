#pragma once

#include <catvox/core/export.hpp>
#include <catvox/format/chunk_store.hpp>
#include <catvox/geometry/stack_space.hpp>
#include <cstdint>
#include <string>

namespace catvox {

/// Which tile of a pyramid: slice, row and column count in tiles of that level, the slice is the downsampled one.
struct TileIndex {
  /// 0 is full resolution
  int level = 0;
  std::int64_t slice = 0;   ///< of the level
  std::int64_t row = 0;     ///< in tiles
  std::int64_t column = 0;  ///< in tiles
};

/// One scale level of a mirror that serves JPEG or PNG tiles, chunks of (1, tile_height, tile_width).
/// A subclass per tile source type says where a tile lies.
///
/// Its voxels are grey, see decode_grey8() for what colour becomes; its channels are red, green, blue and alpha. Grey is
/// all three colours, and what has no alpha is opaque: 255. As uint16, samples of 16-bit PNG are as they are stored, and
/// others an error; as uint8 a sample v of them is round(v / 257).
class CATVOX_EXPORT TileStore : public ChunkStore {
 public:
  /// What every tile source type has in common.
  struct Level {
    /// 0 is full resolution
    int level = 0;
    Shape3 shape{};                             ///< zyx
    std::string image_base;                     ///< absolute, encoded
    std::int64_t tile_height = 0;               ///< rows per tile
    std::int64_t tile_width = 0;                ///< columns per tile
    std::string file_extension;                 ///< may carry a query
    std::string mirror_title;                   ///< for messages
    Orientation orientation = Orientation::xy;  ///< of the stack
    DType dtype = DType::uint8;                 ///< uint8 or uint16
  };

  /// \throws Error{invalid_metadata} if a tile has no pixels; Error{unsupported} for another element type
  explicit TileStore(Level level);

  [[nodiscard]] DType dtype() const noexcept override { return level_.dtype; }
  [[nodiscard]] const Shape3& shape() const noexcept override { return level_.shape; }
  [[nodiscard]] const Shape3& chunk_shape() const noexcept override { return chunk_shape_; }
  [[nodiscard]] ByteRequest request(const Index3& chunk) const override;
  [[nodiscard]] std::string describe(const Index3& chunk) const override;
  void decode(const Index3& chunk, std::span<const std::byte> encoded, const Box& window,
              const StridedBytes& out) const override;
  /// Red, green, blue and alpha.
  [[nodiscard]] int channels() const noexcept override { return 4; }
  void decode_channels(const Index3& chunk, std::span<const std::byte> encoded, const ChannelSelection& channels,
                       const Box& window, const StridedBytes& out) const override;

  /// The absolute URL of a tile.
  [[nodiscard]] virtual std::string tile_url(const TileIndex& tile) const = 0;

  /// Whether images come with rows and columns swapped, tile_height pixels wide and tile_width tall.
  [[nodiscard]] virtual bool transposed() const { return false; }

 protected:
  /// What it was made with.
  [[nodiscard]] const Level& level() const noexcept { return level_; }
  /// What the URLs of all tiles begin with.
  [[nodiscard]] const std::string& image_base() const noexcept { return level_.image_base; }
  /// What they end in, with a query perhaps.
  [[nodiscard]] const std::string& file_extension() const noexcept { return level_.file_extension; }

 private:
  Level level_;
  Shape3 chunk_shape_;
};

}  // namespace catvox
