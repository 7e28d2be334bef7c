#include "codec/compresso.hpp"

#include <catvox/core/error.hpp>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/label_writers.hpp"

using namespace catvox;
using namespace catvox::detail;
using catvox::test::error_of;
namespace fs = std::filesystem;

namespace {

using Bytes = std::vector<std::byte>;

/// The only chunk of a volume of tests/data/precomputed.
Bytes chunk_of(const std::string& volume) {
  for (const auto& entry : fs::directory_iterator(fs::path(CATVOX_TEST_DATA) / "precomputed" / volume / "8_8_8")) {
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    const auto* data = reinterpret_cast<const std::byte*>(text.data());
    return {data, data + text.size()};
  }
  return {};
}

template <class U>
std::vector<U> decode(const Bytes& chunk, const Shape3& shape) {
  std::vector<U> out(static_cast<std::size_t>(volume(shape)), U{77});
  constexpr std::int64_t item = sizeof(U);
  decode_compresso(chunk, sizeof(U), shape,
                   {reinterpret_cast<std::byte*>(out.data()), {shape[1] * shape[2] * item, shape[2] * item, item}});
  return out;
}

/// A chunk by hand: header, then the parts one after the other.
struct Stream {
  int version = 0;
  std::uint16_t sx = 0, sy = 0, sz = 0;
  std::uint8_t xstep = 4, ystep = 4, zstep = 1, connectivity = 4;
  std::vector<std::uint8_t> ids{};
  std::vector<std::uint16_t> values{};  // 4 x 4 x 1 voxels: 16 bits
  std::vector<std::uint8_t> locations{};
  std::vector<std::uint16_t> windows{};

  [[nodiscard]] Bytes bytes() const {
    Bytes out;
    const auto put = [&](std::uint64_t value, int width) {
      for (int i = 0; i < width; ++i) out.push_back(static_cast<std::byte>(value >> (8 * i) & 0xff));
    };
    for (const char c : std::string("cpso")) out.push_back(static_cast<std::byte>(c));
    put(static_cast<std::uint64_t>(version), 1);
    put(1, 1);  // bytes of a label
    for (const auto size : {sx, sy, sz}) put(size, 2);
    for (const auto step : {xstep, ystep, zstep}) put(step, 1);
    put(ids.size(), 8);
    put(values.size(), 4);
    put(locations.size(), 8);
    put(connectivity, 1);
    for (const auto id : ids) put(id, 1);
    for (const auto value : values) put(value, 2);
    for (const auto location : locations) put(location, 1);
    for (const auto window : windows) put(window, 2);
    return out;
  }
};

/// 4 x 4 x 1 voxels: column 1 is boundary. So there are two pieces, and each boundary voxel takes its left neighbour's.
const Stream simple{.sx = 4, .sy = 4, .sz = 1, .ids = {5, 9}, .values = {0x2222}, .windows = {0}};

}  // namespace

TEST_CASE("a hand-made compresso chunk of two pieces", "[codec]") {
  CHECK(decode<std::uint8_t>(simple.bytes(), {1, 4, 4}) ==
        std::vector<std::uint8_t>{5, 5, 9, 9, 5, 5, 9, 9, 5, 5, 9, 9, 5, 5, 9, 9});
}

TEST_CASE("boundary voxels that no neighbour labels take the next location", "[codec]") {
  // All of 4 x 4 x 2 is boundary but the last voxel: x - 1, x + 1, … of the first voxels in raster order.
  Stream stream{.sx = 4, .sy = 4, .sz = 2, .ids = {5}, .values = {0xFFFF, 0x7FFF}, .windows = {0, 2}};
  // z = 0: a label of 3 (7 + 3), the left one, the right one (still 0), 6: the next is the label; then eleven of the left.
  stream.locations = {10, 0, 1, 6, 200, 2, 10, 0, 0, 10, 0, 0, 0, 10, 0, 0, 0};
  // z = 1: the one below, then labels of 1 up to the last but two; x = 2 of the last row sees x = 3, which is no boundary.
  stream.locations.push_back(4);
  for (int i = 1; i < 14; ++i) stream.locations.push_back(8);
  stream.locations.push_back(1);
  std::vector<std::uint8_t> expected{3, 3, 0, 200, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3};
  expected.insert(expected.end(), 13, 1);
  expected.insert(expected.end(), {5, 5});
  CHECK(decode<std::uint8_t>(stream.bytes(), {2, 4, 4}) == expected);
}

