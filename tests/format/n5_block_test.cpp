#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "core/scratch.hpp"
#include "format/n5/n5_block.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/n5_fixtures.hpp"

using namespace catvox;
using namespace catvox::detail;
using catvox::test::error_of;
using n5_fixtures::Bytes;
namespace fs = std::filesystem;

namespace {

using Axes = std::array<std::size_t, 3>;

constexpr Axes all_axes[] = {{2, 1, 0}, {1, 2, 0}, {2, 0, 1}, {0, 2, 1}, {1, 0, 2}, {0, 1, 2}};

void append_number(Bytes& bytes, std::uint64_t value, int size) {
  for (int i = size; i-- > 0;) bytes.push_back(static_cast<std::byte>(value >> (8 * i) & 0xff));
}

/// A block as the format says: mode, sizes, element count in mode 1.
Bytes header(unsigned mode, const std::vector<std::uint32_t>& sizes, std::uint32_t count = 0) {
  Bytes bytes;
  append_number(bytes, mode, 2);
  append_number(bytes, sizes.size(), 2);
  for (const std::uint32_t size : sizes) append_number(bytes, size, 4);
  if (mode == 1) append_number(bytes, count, 4);
  return bytes;
}

Bytes operator+(Bytes first, const Bytes& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

N5Attributes attributes(std::vector<std::int64_t> block, DType dtype, Compression compression = Compression::raw) {
  return {block, block, dtype, compression};
}

/// Decodes a window into an array of exactly its size.
template <class T>
std::vector<T> decode(const N5Attributes& a, const Axes& axes, const Bytes& block, const Box& window) {
  const Shape3 shape = window.shape();
  std::vector<T> out(static_cast<std::size_t>(volume(shape)), T{99});
  constexpr std::int64_t item = sizeof(T);
  decode_n5_block(a, axes, block, window,
                  {reinterpret_cast<std::byte*>(out.data()), {shape[1] * shape[2] * item, shape[2] * item, item}});
  return out;
}

/// What window voxel (z, y, x) of a block of `size` (N5's order) must be, from the definition of the format.
template <class T>
T expected_voxel(const std::vector<std::int64_t>& size, const Axes& axes, const Index3& at) {
  std::array<std::int64_t, 3> i{};
  for (std::size_t axis = 0; axis < 3; ++axis) i[axes[axis]] = at[axis];
  for (std::size_t k = 0; k < 3; ++k) {
    if (i[k] >= size[k]) return T{0};
  }
  return n5_fixtures::voxel<T>(i[0] + size[0] * (i[1] + size[1] * i[2]));
}

template <class T>
void check_every_order_and_window() {
  // Above, at and below the 16-byte squares of the transposition, for every element size.
  const std::vector<std::int64_t> size{37, 19, 23};
  const Bytes block = header(0, {37, 19, 23}) + n5_fixtures::big_endian_voxels<T>(37 * 19 * 23);
  for (const Axes& axes : all_axes) {
    const Shape3 shape{size[axes[0]], size[axes[1]], size[axes[2]]};
    for (const Box& window : {Box{{0, 0, 0}, shape}, Box{{3, 1, 2}, {19, 18, 19}}, Box{{1, 0, 18}, {2, 18, 19}},
                              Box{{0, 16, 0}, {17, 17, 1}}}) {
      CAPTURE(axes, window.min, window.max);
      // A destination with gaps between rows and slices, its rows going backwards; the gaps must stay as they are.
      const Shape3 extent = window.shape();
      const std::int64_t row = extent[2] + 3;
      const std::int64_t slice = extent[1] * row + 5;
      std::vector<T> out(static_cast<std::size_t>(extent[0] * slice + row), T{99});
      constexpr std::int64_t item = sizeof(T);
      T* const first = out.data() + (extent[1] - 1) * row + 1;
      decode_n5_block(attributes(size, dtype_of<T>), axes, block, window,
                      {reinterpret_cast<std::byte*>(first), {slice * item, -row * item, item}});
      std::vector<T> expected(out.size(), T{99});
      for (std::int64_t z = 0; z < extent[0]; ++z) {
        for (std::int64_t y = 0; y < extent[1]; ++y) {
          for (std::int64_t x = 0; x < extent[2]; ++x) {
            const Index3 at{window.min[0] + z, window.min[1] + y, window.min[2] + x};
            expected[static_cast<std::size_t>((extent[1] - 1) * row + 1 + z * slice - y * row + x)] =
                expected_voxel<T>(size, axes, at);
          }
        }
      }
      CHECK(out == expected);
    }
  }
}

}  // namespace

TEST_CASE("a block lands in every order of axes, window and layout", "[format]") {
  check_every_order_and_window<std::uint8_t>();
  check_every_order_and_window<std::int16_t>();
  check_every_order_and_window<float>();
  check_every_order_and_window<std::uint64_t>();
  check_every_order_and_window<double>();
}

TEST_CASE("a hand-made block of six elements", "[format]") {
  // x = 0..2, y = 0..1: 0x0102, 0x0304, 0x0506 / 0x0708, 0x090a, 0x0b0c
  Bytes block = header(0, {3, 2, 1});
  for (int i = 1; i <= 12; ++i) block.push_back(static_cast<std::byte>(i));
  const auto a = attributes({3, 2, 1}, DType::uint16);
  CHECK(decode<std::uint16_t>(a, {2, 1, 0}, block, {{0, 0, 0}, {1, 2, 3}}) ==
        std::vector<std::uint16_t>{0x0102, 0x0304, 0x0506, 0x0708, 0x090a, 0x0b0c});
  CHECK(decode<std::uint16_t>(a, {2, 0, 1}, block, {{0, 0, 0}, {1, 3, 2}}) ==
        std::vector<std::uint16_t>{0x0102, 0x0708, 0x0304, 0x090a, 0x0506, 0x0b0c});
  CHECK(decode<std::uint16_t>(a, {1, 2, 0}, block, {{1, 0, 1}, {2, 1, 3}}) ==
        std::vector<std::uint16_t>{0x090a, 0x0b0c});
}

TEST_CASE("a block smaller than the cell leaves fill, a larger one is clipped", "[format]") {
  const auto [size, compression] = GENERATE(table<std::vector<std::int64_t>, Compression>({
      {{4, 3, 2}, Compression::raw},
      {{2, 3, 2}, Compression::raw},
      {{4, 1, 2}, Compression::raw},
      {{4, 3, 1}, Compression::raw},
      {{1, 1, 1}, Compression::raw},
      {{7, 3, 2}, Compression::raw},
      {{2, 9, 1}, Compression::raw},
      {{8, 6, 4}, Compression::raw},
  }));
  const Axes axes = GENERATE(from_range(std::begin(all_axes), std::end(all_axes)));
  CAPTURE(size, axes);
  const auto a = attributes({4, 3, 2}, DType::int32, compression);
  const Bytes block =
      header(0, {size.begin(), size.end()}) + n5_fixtures::big_endian_voxels<std::int32_t>(size[0] * size[1] * size[2]);
  const Shape3 cell{a.block_size[axes[0]], a.block_size[axes[1]], a.block_size[axes[2]]};
  const auto out = decode<std::int32_t>(a, axes, block, {{0, 0, 0}, cell});
  std::vector<std::int32_t> expected;
  for (std::int64_t z = 0; z < cell[0]; ++z) {
    for (std::int64_t y = 0; y < cell[1]; ++y) {
      for (std::int64_t x = 0; x < cell[2]; ++x)
        expected.push_back(expected_voxel<std::int32_t>(size, axes, {z, y, x}));
    }
  }
  CHECK(out == expected);
}

TEST_CASE("a window that a short block does not reach is fill", "[format]") {
  const Bytes block = header(0, {2, 3, 2}) + n5_fixtures::big_endian_voxels<std::uint8_t>(12);
  CHECK(decode<std::uint8_t>(attributes({4, 3, 2}, DType::uint8), {2, 1, 0}, block, {{0, 0, 2}, {1, 2, 4}}) ==
        std::vector<std::uint8_t>(4, 0));
}

TEST_CASE("mode 1 is read if its count is that of its size", "[format]") {
  const auto a = attributes({3, 2, 1}, DType::uint8);
  const Bytes voxels = n5_fixtures::big_endian_voxels<std::uint8_t>(6);
  CHECK(decode<std::uint8_t>(a, {2, 1, 0}, header(1, {3, 2, 1}, 6) + voxels, {{0, 0, 0}, {1, 2, 3}}) ==
        std::vector<std::uint8_t>{1, 8, 15, 22, 29, 36});
}

TEST_CASE("dimensions that are not picked are read at 0, however long the block is along them", "[format]") {
  // 2 x 3 x 2 elements, dimension 1 (of size 3) not picked: of x = 0..1, w = 0..2, y = 0..1 those with w = 0.
  const N5Attributes a{{2, 1, 2, 1}, {2, 3, 2, 1}, DType::uint8, Compression::raw};
  const Bytes block = header(0, {2, 3, 2, 1}) + n5_fixtures::big_endian_voxels<std::uint8_t>(12);
  CHECK(decode<std::uint8_t>(a, {3, 2, 0}, block, {{0, 0, 0}, {1, 2, 2}}) == std::vector<std::uint8_t>{1, 8, 43, 50});
  // Dimension 0 not picked: no axis is contiguous in the block.
  const N5Attributes b{{1, 2, 3, 1}, {2, 2, 3, 1}, DType::uint8, Compression::raw};
  const Bytes strided = header(0, {2, 2, 3, 1}) + n5_fixtures::big_endian_voxels<std::uint8_t>(12);
  CHECK(decode<std::uint8_t>(b, {3, 2, 1}, strided, {{0, 0, 0}, {1, 3, 2}}) ==
        std::vector<std::uint8_t>{1, 15, 29, 43, 57, 71});
  CHECK(decode<std::uint8_t>(b, {3, 1, 2}, strided, {{0, 0, 0}, {1, 2, 3}}) ==
        std::vector<std::uint8_t>{1, 29, 57, 15, 43, 71});
}

TEST_CASE("a dimension that is not picked keeps the block's elements apart at every size", "[format]") {
  // Dimension 0, of size 2 in the block, is not picked: x and y have strides of 2 and 80 elements.
  const N5Attributes a{{1, 40, 40, 1}, {2, 40, 40, 1}, DType::uint16, Compression::raw};
  const Bytes block = header(0, {2, 40, 40, 1}) + n5_fixtures::big_endian_voxels<std::uint16_t>(2 * 40 * 40);
  std::vector<std::uint16_t> rows;
  std::vector<std::uint16_t> columns;
  for (std::int64_t i = 0; i < 40; ++i) {
    for (std::int64_t j = 0; j < 40; ++j) {
      rows.push_back(n5_fixtures::voxel<std::uint16_t>(2 * j + 80 * i));
      columns.push_back(n5_fixtures::voxel<std::uint16_t>(2 * i + 80 * j));
    }
  }
  CHECK(decode<std::uint16_t>(a, {3, 2, 1}, block, {{0, 0, 0}, {1, 40, 40}}) == rows);
  CHECK(decode<std::uint16_t>(a, {3, 1, 2}, block, {{0, 0, 0}, {1, 40, 40}}) == columns);
}

TEST_CASE("a part of a compressed block goes where it belongs in an array of the block's own strides", "[format]") {
  if (!is_available(Compression::gzip)) return;
  const Bytes block = n5_fixtures::read_bytes(n5_fixtures::root() / "zarr" / "uint8-gzip" / "0" / "0" / "0");
  const auto a = attributes({3, 4, 3}, DType::uint8, Compression::gzip);
  std::vector<std::uint8_t> out(3 * 4 * 3, 99);
  decode_n5_block(a, {2, 1, 0}, block, {{1, 2, 1}, {3, 4, 3}}, {reinterpret_cast<std::byte*>(out.data()), {12, 3, 1}});
  std::vector<std::uint8_t> expected(3 * 4 * 3, 99);
  for (std::int64_t z = 1; z < 3; ++z) {
    for (std::int64_t y = 2; y < 4; ++y) {
      for (std::int64_t x = 1; x < 3; ++x) {
        expected[static_cast<std::size_t>((z - 1) * 12 + (y - 2) * 3 + (x - 1))] =
            n5_fixtures::voxel<std::uint8_t>(x + 5 * (y + 4 * z));
      }
    }
  }
  CHECK(out == expected);
}

TEST_CASE("voxels of another type than the attributes say are an error, not other voxels", "[format]") {
  const std::string compression = GENERATE("raw", "gzip", "bzip2", "xz", "lz4", "zstd", "blosc");
  CAPTURE(compression);
  const fs::path dataset = n5_fixtures::root() / "zarr" / ("int16-" + compression);
  N5Attributes a;
  try {
    a = parse_n5_attributes(n5_fixtures::read_text(dataset / "attributes.json"));
  } catch (const Error& error) {
    REQUIRE(error.code() == Errc::unsupported);  // left out of this build
    return;
  }
  const Bytes block = n5_fixtures::read_bytes(dataset / "0" / "0" / "0");
  a.dtype = DType::uint8;
  CHECK(error_of([&] {
          decode<std::uint8_t>(a, {2, 1, 0}, block, {{0, 0, 0}, {1, 1, 1}});
        }).code() == Errc::corrupt_data);
}

TEST_CASE("an odd block is an error that says what is odd", "[format]") {
  const Bytes six = n5_fixtures::big_endian_voxels<std::uint16_t>(6);
  const Bytes five = n5_fixtures::big_endian_voxels<std::uint16_t>(5);
  const auto [block, code, text] = GENERATE_COPY(table<Bytes, Errc, std::string>({
      {{}, Errc::corrupt_data, "block is empty: 0 bytes"},
      {Bytes(1), Errc::corrupt_data, "block header is cut short: 1 bytes"},
      {Bytes(3), Errc::corrupt_data, "block header is cut short: 3 bytes"},
      {header(0, {3, 2}), Errc::corrupt_data, "block has 2 dimensions, expected 3"},
      {header(0, {3, 2, 1, 1}) + six, Errc::corrupt_data, "block has 4 dimensions, expected 3"},
      {header(0, std::vector<std::uint32_t>(65535, 1)), Errc::corrupt_data, "block has 65535 dimensions, expected 3"},
      {Bytes{std::byte{0}, std::byte{0}, std::byte{0}, std::byte{3}, std::byte{1}}, Errc::corrupt_data,
       "block header is cut short: 5 bytes"},
      {header(0, {3, 2, 1}), Errc::corrupt_data, "raw payload: 0 bytes, expected 12"},
      {header(0, {3, 2, 1}) + five, Errc::corrupt_data, "raw payload: 10 bytes, expected 12"},
      {header(0, {3, 2, 1}) + five + Bytes(1), Errc::corrupt_data, "raw payload: 11 bytes, expected 12"},
      {header(0, {3, 2, 1}) + six + Bytes(1), Errc::corrupt_data, "raw payload: 13 bytes, expected 12"},
      {header(0, {3, 0, 1}) + six, Errc::corrupt_data, "block has size 3 x 0 x 1"},
      {header(1, {3, 2, 1}, 5) + five, Errc::corrupt_data,
       "block of mode 1 holds 5 elements, expected 6 for its size 3 x 2 x 1"},
      {header(1, {3, 2, 1}, 0xffffffff) + six, Errc::corrupt_data,
       "block of mode 1 holds 4294967295 elements, expected 6 for its size 3 x 2 x 1"},
      {Bytes{std::byte{0}, std::byte{1}, std::byte{0}, std::byte{3}} + Bytes(12, std::byte{1}), Errc::too_large,
       "block has size 16843009 x 16843009 x 16843009, expected about 3 x 2 x 1 and at most 1048576 bytes"},
      {header(1, {3, 2, 1}, 6) + five, Errc::corrupt_data, "raw payload: 10 bytes, expected 12"},
      {Bytes{std::byte{0}, std::byte{2}, std::byte{0}, std::byte{0}, std::byte{0}, std::byte{9}} + six,
       Errc::unsupported, "block is of mode 2: it holds an object, not voxels"},
      {header(3, {3, 2, 1}) + six, Errc::corrupt_data, "block has mode 3, expected 0 or 1"},
      {header(0x1f8b, {3, 2, 1}) + six, Errc::corrupt_data, "block has mode 8075, expected 0 or 1"},
      {header(0, {0xffffffff, 0xffffffff, 0xffffffff}) + six, Errc::too_large,
       "block has size 4294967295 x 4294967295 x 4294967295, expected about 3 x 2 x 1 and at most 1048576 bytes"},
      {header(0, {524289, 1, 1}) + six, Errc::too_large,
       "block has size 524289 x 1 x 1, expected about 3 x 2 x 1 and at most 1048576 bytes"},
      {header(0, {524288, 1, 1}) + six, Errc::corrupt_data, "raw payload: 12 bytes, expected 1048576"},
  }));
  const Error error = error_of([&b = block] {
    decode<std::uint16_t>(attributes({3, 2, 1}, DType::uint16), {2, 1, 0}, b, {{0, 0, 0}, {1, 2, 3}});
  });
  CHECK(error.code() == code);
  CHECK(error.what() == text);
}

TEST_CASE("a large cell allows eight times itself, but no more than the largest block", "[format]") {
  const auto [cell, size, text] = GENERATE(table<std::int64_t, std::uint32_t, std::string>({
      {10 << 20, 80 << 20, "raw payload: 0 bytes, expected 83886080"},
      {10 << 20, (80 << 20) + 1,
       "block has size 83886081 x 1 x 1, expected about 10485760 x 1 x 1 and at most 83886080 bytes"},
      {512 << 20, 1 << 30, "raw payload: 0 bytes, expected 1073741824"},
      {512 << 20, (1 << 30) + 1,
       "block has size 1073741825 x 1 x 1, expected about 536870912 x 1 x 1 and at most 1073741824 bytes"},
  }));
  const Error error = error_of([&, c = cell, s = size] {
    decode<std::uint8_t>(attributes({c, 1, 1}, DType::uint8), {2, 1, 0}, header(0, {s, 1, 1}), {{0, 0, 0}, {1, 1, 1}});
  });
  CHECK(error.what() == text);
}

TEST_CASE("the Rust writer's block of mode 1 is no image", "[format]") {
  if (!is_available(Compression::gzip)) return;
  const Bytes block = n5_fixtures::read_bytes(n5_fixtures::root() / "rust" / "varlength" / "0" / "0" / "0");
  const auto a = attributes({3, 4, 3}, DType::uint8, Compression::gzip);
  CHECK(error_of([&] {
          decode<std::uint8_t>(a, {2, 1, 0}, block, {{0, 0, 0}, {3, 4, 3}});
        }).what() == std::string("block of mode 1 holds 10 elements, expected 36 for its size 3 x 4 x 3"));
}

TEST_CASE("a block beyond the kept scratch memory decodes like any other", "[format]") {
  if (!is_available(Compression::zstd)) return;
  // By hand, after RFC 8878: a frame of 80 MiB as 640 blocks of 128 KiB that repeat one byte.
  constexpr std::uint32_t size = 80 << 20;
  Bytes block = header(0, {size, 1, 1});
  for (const int byte : {0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0, 0, 0, 5}) block.push_back(static_cast<std::byte>(byte));
  for (int i = 0; i < 640; ++i) {
    const int repeated_last = i == 639 ? 3 : 2;
    for (const int byte : {repeated_last, 0, 16, i % 256}) block.push_back(static_cast<std::byte>(byte));
  }
  const auto a = attributes({size, 1, 1}, DType::uint8, Compression::zstd);
  for (int repeat = 0; repeat < 2; ++repeat) {
    CHECK(decode<std::uint8_t>(a, {2, 1, 0}, block, {{0, 0, (128 << 10) - 1}, {1, 1, (128 << 10) + 1}}) ==
          std::vector<std::uint8_t>{0, 1});
    CHECK(detail::kept_scratch_bytes() <= detail::most_kept_scratch_bytes);
  }
}
