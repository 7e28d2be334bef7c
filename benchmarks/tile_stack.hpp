#pragma once

/// \file
/// Stacks of tiles for the benchmarks, and what decoding them takes without catvox.

#include <catvox/catmaid/stack_info.hpp>
#include <catvox/core/box.hpp>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "codec/image.hpp"

namespace bench {

enum class Format { jpeg, png };

/// Square tiles of an EM-like texture, encoded; grey, JPEG of 0.28 bytes a pixel.
struct EncodedTiles {
  Format format = Format::jpeg;
  std::int64_t side = 0;
  std::vector<std::string> files;

  [[nodiscard]] std::span<const std::byte> bytes(std::size_t i) const { return std::as_bytes(std::span(files[i])); }
  [[nodiscard]] const char* extension() const { return format == Format::jpeg ? "jpg" : "png"; }
  [[nodiscard]] double mean_kilobytes() const;
};

EncodedTiles encode_tiles(Format format, std::int64_t side);

/// What a box takes of one tile, and where in the box's voxels (C order) that goes.
struct TilePart {
  catvox::Index3 tile{};                 ///< slice, row, column
  catvox::detail::ImageWindow window{};  ///< inside the tile
  std::int64_t offset = 0;               ///< of the window's first voxel in the box
  std::int64_t row_stride = 0;           ///< from one row of the box to the next
};

/// A stack that repeats a few tiles, so that a large one needs little disk.
class TileStack {
 public:
  /// \param grid  slices, rows and columns of tiles
  TileStack(EncodedTiles tiles, const catvox::Shape3& grid) : tiles_(std::move(tiles)), grid_(grid) {}

  [[nodiscard]] const EncodedTiles& tiles() const { return tiles_; }
  [[nodiscard]] const catvox::Shape3& grid() const { return grid_; }
  [[nodiscard]] catvox::Shape3 shape() const { return {grid_[0], grid_[1] * tiles_.side, grid_[2] * tiles_.side}; }
  [[nodiscard]] catvox::Box whole() const { return {{0, 0, 0}, shape()}; }

  /// The encoded tile at (slice, row, column).
  [[nodiscard]] std::span<const std::byte> bytes(const catvox::Index3& tile) const { return tiles_.bytes(which(tile)); }

  /// The same by the path that a mirror at "/" has it under, "/slice/row_column_0.jpg"; without data for any other.
  [[nodiscard]] std::span<const std::byte> bytes_at(std::string_view path) const;

  /// Writes the tiles, and links to them, as a mirror of tile source type 1.
  void write(const std::filesystem::path& folder) const;

  /// One mirror, with the tiles at `image_base`.
  [[nodiscard]] catvox::StackInfo info(const std::string& image_base) const;

  /// What a box takes of the tiles that it meets. \param box  inside shape(), zyx
  [[nodiscard]] std::vector<TilePart> parts_of(const catvox::Box& box) const;

 private:
  static constexpr std::int64_t distinct_slices = 4;
  [[nodiscard]] std::size_t which(const catvox::Index3& tile) const {
    return static_cast<std::size_t>(tile[0] % distinct_slices + 3 * tile[1] + 5 * tile[2]) % tiles_.files.size();
  }

  EncodedTiles tiles_;
  catvox::Shape3 grid_;
};

/// Decodes a grey JPEG by libjpeg-turbo and nothing else; each thread keeps its decompressor.
/// Rows above the window are skipped, those below and the blocks beside it left alone.
void decode_jpeg(std::span<const std::byte> file, const catvox::detail::ImageWindow& window, std::uint8_t* out,
                 std::ptrdiff_t row_stride);

/// Decodes an 8-bit grey PNG by libpng and nothing else.
void decode_png(std::span<const std::byte> file, std::uint8_t* out, std::ptrdiff_t row_stride);

/// Decodes one part into its box's voxels: the window only of a JPEG, the whole of a PNG, whose window must be that.
void decode_part(const TileStack& stack, const TilePart& part, std::uint8_t* box_voxels);

/// The bound of a read: the box's tiles decoded from memory into place, C order.
void decode_box(const TileStack& stack, const catvox::Box& box, std::uint8_t* out, unsigned threads);

}  // namespace bench