TEST_CASE("pieces of neighbouring slices are one with connectivity 6, two with 4", "[codec]") {
  Stream stream{.sx = 4, .sy = 4, .sz = 2, .ids = {5, 9}, .values = {0}, .windows = {2 * 2 + 1}};  // a run of two
  std::vector<std::uint8_t> expected(16, 5);
  expected.insert(expected.end(), 16, 9);
  CHECK(decode<std::uint8_t>(stream.bytes(), {2, 4, 4}) == expected);
  stream.connectivity = 6;
  stream.ids = {5};
  CHECK(decode<std::uint8_t>(stream.bytes(), {2, 4, 4}) == std::vector<std::uint8_t>(32, 5));
}

TEST_CASE("a run of windows has the first value, which need not be empty", "[codec]") {
  Stream stream{.sx = 8, .sy = 4, .sz = 1, .ids = {1, 2, 3}, .values = {0x2222}, .windows = {2 * 2 + 1}};
  CHECK(decode<std::uint8_t>(stream.bytes(), {1, 4, 8}) == std::vector<std::uint8_t>{1, 1, 2, 2, 2, 2, 3, 3, 1, 1, 2,
                                                                                     2, 2, 2, 3, 3, 1, 1, 2, 2, 2, 2,
                                                                                     3, 3, 1, 1, 2, 2, 2, 2, 3, 3});
}

TEST_CASE("compresso chunks of cells and of noise hold their labels at every width", "[codec]") {
  for (const Shape3& shape : {Shape3{3, 20, 70}, Shape3{2, 9, 64}, Shape3{1, 1, 130}, Shape3{4, 33, 1}}) {
    for (const int cell : {1, 3, 7, 100}) {
      std::mt19937_64 random(static_cast<unsigned>(cell));
      std::vector<std::uint64_t> labels(static_cast<std::size_t>(volume(shape)));
      for (std::int64_t i = 0; i < volume(shape); ++i) {
        const std::int64_t x = i % shape[2], y = i / shape[2] % shape[1], z = i / shape[2] / shape[1];
        labels[static_cast<std::size_t>(i)] =
            cell == 1 ? random() % 5 : static_cast<std::uint64_t>((x + z) / cell * 31 + (y + x / 3) / cell) << 33;
      }
      CAPTURE(shape, cell);
      const bool same = decode<std::uint64_t>(catvox::test::compresso(labels, shape), shape) == labels;
      CHECK(same);
      std::vector<std::uint8_t> bytes;
      for (const std::uint64_t label : labels) bytes.push_back(static_cast<std::uint8_t>((label ^ label >> 33) % 240));
      const bool same_bytes = decode<std::uint8_t>(catvox::test::compresso(bytes, shape), shape) == bytes;
      CHECK(same_bytes);
    }
  }
}

TEST_CASE("version 0 of a compresso chunk is version 1 without its z index", "[codec]") {
  Bytes chunk = chunk_of("compresso_u32");
  REQUIRE(chunk[4] == std::byte{1});
  const auto whole = decode<std::uint32_t>(chunk, {7, 11, 14});
  chunk[4] = std::byte{0};
  chunk.resize(chunk.size() - 2 * 2 * 7);  // 2 * 14 * 11 = 308 needs two bytes an entry
  CHECK(decode<std::uint32_t>(chunk, {7, 11, 14}) == whole);
}

