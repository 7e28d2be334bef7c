#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "codec/image.hpp"
#include "support/catch.hpp"

// Fixtures and what they must decode to come from tests/data/images/make.py: cjpeg and a PNG writer of its own made the
// images, Pillow and the written samples the pixels.

using namespace std::string_literals;
using namespace std::string_view_literals;

using catvox::Errc;
using catvox::Error;
using catvox::detail::decode_grey8;
using catvox::detail::ImageSize;
using catvox::detail::ImageWindow;

namespace {

using Bytes = std::vector<std::byte>;

struct Picture {
  ImageSize size;
  std::vector<std::uint8_t> pixels;

  [[nodiscard]] std::uint8_t at(std::int64_t row, std::int64_t column) const {
    return pixels[static_cast<std::size_t>(row * size.width + column)];
  }
  friend bool operator==(const Picture&, const Picture&) = default;
};

Bytes fixture(const std::string& name) {
  std::ifstream file(std::string(CATVOX_TEST_DATA) + "/images/" + name, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  INFO(name);
  REQUIRE_FALSE(text.empty());
  const auto* first = reinterpret_cast<const std::byte*>(text.data());
  return {first, first + text.size()};
}

Bytes bytes(std::string_view text) {
  const auto* first = reinterpret_cast<const std::byte*>(text.data());
  return {first, first + text.size()};
}

/// The pixels that "<name>.jpg", "<name>.png" or "<name>_interlaced.png" must decode to.
Picture expected_of(std::string image) {
  image.erase(image.rfind('.'));
  if (const auto at = image.find("_interlaced"); at != std::string::npos) image.erase(at);
  std::ifstream file(std::string(CATVOX_TEST_DATA) + "/images/" + image + ".pgm", std::ios::binary);
  Picture picture;
  std::string magic;
  int most = 0;
  file >> magic >> picture.size.width >> picture.size.height >> most;
  file.get();
  picture.pixels.resize(static_cast<std::size_t>(picture.size.width * picture.size.height));
  file.read(reinterpret_cast<char*>(picture.pixels.data()), static_cast<std::streamsize>(picture.pixels.size()));
  INFO(image);
  REQUIRE(file);
  REQUIRE(magic == "P5");
  return picture;
}

constexpr std::uint8_t fill = 0xA5;
constexpr std::uint8_t untouched = 0x5A;

/// Decodes into rows that lie apart, upside down if asked to, and checks that nothing between them was written.
Picture decode(std::span<const std::byte> encoded, const ImageSize& cell, const ImageWindow& window,
               bool upside_down = false) {
  constexpr std::int64_t gap = 5;
  const std::int64_t pitch = window.width + gap;
  std::vector<std::uint8_t> memory(static_cast<std::size_t>(gap + pitch * window.height), untouched);
  const auto row_at = [&](std::int64_t row) {
    return memory.data() + gap + pitch * (upside_down ? window.height - 1 - row : row);
  };
  decode_grey8(encoded, cell, window, fill, row_at(0), upside_down ? -pitch : pitch);

  Picture picture{{window.height, window.width}, {}};
  for (std::int64_t row = 0; row < window.height; ++row) {
    picture.pixels.insert(picture.pixels.end(), row_at(row), row_at(row) + window.width);
    std::fill_n(row_at(row), window.width, untouched);
  }
  const auto written = std::count_if(memory.begin(), memory.end(), [](std::uint8_t v) { return v != untouched; });
  REQUIRE(written == 0);
  return picture;
}

Picture decode_whole(std::span<const std::byte> encoded, const ImageSize& cell) {
  return decode(encoded, cell, {0, 0, cell.height, cell.width});
}

/// What a window of a picture must be in a cell that may be larger.
Picture cut(const Picture& picture, const ImageWindow& window) {
  Picture part{{window.height, window.width}, {}};
  for (std::int64_t row = window.row; row < window.row + window.height; ++row) {
    for (std::int64_t column = window.column; column < window.column + window.width; ++column) {
      const bool inside = row < picture.size.height && column < picture.size.width;
      part.pixels.push_back(inside ? picture.at(row, column) : fill);
    }
  }
  return part;
}

/// The Error of decoding a cell whole; nothing if it decodes.
std::optional<Error> error_of(std::span<const std::byte> encoded, const ImageSize& cell) {
  std::vector<std::uint8_t> memory(static_cast<std::size_t>(cell.height * cell.width));
  try {
    decode_grey8(encoded, cell, {0, 0, cell.height, cell.width}, fill, memory.data(), cell.width);
  } catch (const Error& error) {
    return error;
  }
  return std::nullopt;
}

void check_error(std::span<const std::byte> encoded, const ImageSize& cell, Errc code, const std::string& message) {
  const auto error = error_of(encoded, cell);
  REQUIRE(error.has_value());
  CHECK(error->what() == message);
  CHECK(error->code() == code);
}

const std::vector<std::string> jpegs = {
    "grey.jpg",
    "grey_sampling_2x2.jpg",
    "grey_progressive.jpg",
    "grey_arithmetic.jpg",
    "grey_jpegtran_arithmetic.jpg",
    "grey_restart.jpg",
    "ycbcr_444.jpg",
    "ycbcr_422.jpg",
    "ycbcr_440.jpg",
    "ycbcr_420.jpg",
    "ycbcr_411.jpg",
    "ycbcr_420_progressive.jpg",
    "ycbcr_444_progressive.jpg",
    "ycbcr_420_arithmetic.jpg",
    "ycbcr_420_restart.jpg",
    "ycbcr_420_scans.jpg",
    "ycbcr_420_arithmetic_scans.jpg",
    "ycbcr_small_luma.jpg",
    "rgb.jpg",
};

const std::vector<std::string> pngs = {
    "grey1.png",
    "grey2.png",
    "grey4.png",
    "grey8.png",
    "grey16.png",
    "grey_alpha8.png",
    "grey_alpha16.png",
    "rgb8.png",
    "rgb16.png",
    "rgba8.png",
    "rgba16.png",
    "palette1.png",
    "palette2.png",
    "palette4.png",
    "palette8.png",
    "grey1_interlaced.png",
    "grey2_interlaced.png",
    "grey4_interlaced.png",
    "grey8_interlaced.png",
    "grey16_interlaced.png",
    "grey_alpha8_interlaced.png",
    "grey_alpha16_interlaced.png",
    "rgb8_interlaced.png",
    "rgb16_interlaced.png",
    "rgba8_interlaced.png",
    "rgba16_interlaced.png",
    "palette1_interlaced.png",
    "palette2_interlaced.png",
    "palette4_interlaced.png",
    "palette8_interlaced.png",
    "grey8_1x1_interlaced.png",
    "grey8_1x5_interlaced.png",
    "grey8_5x1_interlaced.png",
    "grey8_3x2_interlaced.png",
    "grey8_ancillary.png",
};

/// The windows whose edges fall on, before and after the borders of 8 x 8 blocks, of 16 x 16 iMCUs, of the image and of
/// the cell: every pair of row edges with a few column ranges, and the other way round.
std::vector<ImageWindow> windows_of(const ImageSize& image, const ImageSize& cell) {
  using Range = std::array<std::int64_t, 2>;
  const auto ranges = [](std::int64_t image_extent, std::int64_t cell_extent) {
    std::vector<std::int64_t> edges{0, 1, 7, 8, 9, 15, 16, 17, 31, 32, 33, image_extent - 1, image_extent, cell_extent};
    std::sort(edges.begin(), edges.end());
    edges.erase(std::unique(edges.begin(), edges.end()), edges.end());
    std::erase_if(edges, [&](std::int64_t edge) { return edge < 0 || edge > cell_extent; });
    std::vector<Range> all;
    for (std::size_t i = 0; i < edges.size(); ++i) {
      for (std::size_t j = i + 1; j < edges.size(); ++j) all.push_back({edges[i], edges[j]});
    }
    return all;
  };
  std::vector<ImageWindow> windows;
  const auto add = [&](const Range& rows, const Range& columns) {
    windows.push_back({rows[0], columns[0], rows[1] - rows[0], columns[1] - columns[0]});
  };
  const auto rows = ranges(image.height, cell.height);
  const auto columns = ranges(image.width, cell.width);
  for (const Range& range : rows) {
    for (const Range& other : {Range{0, image.width}, Range{0, 1}, Range{cell.width / 2, cell.width}})
      add(range, other);
  }
  for (const Range& range : columns) {
    for (const Range& other : {Range{0, image.height}, Range{cell.height / 3, cell.height / 3 + 1}}) add(other, range);
  }
  return windows;
}

Bytes replaced(Bytes data, std::string_view what, std::string_view by) {
  const Bytes from = bytes(what);
  const auto at = std::search(data.begin(), data.end(), from.begin(), from.end());
  REQUIRE(at != data.end());
  const Bytes to = bytes(by);
  const auto hole = data.erase(at, at + static_cast<std::ptrdiff_t>(from.size()));
  data.insert(hole, to.begin(), to.end());
  return data;
}

}  // namespace

TEST_CASE("decode_grey8 decodes every kind of JPEG and PNG to the grey that Pillow gives", "[codec]") {
  std::vector<std::string> names = jpegs;
  names.insert(names.end(), pngs.begin(), pngs.end());
  for (const std::string& name : names) {
    CAPTURE(name);
    const Picture expected = expected_of(name);
    CHECK(decode_whole(fixture(name), expected.size) == expected);
  }
}

TEST_CASE("decode_grey8 gives the luma of a constant colour", "[codec]") {
  // 0.299 * 200 + 0.587 * 100 + 0.114 * 50 = 124.2
  const std::string name = GENERATE("constant_ycbcr.jpg", "constant_rgb.jpg", "constant_rgba.png");
  CAPTURE(name);
  const Picture expected{{16, 16}, std::vector<std::uint8_t>(256, 124)};
  CHECK(decode_whole(fixture(name), {16, 16}) == expected);
}

TEST_CASE("decode_grey8 decodes a PNG whose bytes were written by hand", "[codec]") {
  const Bytes png = bytes(
      "\x89PNG\r\n\x1A\n"
      "\0\0\0\x0DIHDR\0\0\0\2\0\0\0\1\x08\0\0\0\0\xD1\x49\x20\x56"                        // 2 x 1, 8 bit, grey
      "\0\0\0\x0EIDAT\x78\x01\x01\3\0\xFC\xFF\0\x64\xC8\x01\x93\x01\x2D\x8E\x6B\x89\x9F"  // stored: filter 0, 100, 200
      "\0\0\0\0IEND\xAE\x42\x60\x82"sv);
  CHECK(decode_whole(png, {1, 2}) == Picture{{1, 2}, {100, 200}});
  CHECK(decode_whole(png, {2, 3}) == Picture{{2, 3}, {100, 200, fill, fill, fill, fill}});
}

TEST_CASE("decode_grey8 gives any window as a whole decode has it, and fill where the image ends", "[codec]") {
  std::vector<std::string> names = jpegs;
  names.insert(names.end(), {"grey8.png", "grey4.png", "grey16.png", "grey_alpha8.png", "rgb8.png", "rgba16.png",
                             "palette2.png", "grey8_interlaced.png", "rgb8_interlaced.png", "palette4_interlaced.png"});
  for (const std::string& name : names) {
    const Bytes encoded = fixture(name);
    const Picture whole = expected_of(name);
    for (const auto& [more_rows, more_columns] : {std::array{0, 0}, std::array{3, 20}}) {
      const ImageSize cell{whole.size.height + more_rows, whole.size.width + more_columns};
      for (const ImageWindow& window : windows_of(whole.size, cell)) {
        if (decode(encoded, cell, window) == cut(whole, window)) continue;
        CAPTURE(name, cell.height, cell.width, window.row, window.column, window.height, window.width);
        FAIL_CHECK("the window differs from the whole image");
      }
    }
  }
}

TEST_CASE("decode_grey8 writes rows upside down for a negative stride", "[codec]") {
  const std::string name = GENERATE("grey.jpg", "ycbcr_420.jpg", "grey8.png", "rgb8_interlaced.png");
  CAPTURE(name);
  const Bytes encoded = fixture(name);
  const Picture whole = expected_of(name);
  const ImageSize cell{whole.size.height + 2, whole.size.width + 2};
  for (const ImageWindow& window : {ImageWindow{0, 0, cell.height, cell.width}, ImageWindow{9, 3, 5, 7}}) {
    CHECK(decode(encoded, cell, window, true) == cut(whole, window));
  }
}

TEST_CASE("decode_grey8 accepts an empty window and writes nothing", "[codec]") {
  const std::string name = GENERATE("grey.jpg", "grey8.png");
  const ImageSize size = expected_of(name).size;
  decode_grey8(fixture(name), size, {0, 0, 0, 0}, fill, nullptr, 0);
  decode_grey8(fixture(name), size, {size.height, 0, 0, size.width}, fill, nullptr, 0);
  decode_grey8(fixture(name), size, {0, size.width, 0, 0}, fill, nullptr, 0);
}

TEST_CASE("decode_grey8 refuses a window that leaves the cell", "[codec]") {
  constexpr auto most = std::numeric_limits<std::int64_t>::max();
  const auto [window, got] = GENERATE(table<ImageWindow, std::string>({
      {{-1, 0, 2, 2}, "2 x 2 at column 0, row -1"},
      {{0, -1, 2, 2}, "2 x 2 at column -1, row 0"},
      {{0, 0, -1, 2}, "2 x -1 at column 0, row 0"},
      {{0, 0, 2, -1}, "-1 x 2 at column 0, row 0"},
      {{52, 0, 2, 2}, "2 x 2 at column 0, row 52"},
      {{0, 66, 2, 2}, "2 x 2 at column 66, row 0"},
      {{1, 0, most, 2}, "2 x 9223372036854775807 at column 0, row 1"},
      {{most, 0, most, 2}, "2 x 9223372036854775807 at column 0, row 9223372036854775807"},
  }));
  try {
    decode_grey8(fixture("grey.jpg"), {53, 67}, window, fill, nullptr, 0);
    FAIL("no Error");
  } catch (const Error& error) {
    CHECK(error.what() == "expected a window inside 67 x 53 pixels, got " + got);
    CHECK(error.code() == Errc::invalid_argument);
  }
}

TEST_CASE("decode_grey8 refuses an image larger than the cell, width x height, before it takes memory", "[codec]") {
  const auto [name, cell, message] = GENERATE(table<std::string, ImageSize, std::string>({
      {"grey.jpg", {52, 67}, "expected at most 67 x 52, got 67 x 53"},
      {"grey.jpg", {53, 66}, "expected at most 66 x 53, got 67 x 53"},
      {"ycbcr_420_progressive.jpg", {512, 64}, "expected at most 64 x 512, got 67 x 53"},
      {"refused_huge.jpg", {512, 512}, "expected at most 512 x 512, got 65280 x 65280"},
      {"grey8.png", {20, 27}, "expected at most 27 x 20, got 27 x 21"},
      {"grey8.png", {21, 26}, "expected at most 26 x 21, got 27 x 21"},
      {"rgb8_interlaced.png", {512, 16}, "expected at most 16 x 512, got 27 x 21"},
      {"refused_huge.png", {512, 512}, "expected at most 512 x 512, got 2147483647 x 2147483647"},
      {"refused_huge_interlaced.png", {512, 512}, "expected at most 512 x 512, got 2147483647 x 2147483647"},
  }));
  CAPTURE(name);
  check_error(fixture(name), cell, Errc::corrupt_data, message);
}

TEST_CASE("decode_grey8 names the kind of JPEG that it does not read", "[codec]") {
  const auto [name, message] = GENERATE(table<std::string, std::string>({
      {"refused_cmyk.jpg", "CMYK JPEG is not supported"},
      {"refused_ycck.jpg", "YCCK JPEG is not supported"},
      {"refused_12bit.jpg", "12-bit JPEG is not supported"},
      {"refused_two_components.jpg", "2-component JPEG is not supported"},
      {"refused_hierarchical.jpg", "this kind of JPEG is not supported: Unsupported JPEG process: SOF type 0xc5"},
  }));
  CAPTURE(name);
  check_error(fixture(name), {64, 128}, Errc::unsupported, message);
}

TEST_CASE("decode_grey8 refuses files that contradict themselves", "[codec]") {
  const auto [name, message] = GENERATE(table<std::string, std::string>({
      {"refused_no_luma_scan.jpg", "the JPEG does not decode: No scan has component 1"},
      {"refused_incomplete.jpg", "the JPEG does not decode: The last scans of component 1 are missing"},
      {"refused_arithmetic_cut.jpg", "the JPEG does not decode: The data end in row 4 of 7 rows of blocks"},
      {"refused_jpegtran_arithmetic_cut.jpg", "the JPEG does not decode: The data end in row 4 of 7 rows of blocks"},
      {"refused_palette_index.png", "the PNG does not decode: a pixel has a colour that is not in the palette"},
      {"refused_palette_missing.png", "the PNG does not decode: IDAT: Missing PLTE before IDAT"},
      {"refused_few_rows.png", "the PNG does not decode: Not enough image data"},
      {"refused_few_rows_interlaced.png", "the PNG does not decode: bad adaptive filter value"},
  }));
  CAPTURE(name);
  check_error(fixture(name), {64, 128}, Errc::corrupt_data, message);
}

TEST_CASE("decode_grey8 says what came instead of an image", "[codec]") {
  const auto [encoded, code, got] = GENERATE(table<std::string, Errc, std::string>({
      {"", Errc::corrupt_data, "0 bytes"},
      {"\xFF\xD8"s, Errc::corrupt_data, R"(2 bytes that start with "\xff\xd8")"},
      {"<!DOCTYPE html>", Errc::corrupt_data, R"(15 bytes that start with "<!DOCTYPE html>")"},
      {"{\"error\": \"a\\b\"}\n", Errc::corrupt_data, R"(17 bytes that start with "{\"error\": \"a\\b\"}\x0a")"},
      {std::string(40, 'x'), Errc::corrupt_data, "40 bytes that start with \"" + std::string(32, 'x') + '"'},
      {"\x89PNG\n\x1A\n"s, Errc::corrupt_data, R"(7 bytes that start with "\x89PNG\x0a\x1a\x0a")"},
      {"BMW is no bitmap", Errc::corrupt_data, R"(16 bytes that start with "BMW is no bitmap")"},
      {"\0\x7F\x80"s, Errc::corrupt_data, R"(3 bytes that start with "\x00\x7f\x80")"},
      {"GIF89a\1\0\1\0"s, Errc::unsupported, "a GIF image, which is not supported"},
      {"GIF87a", Errc::unsupported, "a GIF image, which is not supported"},
      {"II*\0\x08\0\0\0"s, Errc::unsupported, "a TIFF image, which is not supported"},
      {"MM\0*\0\0\0\x08"s, Errc::unsupported, "a TIFF image, which is not supported"},
      {"RIFF\x1A\0\0\0WEBPVP8L"s, Errc::unsupported, "a WebP image, which is not supported"},
      {"BM\x46\0\0\0\0\0\0\0\x36\0\0\0"s, Errc::unsupported, "a BMP image, which is not supported"},
  }));
  check_error(bytes(encoded), {8, 8}, code, "expected a JPEG or PNG image, got " + got);
}

TEST_CASE("a cut off image is an error or complete, never wrong pixels", "[codec]") {
  std::vector<std::string> names = jpegs;
  names.insert(names.end(), pngs.begin(), pngs.end());
  for (const std::string& name : names) {
    const Bytes encoded = fixture(name);
    const Picture expected = expected_of(name);
    // A PNG is complete without its last chunk, a JPEG without its last marker.
    const std::size_t dispensable = name.ends_with(".png") ? 12 : 2;
    for (std::size_t length = 0; length < encoded.size(); ++length) {
      const std::span<const std::byte> some(encoded.data(), length);
      const std::optional<Error> error = error_of(some, expected.size);
      if (error ? error->code() == Errc::corrupt_data
                : length + dispensable >= encoded.size() && decode_whole(some, expected.size) == expected) {
        continue;
      }
      CAPTURE(name, length, encoded.size());
      FAIL_CHECK((error ? error->what() : "decoded"));
    }
  }
}

TEST_CASE("the error for a cut off image says so", "[codec]") {
  const std::string no_end = "the JPEG does not decode: Premature end of JPEG file";
  const std::string no_bits = "the JPEG does not decode: Corrupt JPEG data: premature end of data segment";
  const auto [name, message] = GENERATE_COPY(table<std::string, std::string>({{"grey.jpg", no_bits},
                                                                              {"grey_progressive.jpg", no_bits},
                                                                              {"grey_arithmetic.jpg", no_end},
                                                                              {"grey_restart.jpg", no_bits}}));
  CAPTURE(name);
  const Bytes encoded = fixture(name);
  check_error(std::span(encoded).first(encoded.size() / 2), {53, 67}, Errc::corrupt_data, message);
  check_error(std::span(encoded).first(10), {53, 67}, Errc::corrupt_data, no_end);
  const Bytes png = fixture("grey8.png");
  const std::span<const std::byte> half(png.data(), png.size() / 2);
  check_error(half, {21, 27}, Errc::corrupt_data, "the PNG does not decode: the file is cut short");
}

TEST_CASE("a cut off JPEG that was closed with an end marker is an error or complete", "[codec]") {
  for (const std::string& name : jpegs) {
    const Bytes whole = fixture(name);
    const Picture expected = expected_of(name);
    // Of an arithmetic-coded image the last row of blocks may be invented: see decode_grey8(). In one of several scans
    // that is the last scan's.
    const bool arithmetic = name.find("arithmetic") != std::string::npos;
    const std::size_t checked = arithmetic ? whole.size() * 3 / 4 : whole.size();
    for (std::size_t length = 0; length < checked; ++length) {
      Bytes encoded(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
      encoded.insert(encoded.end(), {std::byte{0xFF}, std::byte{0xD9}});
      const std::optional<Error> error = error_of(encoded, expected.size);
      if (error ? error->code() == Errc::corrupt_data
                : length + 2 >= whole.size() && decode_whole(encoded, expected.size) == expected) {
        continue;
      }
      CAPTURE(name, length, whole.size());
      FAIL_CHECK((error ? error->what() : "decoded"));
    }
  }
}

TEST_CASE("a JPEG that lacks its end marker alone decodes", "[codec]") {
  for (const std::string& name : jpegs) {
    CAPTURE(name);
    const Bytes whole = fixture(name);
    const Picture expected = expected_of(name);
    for (const std::size_t missing : {1, 2}) {
      const std::span<const std::byte> encoded = std::span(whole).first(whole.size() - missing);
      if (name.find("arithmetic") == std::string::npos) {
        CHECK(decode_whole(encoded, expected.size) == expected);
      } else {  // nothing would tell it from one that was cut
        check_error(encoded, expected.size, Errc::corrupt_data, "the JPEG does not decode: Premature end of JPEG file");
      }
    }
  }
}

TEST_CASE("an image that takes much memory for whatever part of it is refused before it takes any", "[codec]") {
  // 20 000 x 20 000 in the frame header (SOF2) of a progressive file, and in IHDR of an interlaced one.
  Bytes jpeg = fixture("grey_progressive.jpg");
  jpeg = replaced(jpeg, "\xFF\xC2\0\x0B\x08\0\x35\0\x43"sv, "\xFF\xC2\0\x0B\x08\x4E\x20\x4E\x20"sv);
  const ImageSize cell{20000, 20000};
  std::array<std::uint8_t, 64 * 64> out{};
  const auto error_for = [&](const Bytes& encoded) {
    try {
      decode_grey8(encoded, cell, {0, 0, 64, 64}, fill, out.data(), 64);
    } catch (const Error& error) {
      return std::pair(error.code(), std::string(error.what()));
    }
    return std::pair(Errc::io, "decoded"s);
  };
  CHECK(error_for(jpeg) == std::pair(Errc::too_large,
                                     "the JPEG of 20000 x 20000 pixels needs 762 MiB to decode, because it has several "
                                     "scans; at most 128 MiB are allowed"s));
  const Bytes png = bytes(
      "\x89PNG\r\n\x1A\n"
      "\0\0\0\x0DIHDR\0\0\x4E\x20\0\0\x4E\x20\x08\2\0\0\1\x1B\x15\xE1\xF8"
      "\0\0\0\0IDAT\x35\xAF\x06\x1E"sv);
  CHECK(error_for(png) == std::pair(Errc::too_large,
                                    "the PNG of 20000 x 20000 pixels needs 1144 MiB to decode, because it is "
                                    "interlaced; at most 128 MiB are allowed"s));
}

TEST_CASE("rows below the window are not read", "[codec]") {
  const auto [name, length] = GENERATE(table<std::string, std::size_t>({{"grey.jpg", 1000}, {"grey_alpha8.png", 700}}));
  CAPTURE(name);
  const Bytes encoded = fixture(name);
  const Picture whole = expected_of(name);
  REQUIRE(length < encoded.size());
  const std::span<const std::byte> some(encoded.data(), length);
  const ImageWindow top{1, 2, 6, 9};
  CHECK(decode(some, whole.size, top) == cut(whole, top));
  CHECK(error_of(some, whole.size).has_value());
}

TEST_CASE("oddities of a JPEG that leave its pixels alone are accepted", "[codec]") {
  const auto [oddity, name, from, to] = GENERATE(table<std::string, std::string, std::string_view, std::string_view>({
      {"bytes between header segments", "grey.jpg", "\xFF\xDB"sv, "junk\xFF\xDB"sv},
      {"padding before the end", "grey_progressive.jpg", "\xFF\xD9"sv, "a score of odd bytes\xFF\xD9"sv},
      {"bytes after the end", "grey_progressive.jpg", "\xFF\xD9"sv, "\xFF\xD9 and the rest"sv},
      {"an unknown JFIF version", "grey.jpg", "JFIF\0\1"sv, "JFIF\0\7"sv},
      {"an unknown Adobe transform", "ycbcr_420.jpg", "\xFF\xE0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0"sv,
       "\xFF\xEE\0\x0E\x41\x64obe\0\x64\0\0\0\0\7"sv},
      {"a sequential scan of frequencies 0 to 0", "grey.jpg", "\xFF\xDA\0\x08\1\1\0\0\x3F\0"sv,
       "\xFF\xDA\0\x08\1\1\0\0\0\0"sv},
  }));
  CAPTURE(oddity);
  const Picture expected = expected_of(name);
  CHECK(decode_whole(replaced(fixture(name), from, to), expected.size) == expected);
}

TEST_CASE("a JPEG that has lost or gained data between restart markers is an error", "[codec]") {
  const Bytes encoded = fixture("ycbcr_420_restart.jpg");
  const auto [from, to, message] = GENERATE(table<std::string_view, std::string_view, std::string>({
      {"\xFF\xD1"sv, "a score of odd bytes\xFF\xD1"sv, "Corrupt JPEG data: 20 extraneous bytes before marker 0xd1"},
      {"\xFF\xD1"sv, "\xFF\xD2"sv, "Corrupt JPEG data: found marker 0xd2 instead of RST1"},
      {"\xFF\xD1"sv, "\xFF\xD9"sv, "Corrupt JPEG data: found marker 0xd9 instead of RST1"},
  }));
  check_error(replaced(encoded, from, to), {53, 67}, Errc::corrupt_data, "the JPEG does not decode: " + message);
}

TEST_CASE("a JPEG that asks for very many passes over the image is an error", "[codec]") {
  // The arithmetic decoder takes a scan without data for one of zeros, without a warning.
  Bytes encoded = fixture("ycbcr_420_arithmetic_scans.jpg");
  encoded.resize(encoded.size() - 2);
  const Bytes scan = bytes("\xFF\xDA\0\x08\1\1\0\0\x3F\0"sv);
  for (int i = 0; i < 1000; ++i) encoded.insert(encoded.end(), scan.begin(), scan.end());
  const Bytes end = bytes("\xFF\xD9"sv);
  encoded.insert(encoded.end(), end.begin(), end.end());
  check_error(encoded, {53, 67}, Errc::corrupt_data, "the JPEG does not decode: More than 500 scans");
}

TEST_CASE("a PNG with any one bit flipped is an error or decodes to its own pixels", "[codec]") {
  const std::string name = GENERATE("grey8.png", "palette4.png", "rgb8_interlaced.png");
  const Bytes encoded = fixture(name);
  const Picture expected = expected_of(name);
  for (std::size_t bit = 0; bit < 8 * encoded.size(); ++bit) {
    Bytes flipped = encoded;
    flipped[bit / 8] ^= std::byte{1} << (bit % 8);
    if (error_of(flipped, expected.size) || decode_whole(flipped, expected.size) == expected) continue;
    CAPTURE(name, bit);
    FAIL_CHECK("decoded to other pixels");
  }
}

TEST_CASE("a JPEG with a bit flipped decodes or is an error, and the next one decodes", "[codec]") {
  const std::string name = GENERATE("grey.jpg", "ycbcr_420_progressive.jpg", "grey_arithmetic.jpg", "grey_restart.jpg");
  CAPTURE(name);
  const Bytes encoded = fixture(name);
  const Picture expected = expected_of(name);
  int errors = 0;
  for (std::size_t at = 0; at < encoded.size(); ++at) {
    Bytes flipped = encoded;
    flipped[at] ^= std::byte{1} << (at % 8);
    errors += error_of(flipped, expected.size) ? 1 : 0;
  }
  CHECK(errors > 0);
  CHECK(decode_whole(encoded, expected.size) == expected);
}

TEST_CASE("a JPEG without tables of its own does not take those of the image before", "[codec]") {
  const Bytes whole = fixture("grey.jpg");
  const Picture expected = expected_of("grey.jpg");
  // Segments are FF, marker, two bytes of length that count themselves; DB holds quantization tables.
  Bytes without(whole.begin(), whole.begin() + 2);
  std::size_t at = 2;
  std::size_t dropped = 0;
  while (whole[at + 1] != std::byte{0xDA}) {
    const auto length =
        2 + 256 * std::to_integer<std::size_t>(whole[at + 2]) + std::to_integer<std::size_t>(whole[at + 3]);
    if (whole[at + 1] == std::byte{0xDB}) {
      ++dropped;
    } else {
      without.insert(without.end(), whole.begin() + static_cast<std::ptrdiff_t>(at),
                     whole.begin() + static_cast<std::ptrdiff_t>(at + length));
    }
    at += length;
  }
  REQUIRE(dropped > 0);
  without.insert(without.end(), whole.begin() + static_cast<std::ptrdiff_t>(at), whole.end());

  CHECK(decode_whole(whole, expected.size) == expected);
  check_error(without, expected.size, Errc::corrupt_data,
              "the JPEG does not decode: Quantization table 0x00 was not defined");
}

TEST_CASE("threads decode side by side", "[codec]") {
  const std::vector<std::string> names{"grey.jpg", "ycbcr_420_progressive.jpg", "grey8.png"};
  std::vector<Bytes> encoded;
  std::vector<Picture> expected;
  for (const std::string& name : names) {
    encoded.push_back(fixture(name));
    expected.push_back(expected_of(name));
  }
  std::array<bool, 4> right{};
  std::vector<std::thread> threads;
  for (bool& all_right : right) {
    threads.emplace_back([&] {
      all_right = true;
      for (std::size_t i = 0; i < 60; ++i) {
        const ImageSize& size = expected[i % 3].size;
        Picture picture{size, std::vector<std::uint8_t>(expected[i % 3].pixels.size())};
        decode_grey8(encoded[i % 3], size, {0, 0, size.height, size.width}, fill, picture.pixels.data(), size.width);
        all_right = all_right && picture == expected[i % 3];
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(right == std::array{true, true, true, true});
}
