// What catvox decodes without libpng, against libpng's own decode of the same bytes. Chunks are written here, around
// zlib's streams, so that a file can be wrong in one place at a time.

#include <png.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "codec/image.hpp"
#include "support/catch.hpp"
#include "support/libpng_grey8.hpp"

using namespace std::string_literals;
using namespace std::string_view_literals;

using catvox::Errc;
using catvox::Error;
using catvox::detail::decode_grey8;
using catvox::detail::ImageSize;
using catvox::detail::ImageWindow;

namespace {

using Pixels = std::vector<std::uint8_t>;

constexpr std::uint8_t fill = 0xA5;

std::size_t area(const ImageSize& size) { return static_cast<std::size_t>(size.height * size.width); }

std::span<const std::byte> bytes(const std::string& text) { return std::as_bytes(std::span(text)); }

Pixels noise(std::size_t count) {
  std::mt19937 random(static_cast<unsigned>(count));
  Pixels pixels(count);
  for (std::uint8_t& pixel : pixels) pixel = static_cast<std::uint8_t>(random());
  return pixels;
}

/// A slope whose rows and columns differ little: residues of a filter are small, and of either sign.
Pixels smooth(const ImageSize& size) {
  Pixels pixels;
  for (std::int64_t row = 0; row < size.height; ++row) {
    for (std::int64_t column = 0; column < size.width; ++column)
      pixels.push_back(static_cast<std::uint8_t>(128 + 3 * row - 2 * column + (row * column) % 5));
  }
  return pixels;
}

std::string big_endian(std::uint64_t value) {
  std::string text;
  for (int shift = 24; shift >= 0; shift -= 8) text += static_cast<char>(value >> shift & 0xFF);
  return text;
}

std::string chunk(const std::string& type, const std::string& data) {
  const std::string checked = type + data;
  const auto crc = crc32(0, reinterpret_cast<const Bytef*>(checked.data()), static_cast<uInt>(checked.size()));
  return big_endian(data.size()) + checked + big_endian(crc);
}

std::string zlib_stream(std::string_view data, int level = 6) {
  uLongf size = compressBound(static_cast<uLong>(data.size()));
  std::string stream(size, '\0');
  if (compress2(reinterpret_cast<Bytef*>(stream.data()), &size, reinterpret_cast<const Bytef*>(data.data()),
                static_cast<uLong>(data.size()), level) != Z_OK) {
    throw std::runtime_error("zlib");
  }
  stream.resize(size);
  return stream;
}

/// What a file consists of, in its order; a test replaces what it is about.
struct Parts {
  std::string header;       ///< the data of IHDR
  std::string before = {};  ///< chunks
  std::string idats;        ///< chunks
  std::string after = chunk("IEND", "");