TEST_CASE("a compresso chunk that contradicts itself is an error", "[codec]") {
  const auto changed = [](auto change) {
    Stream stream = simple;
    change(stream);
    return stream.bytes();
  };
  Bytes other = simple.bytes();
  other[0] = std::byte{'x'};
  Bytes wide = simple.bytes();
  wide[5] = std::byte{8};
  const auto [chunk, code, text] = GENERATE_COPY(table<Bytes, Errc, std::string>({
      {{}, Errc::corrupt_data, "cut short: 0 bytes"},
      {other, Errc::corrupt_data, "does not start with \"cpso\""},
      {wide, Errc::corrupt_data, "labels of 8 bytes, expected 1"},
      {changed([](Stream& s) { s.version = 2; }), Errc::unsupported, "version 2 is not read"},
      {changed([](Stream& s) { s.sx = 5; }), Errc::corrupt_data, "a chunk of 5 x 4 x 1 voxels, expected 4 x 4 x 1"},
      {changed([](Stream& s) { s.xstep = 0; }), Errc::corrupt_data, "windows of 0 voxels"},
      {changed([](Stream& s) { s.zstep = 5; }), Errc::corrupt_data, "windows of 80 voxels"},
      {changed([](Stream& s) { s.connectivity = 8; }), Errc::corrupt_data, "connectivity 8 in version 0"},
      {changed([](Stream& s) { s.windows = {}; }), Errc::corrupt_data, "0 windows, expected the 1 of the chunk"},
      {changed([](Stream& s) {
         s.windows = {0, 0};
       }),
       Errc::corrupt_data, "more windows than the 1 of the chunk"},
      {changed([](Stream& s) { s.windows = {0xffff}; }), Errc::corrupt_data, "more windows than the 1 of the chunk"},
      {changed([](Stream& s) { s.windows = {2}; }), Errc::corrupt_data, "a window has value 1 of 1"},
      {changed([](Stream& s) { s.ids = {5}; }), Errc::corrupt_data, "1 ids for 2 connected components"},
      {changed([](Stream& s) {
         s.ids = {5, 6, 7};
       }),
       Errc::corrupt_data, "3 ids for 2 connected components"},
      {changed([](Stream& s) { s.locations = {1}; }), Errc::corrupt_data,
       "more locations than boundary voxels that need one"},
      {changed([](Stream& s) {
         s.values = {0xFFFF};
         s.ids = {};
       }),
       Errc::corrupt_data, "fewer locations than boundary voxels that need one"},
      {changed([](Stream& s) {
         s.values = {0xFFFF};
         s.ids = {};
         s.locations = {0};
       }),
       Errc::corrupt_data, "a location points out of the chunk"},
      {changed([](Stream& s) {
         s.values = {0xFFFF};
         s.ids = {};
         s.locations = {5};
       }),
       Errc::corrupt_data, "a location points out of the chunk"},
  }));
  const Error error = error_of([&c = chunk] { decode<std::uint8_t>(c, {1, 4, 4}); });
  CHECK(error.code() == code);
  CHECK(error.what() == "compresso: " + text);
}

TEST_CASE("a compresso chunk cut short anywhere is an error, one with a byte changed an error or labels", "[codec]") {
  const Bytes whole = chunk_of("compresso_u16_noise");
  constexpr Shape3 shape{3, 9, 10};
  REQUIRE(decode<std::uint16_t>(whole, shape).size() == 270);
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
    CHECK(error_of([&] { decode<std::uint16_t>(cut, shape); }).code() == Errc::corrupt_data);
  }
  for (std::size_t i = 0; i < whole.size(); ++i) {
    for (const int flip : {0x01, 0x10, 0x80, 0xff}) {
      Bytes damaged = whole;
      damaged[i] ^= static_cast<std::byte>(flip);
      try {
        decode<std::uint16_t>(damaged, shape);
      } catch (const Error& error) {
        CHECK((error.code() == Errc::corrupt_data || error.code() == Errc::unsupported));
      }
    }
  }
}
