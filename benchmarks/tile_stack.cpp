#include <algorithm>
#include <catvox/core/dtype.hpp>
#include <charconv>
#include <cstdio>  // for jpeglib.h, which needs FILE
#include <cstring>
#include <fstream>
#include <iterator>
#include <numeric>
#include <stdexcept>

#include <jpeglib.h>
#include <png.h>

#include "demo_instance/em_texture.hpp"
#include "demo_instance/jpeg_writer.hpp"
#include "measure.hpp"
#include "support/png_writer.hpp"
#include "support/temp_dir.hpp"
#include "tile_stack.hpp"

namespace bench {
namespace {

using catvox::Index3;

constexpr std::int64_t texture_side = 2048;
constexpr int quality = 83;  // 74 KB for 512 x 512

std::string read_whole(const std::filesystem::path& name) {
  std::ifstream file(name, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// libjpeg's own error handler ends the program with a message, which is right here.
class JpegDecoder {
 public:
  JpegDecoder() {
    info_.err = jpeg_std_error(&errors_);
    jpeg_create_decompress(&info_);
  }
  ~JpegDecoder() { jpeg_destroy_decompress(&info_); }
  JpegDecoder(const JpegDecoder&) = delete;
  JpegDecoder& operator=(const JpegDecoder&) = delete;

  void decode(std::span<const std::byte> file, const catvox::detail::ImageWindow& window, std::uint8_t* out,
              std::ptrdiff_t row_stride) {
    jpeg_mem_src(&info_, reinterpret_cast<const unsigned char*>(file.data()), file.size());
    jpeg_read_header(&info_, TRUE);
    jpeg_start_decompress(&info_);
    auto first = static_cast<JDIMENSION>(window.column), width = static_cast<JDIMENSION>(window.width);
    const bool whole_rows = width == info_.output_width;
    if (!whole_rows) jpeg_crop_scanline(&info_, &first, &width);
    if (window.row > 0) jpeg_skip_scanlines(&info_, static_cast<JDIMENSION>(window.row));
    row_.resize(info_.output_width);
    for (std::int64_t y = 0; y < window.height; ++y) {
      JSAMPROW to = whole_rows ? out + y * row_stride : row_.data();
      jpeg_read_scanlines(&info_, &to, 1);
      if (!whole_rows) {
        std::memcpy(out + y * row_stride, row_.data() + (window.column - first),
                    static_cast<std::size_t>(window.width));
      }
    }
    jpeg_abort_decompress(&info_);
  }

 private:
  jpeg_decompress_struct info_{};
  jpeg_error_mgr errors_{};
  std::vector<std::uint8_t> row_;
};

}  // namespace

double EncodedTiles::mean_kilobytes() const {
  const auto sum = [](std::size_t total, const std::string& file) { return total + file.size(); };
  return 1e-3 * static_cast<double>(std::accumulate(files.begin(), files.end(), std::size_t{0}, sum)) /
         static_cast<double>(files.size());
}

EncodedTiles encode_tiles(Format format, std::int64_t side) {
  static const tools::Section texture = tools::em_section(0, texture_side, texture_side);
  const catvox::test::TempDir folder;
  EncodedTiles tiles{format, side, {}};
  std::vector<std::uint8_t> pixels(static_cast<std::size_t>(side * side));
  // Sixteen tiles at most: more would only take longer to make.
  for (std::int64_t row = 0; row < std::min<std::int64_t>(4, texture_side / side); ++row) {
    for (std::int64_t column = 0; column < std::min<std::int64_t>(4, texture_side / side); ++column) {
      for (std::int64_t y = 0; y < side; ++y) {
        std::copy_n(texture.pixels.data() + (row * side + y) * texture_side + column * side, side,
                    pixels.data() + y * side);
      }
      tools::GreyImage image;
      image.height = image.width = side;
      image.pixels = std::as_bytes(std::span(pixels));
      const auto name = folder.path() / "tile";
      format == Format::jpeg ? tools::write_jpeg(name, image, quality) : tools::write_png(name, image);
      tiles.files.push_back(read_whole(name));
    }
  }
  return tiles;
}

std::span<const std::byte> TileStack::bytes_at(std::string_view path) const {
  Index3 tile{};
  const char* at = path.data();
  const char* const end = at + path.size();
  for (auto& index : tile) {  // each after a '/' or '_'
    const auto [next, error] =
        at == end ? std::from_chars_result{end, std::errc::invalid_argument} : std::from_chars(at + 1, end, index);
    if (error != std::errc()) return {};
    at = next;
  }
  for (std::size_t axis = 0; axis < 3; ++axis) {
    if (tile[axis] < 0 || tile[axis] >= grid_[axis]) return {};
  }
  return bytes(tile);
}

void TileStack::write(const std::filesystem::path& folder) const {
  std::filesystem::create_directories(folder / "tiles");
  std::vector<std::filesystem::path> names;
  for (std::size_t i = 0; i < tiles_.files.size(); ++i) {
    names.push_back(folder / "tiles" / (std::to_string(i) + "." + tiles_.extension()));
    std::ofstream(names.back(), std::ios::binary) << tiles_.files[i];
  }
  for (std::int64_t z = 0; z < grid_[0]; ++z) {
    const auto slice = folder / std::to_string(z);
    if (z >= distinct_slices) {
      std::filesystem::create_directory_symlink(std::to_string(z % distinct_slices), slice);
      continue;
    }
    std::filesystem::create_directory(slice);
    for (std::int64_t row = 0; row < grid_[1]; ++row) {
      for (std::int64_t column = 0; column < grid_[2]; ++column) {
        std::filesystem::create_symlink(
            names[which({z, row, column})],
            slice / (std::to_string(row) + "_" + std::to_string(column) + "_0." + tiles_.extension()));
      }
    }
  }
}

catvox::StackInfo TileStack::info(const std::string& image_base) const {
  const auto [depth, height, width] = shape();
  catvox::StackInfo info;
  info.stitle = "bench";
  info.dimension = {width, height, depth};
  info.num_zoom_levels = 0;
  info.mirrors.push_back({1, "tiles", image_base, tiles_.side, tiles_.side, 1, tiles_.extension(), 0});
  return info;
}

std::vector<TilePart> TileStack::parts_of(const catvox::Box& box) const {
  const catvox::Shape3 extent = box.shape();
  const auto side = tiles_.side;
  std::vector<TilePart> parts;
  for (std::int64_t z = box.min[0]; z < box.max[0]; ++z) {
    for (std::int64_t row = box.min[1] / side; row * side < box.max[1]; ++row) {
      const auto top = std::max(box.min[1], row * side), bottom = std::min(box.max[1], (row + 1) * side);
      for (std::int64_t column = box.min[2] / side; column * side < box.max[2]; ++column) {
        const auto left = std::max(box.min[2], column * side), right = std::min(box.max[2], (column + 1) * side);
        parts.push_back({{z, row, column},
                         {top - row * side, left - column * side, bottom - top, right - left},
                         ((z - box.min[0]) * extent[1] + top - box.min[1]) * extent[2] + left - box.min[2],
                         extent[2]});
      }
    }
  }
  return parts;
}

void decode_jpeg(std::span<const std::byte> file, const catvox::detail::ImageWindow& window, std::uint8_t* out,
                 std::ptrdiff_t row_stride) {
  static thread_local JpegDecoder decoder;
  decoder.decode(file, window, out, row_stride);
}

void decode_png(std::span<const std::byte> file, std::uint8_t* out, std::ptrdiff_t row_stride) {
  png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png == nullptr ? nullptr : png_create_info_struct(png);
  if (info == nullptr) throw std::bad_alloc();
  if (setjmp(png_jmpbuf(png)) != 0) std::abort();  // libpng has said why
  png_set_read_fn(png, &file, [](png_structp reader, png_bytep to, std::size_t count) {
    auto& rest = *static_cast<std::span<const std::byte>*>(png_get_io_ptr(reader));
    if (count > rest.size()) png_error(reader, "cut short");
    std::memcpy(to, rest.data(), count);
    rest = rest.subspan(count);
  });
  png_read_info(png, info);
  const auto height = png_get_image_height(png, info);
  for (png_uint_32 y = 0; y < height; ++y)
    png_read_row(png, out + static_cast<std::ptrdiff_t>(y) * row_stride, nullptr);
  png_destroy_read_struct(&png, &info, nullptr);
}

void decode_part(const TileStack& stack, const TilePart& part, std::uint8_t* box_voxels) {
  if (stack.tiles().format == Format::jpeg) {
    decode_jpeg(stack.bytes(part.tile), part.window, box_voxels + part.offset, part.row_stride);
  } else {
    decode_png(stack.bytes(part.tile), box_voxels + part.offset, part.row_stride);
  }
}

void decode_box(const TileStack& stack, const catvox::Box& box, std::uint8_t* out, unsigned threads) {
  const auto parts = stack.parts_of(box);
  in_parallel(threads, static_cast<std::int64_t>(parts.size()),
              [&](std::int64_t i) { decode_part(stack, parts[static_cast<std::size_t>(i)], out); });
}

}  // namespace bench