  [[nodiscard]] std::string file() const {
    return "\x89PNG\r\n\x1A\n"s + chunk("IHDR", header) + before + idats + after;
  }
};

std::string header_of(std::uint64_t width, std::uint64_t height, std::string_view kind = "\x08\0\0\0\0"sv) {
  return big_endian(width) + big_endian(height) + std::string(kind);
}

/// Rows of a filter byte and as many others as the image is wide.
Parts parts_of(const ImageSize& size, const std::string& rows) {
  return {.header = header_of(static_cast<std::uint64_t>(size.width), static_cast<std::uint64_t>(size.height)),
          .idats = chunk("IDAT", zlib_stream(rows))};
}

/// Rows of random bytes under filters in random order: not what an encoder chooses, but what a decoder must undo.
std::string random_rows(const ImageSize& size) {
  const Pixels random = noise(static_cast<std::size_t>(size.height * (size.width + 1)));
  std::string rows(random.begin(), random.end());
  for (std::int64_t row = 0; row < size.height; ++row) {
    char& filter = rows[static_cast<std::size_t>(row * (size.width + 1))];
    filter = static_cast<char>(static_cast<unsigned char>(filter) % 5);
  }
  return rows;
}

/// \param filters  what png_set_filter() takes: the filters to choose from
std::string written_by_libpng(const ImageSize& size, const Pixels& pixels, int filters, int level) {
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  std::string file;
  png_set_write_fn(
      png, &file,
      [](png_structp to, png_bytep data, std::size_t count) {
        static_cast<std::string*>(png_get_io_ptr(to))->append(reinterpret_cast<const char*>(data), count);
      },
      nullptr);
  png_set_IHDR(png, info, static_cast<png_uint_32>(size.width), static_cast<png_uint_32>(size.height), 8,
               PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_set_filter(png, PNG_FILTER_TYPE_BASE, filters);
  png_set_compression_level(png, level);
  png_set_compression_buffer_size(png, 512);  // several IDATs even of a small image
  png_write_info(png, info);
  for (std::int64_t row = 0; row < size.height; ++row) png_write_row(png, pixels.data() + row * size.width);
  png_write_end(png, info);
  png_destroy_write_struct(&png, &info);
  return file;
}

std::optional<Pixels> by_libpng(const std::string& file, const ImageSize& size) {
  Pixels pixels(area(size));
  if (!catvox::test::read_grey8_by_libpng(bytes(file), size, pixels.data())) return std::nullopt;
  return pixels;
}

Pixels decode(const std::string& file, const ImageSize& cell, const ImageWindow& window) {
  Pixels pixels(area({window.height, window.width}));
  decode_grey8(bytes(file), cell, window, fill, pixels.data(), window.width);
  return pixels;
}

Pixels decode_whole(const std::string& file, const ImageSize& size) {
  return decode(file, size, {0, 0, size.height, size.width});
}

/// The message of the error of decoding a window; empty if it decodes.
std::string error_of(const std::string& file, const ImageSize& cell, const ImageWindow& window) {
  try {
    decode(file, cell, window);
  } catch (const Error& error) {
    return error.code() == Errc::corrupt_data ? error.what() : "not corrupt_data";
  }
  return {};
}

constexpr ImageSize size{6, 7};
constexpr ImageWindow whole{0, 0, 6, 7};
constexpr ImageWindow first_pixel{0, 0, 1, 1};

}  // namespace

TEST_CASE("decode_grey8 undoes each filter of an 8-bit grey PNG", "[codec]") {
  const int filters =
      GENERATE(PNG_FILTER_NONE, PNG_FILTER_SUB, PNG_FILTER_UP, PNG_FILTER_AVG, PNG_FILTER_PAETH, PNG_ALL_FILTERS);
  const auto image = GENERATE(ImageSize{1, 1}, ImageSize{1, 9}, ImageSize{9, 1}, ImageSize{2, 2}, ImageSize{33, 67},
                              ImageSize{70, 128});
  const int level = GENERATE(0, 1, 9);
  CAPTURE(filters, image.height, image.width, level);
  for (const Pixels& pixels : {noise(area(image)), smooth(image)}) {
    const std::string file = written_by_libpng(image, pixels, filters, level);
    CHECK(decode_whole(file, image) == pixels);
  }
}

TEST_CASE("decode_grey8 undoes filters in any order of any bytes as libpng does", "[codec]") {
  for (const ImageSize& image : {ImageSize{1, 1}, ImageSize{40, 1}, ImageSize{1, 300}, ImageSize{97, 101}}) {
    const std::string file = parts_of(image, random_rows(image)).file();
    CAPTURE(image.height, image.width);
    const auto expected = by_libpng(file, image);
    REQUIRE(expected);
    CHECK(decode_whole(file, image) == *expected);
  }
}

TEST_CASE("decode_grey8 gives every window of an 8-bit grey PNG as libpng's image has it", "[codec]") {
  constexpr ImageSize cell{size.height + 1, size.width + 2};
  const std::string file = parts_of(size, random_rows(size)).file();
  const auto expected = by_libpng(file, size);
  REQUIRE(expected);
  for (ImageWindow window; window.row <= cell.height; ++window.row) {
    for (window.column = 0; window.column <= cell.width; ++window.column) {
      for (window.height = 0; window.row + window.height <= cell.height; ++window.height) {
        for (window.width = 0; window.column + window.width <= cell.width; ++window.width) {
          Pixels cut;
          for (std::int64_t row = window.row; row < window.row + window.height; ++row) {
            for (std::int64_t column = window.column; column < window.column + window.width; ++column) {
              const bool inside = row < size.height && column < size.width;
              cut.push_back(inside ? (*expected)[static_cast<std::size_t>(row * size.width + column)] : fill);
            }
          }
          if (decode(file, cell, window) == cut) continue;
          CAPTURE(window.row, window.column, window.height, window.width);
          FAIL_CHECK("the window differs from the whole image");
        }
      }
    }
  }
}

TEST_CASE("decode_grey8 reads 8-bit grey PNGs that are put together unusually", "[codec]") {
  const std::string rows = random_rows(size);
  const Parts usual = parts_of(size, rows);
  const std::string stream = zlib_stream(rows);
  const auto expected = by_libpng(usual.file(), size);
  REQUIRE(expected);

  std::string single_bytes;
  for (const char byte : stream) single_bytes += chunk("IDAT", std::string(1, byte)) + chunk("IDAT", "");
  const std::string damaged_text = chunk("tEXt", "a\0b"s).replace(8, 1, "A");
  const std::string idat = chunk("IDAT", stream);

  const auto changed = [&](auto change) {
    Parts parts = usual;
    change(parts);
    return parts.file();
  };
  const std::vector<std::array<std::string, 2>> files{
      {"IDATs of one byte and none", changed([&](Parts& parts) { parts.idats = single_bytes; })},
      {"an empty IDAT first", changed([&](Parts& parts) { parts.idats = chunk("IDAT", "") + idat; })},
      {"stored", changed([&](Parts& parts) { parts.idats = chunk("IDAT", zlib_stream(rows, 0)); })},
      {"texts",
       changed([&](Parts& parts) { parts.before = parts.after = chunk("tEXt", "a\0b"s) + chunk("zzZz", ""); })},
      {"a damaged text before", changed([&](Parts& parts) { parts.before = damaged_text; })},
      {"a transparent colour", changed([&](Parts& parts) { parts.before = chunk("tRNS", "\0\7"s); })},
      {"a palette", changed([&](Parts& parts) { parts.before = chunk("PLTE", "abc"); })},
      {"no end", changed([&](Parts& parts) { parts.after = ""; })},
      {"half an end", changed([&](Parts& parts) { parts.after.resize(5); })},
      {"bytes after the end", changed([&](Parts& parts) { parts.after += "and the rest"; })},
      {"bytes after the stream", changed([&](Parts& parts) { parts.idats = chunk("IDAT", stream + "and the rest"); })},
      {"more rows", changed([&](Parts& parts) { parts.idats = chunk("IDAT", zlib_stream(rows + "more rows")); })},
      {"an IDAT that comes too late",
       changed([&](Parts& parts) { parts.idats = idat + chunk("tEXt", "") + chunk("IDAT", "?"); })},
  };
  for (const auto& [name, file] : files) {
    CAPTURE(name);
    CHECK(by_libpng(file, size) == expected);
    CHECK(decode_whole(file, size) == *expected);
  }
}

TEST_CASE("decode_grey8 leaves 8-bit grey PNGs with a broken header to libpng's judgement", "[codec]") {
  const Parts usual = parts_of(size, random_rows(size));
  const auto [header, before, message] = GENERATE_COPY(table<std::string, std::string, std::string>({
      {header_of(0, 6), "", "Invalid IHDR data"},
      {header_of(7, 0), "", "Invalid IHDR data"},
      {header_of(0x80000000, 6), "", "PNG unsigned integer out of range"},
      {header_of(7, 0xFFFFFFFF), "", "PNG unsigned integer out of range"},
      {header_of(7, 6, "\x08\0\1\0\0"sv), "", "Invalid IHDR data"},
      {header_of(7, 6, "\x08\0\0\1\0"sv), "", "Invalid IHDR data"},
      {header_of(7, 6, "\x08\0\0\0\2"sv), "", "Invalid IHDR data"},
      {header_of(7, 6) + '\0', "", "IHDR: invalid"},
      {header_of(7, 6), chunk("IHDR", header_of(7, 6)), "IHDR: out of place"},
      {header_of(7, 6), chunk("ABCD", ""), "ABCD: unhandled critical chunk"},
      {header_of(7, 6), chunk("a1cd", ""), "a[31]cd: invalid chunk type"},
      {header_of(7, 6), "\xFF\xFF\xFF\xFFtEXt", "PNG unsigned integer out of range"},
      {header_of(7, 6), chunk("IEND", ""), "IEND: out of place"},
  }));
  Parts parts = usual;
  parts.header = header;
  parts.before = before;
  CAPTURE(message);
  CHECK(error_of(parts.file(), size, whole) == "the PNG does not decode: " + message);
}

TEST_CASE("decode_grey8 refuses an 8-bit grey PNG with damaged data wherever the window ends", "[codec]") {
  const std::string rows = random_rows(size);
  const std::string stream = zlib_stream(rows);
  const std::string half = stream.substr(0, stream.size() / 2);
  const std::string last_row_filtered_by_5 = std::string(rows).replace(rows.size() - 8, 1, "\5");
  std::string other_sum = stream;
  other_sum.back() = static_cast<char>(other_sum.back() ^ 1);
  std::string with_dictionary = stream;
  with_dictionary[1] = '\x20';  // 0x7820 is a multiple of 31
  std::string other_crc = chunk("IDAT", stream.substr(half.size()));
  other_crc.back() = static_cast<char>(other_crc.back() ^ 1);

  const std::string damaged = "IDAT: damaged or cut short";
  const auto [what, idats, message] = GENERATE_COPY(table<std::string, std::string, std::string>({
      {"a wrong CRC of the last IDAT", chunk("IDAT", half) + other_crc, "IDAT: CRC error"},
      {"a wrong CRC after the stream", chunk("IDAT", stream) + other_crc, "IDAT: CRC error"},
      {"a wrong Adler sum", chunk("IDAT", other_sum), damaged},
      {"a preset dictionary", chunk("IDAT", with_dictionary), damaged},
      {"half a stream", chunk("IDAT", half), damaged},
      {"IDATs apart", chunk("IDAT", half) + chunk("tEXt", "") + chunk("IDAT", stream.substr(half.size())), damaged},
      {"no stream", chunk("IDAT", ""), damaged},
      {"a row less", chunk("IDAT", zlib_stream(rows.substr(8))), "Not enough image data"},
      {"a byte less", chunk("IDAT", zlib_stream(rows.substr(1))), "Not enough image data"},
      {"an IDAT that the file does not hold", chunk("IDAT", stream).replace(0, 4, "\0\0\1\0"s),
       "the file is cut short"},
      {"an IDAT of 4 GB", chunk("IDAT", stream).replace(0, 4, "\xFF\xFF\xFF\xFF"), "the file is cut short"},
      {"an unknown filter", chunk("IDAT", zlib_stream(last_row_filtered_by_5)), "bad adaptive filter value"},
  }));
  CAPTURE(what);
  Parts parts = parts_of(size, rows);
  parts.idats = idats;
  for (const ImageWindow& window : {whole, first_pixel}) {
    CHECK(error_of(parts.file(), size, window) == "the PNG does not decode: " + message);
  }
}

TEST_CASE("decode_grey8 finds any cut and any flipped bit in an 8-bit grey PNG, wherever the window ends", "[codec]") {
  constexpr ImageSize image{20, 31};
  const std::string file = written_by_libpng(image, noise(area(image)), PNG_ALL_FILTERS, 6);
  const std::size_t end = file.find("IEND") - 4;
  REQUIRE(file.find("IDAT", file.find("IDAT") + 4) < end);
  REQUIRE(error_of(file, image, first_pixel).empty());
  for (std::size_t length = 0; length < end; ++length) {
    if (error_of(file.substr(0, length), image, first_pixel).empty()) FAIL_CHECK("decoded when cut at " << length);
  }
  const std::size_t start = file.find("IHDR") - 4;
  for (std::size_t bit = 8 * start; bit < 8 * end; ++bit) {
    std::string flipped = file;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    if (error_of(flipped, image, first_pixel).empty()) FAIL_CHECK("decoded with a flip of bit " << bit);
  }
}

TEST_CASE("decode_grey8 takes no memory for an 8-bit grey PNG that is larger than the cell", "[codec]") {
  Parts parts = parts_of(size, random_rows(size));
  parts.header = header_of(0x7FFFFFFF, 0x7FFFFFFF);
  CHECK(error_of(parts.file(), size, whole) == "expected at most 7 x 6, got 2147483647 x 2147483647");
}

TEST_CASE("decode_grey8 keeps no 8-bit grey PNG above 5 MiB in memory: it reads rows as far as the window goes",
          "[codec]") {
  const auto [height, width, by_rows] = GENERATE(table<std::int64_t, std::int64_t, bool>({
      {2048, 2048, false}, {1024, 5119, false}, {1024, 5120, true},  // with the filters
  }));
  CAPTURE(height, width);
  const ImageSize image{height, width};
  const auto row_bytes = static_cast<std::size_t>(width + 1);
  std::string rows(static_cast<std::size_t>(height) * row_bytes, '\0');
  for (std::size_t at = 0; at < rows.size(); at += row_bytes) rows[at] = '\2';  // Up
  rows[3] = '\7';
  Parts parts = parts_of(image, rows);
  CHECK(decode(parts.file(), image, {height - 1, 1, 1, 3}) == Pixels{0, 7, 0});

  const std::string stream = zlib_stream(rows);
  const std::size_t half = stream.size() / 2;
  parts.idats = chunk("IDAT", stream.substr(0, half)) + chunk("IDAT", stream.substr(half)).replace(8, 1, "?");
  CHECK(error_of(parts.file(), image, first_pixel).empty() == by_rows);
}

TEST_CASE("decode_grey8 reads rows of an 8-bit grey PNG in a file above 5 MiB as far as the window goes", "[codec]") {
  Parts parts = parts_of(size, random_rows(size));
  parts.idats += chunk("IDAT", "wrong").replace(8, 1, "W");
  REQUIRE(error_of(parts.file(), size, first_pixel) == "the PNG does not decode: IDAT: CRC error");
  const std::size_t usual = parts.file().size();
  const auto [file_bytes, by_rows] = GENERATE(table<std::size_t, bool>({{5 << 20, false}, {(5 << 20) + 1, true}}));
  parts.after.resize(parts.after.size() + file_bytes - usual);
  CHECK(error_of(parts.file(), size, first_pixel).empty() == by_rows);
}
