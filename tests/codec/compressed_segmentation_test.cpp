#include "codec/compressed_segmentation.hpp"

#include <algorithm>
#include <catvox/core/error.hpp>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "core/streaming.hpp"
#include "core/strided_copy.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/label_writers.hpp"

using namespace catvox;
using namespace catvox::detail;
using catvox::test::error_of;

// Files by other writers are read in tests/format/precomputed_volumes_test.cpp.

namespace {

using Words = std::vector<std::uint32_t>;

std::span<const std::byte> bytes_of(const Words& words) { return std::as_bytes(std::span(words)); }

template <class U>
void check_windows(const Shape3& block, unsigned bits, std::uint64_t labels_in_a_row) {
  constexpr Shape3 shape{11, 13, 27};
  std::mt19937_64 random(bits);
  std::vector<U> labels(static_cast<std::size_t>(volume(shape)));
  for (std::size_t i = 0; i < labels.size(); ++i) {
    labels[i] = static_cast<U>((random() % labels_in_a_row + i / 27 / 8) * 0x9E3779B97F4A7C15u);
  }
  const Words words = catvox::test::compressed_segmentation<U>(labels, shape, block, bits);
  const SegmentationChunk chunk{sizeof(U), 1, shape, block};
  for (const Box& window : {Box{{0, 0, 0}, shape}, Box{{1, 2, 3}, {10, 12, 26}}, Box{{0, 0, 8}, {11, 13, 24}},
                            Box{{8, 8, 8}, {9, 9, 16}}, Box{{10, 12, 26}, {11, 13, 27}}}) {
    CAPTURE(sizeof(U), block, bits, window.min, window.max);
    const Shape3 extent = window.shape();
    constexpr U untouched = 0xEE;
    const std::int64_t row = extent[2] + 3, slice = extent[1] * row + 5;
    std::vector<U> out(static_cast<std::size_t>(extent[0] * slice), untouched);
    std::vector<U> expected = out;
    for (std::int64_t z = 0; z < extent[0]; ++z) {
      for (std::int64_t y = 0; y < extent[1]; ++y) {
        const auto from = ((window.min[0] + z) * shape[1] + window.min[1] + y) * shape[2] + window.min[2];
        std::copy_n(labels.begin() + from, extent[2], expected.begin() + z * slice + y * row);
      }
    }
    constexpr std::int64_t item = sizeof(U);
    decode_compressed_segmentation(bytes_of(words), chunk, 0, window,
                                   {reinterpret_cast<std::byte*>(out.data()), {slice * item, row * item, item}});
    CHECK(out == expected);
  }
}

std::vector<std::uint64_t> decode64(const Words& words, const Shape3& shape = {1, 1, 8}, int channels = 1) {
  std::vector<std::uint64_t> out(static_cast<std::size_t>(volume(shape)));
  decode_compressed_segmentation(
      bytes_of(words), {8, channels, shape, {8, 8, 8}}, 0, {{0, 0, 0}, shape},
      {reinterpret_cast<std::byte*>(out.data()), {shape[1] * shape[2] * 8, shape[2] * 8, 8}});
  return out;
}

}  // namespace

TEST_CASE("a hand-made compressed segmentation of eight labels", "[codec]") {
  // Channel at word 1. Its block: 1 bit a voxel, table at word 18, values at word 2 of the channel. Voxels 0 1 1 0 1 0 0 1.
  Words words{1, 18 | 1u << 24, 2, 0b10010110};
  words.resize(1 + 18);                              // 512 bits in all
  words.insert(words.end(), {7, 0, 9, 0x80000000});  // 7 and 2^63 + 9
  constexpr std::uint64_t a = 7, b = 0x8000000000000009;
  CHECK(decode64(words) == std::vector<std::uint64_t>{a, b, b, a, b, a, a, b});
}

TEST_CASE("any window of a compressed segmentation holds its labels, at every number of bits", "[codec]") {
  const auto [bits, labels] =
      GENERATE(table<unsigned, std::uint64_t>({{0, 1}, {1, 2}, {2, 4}, {4, 14}, {8, 200}, {16, 100000}, {32, 100000}}));
  for (const Shape3& block :
       {Shape3{8, 8, 8}, Shape3{7, 3, 5}, Shape3{4, 8, 16}, Shape3{16, 16, 32}, Shape3{1, 1, 1}}) {
    check_windows<std::uint32_t>(block, bits, labels);
    check_windows<std::uint64_t>(block, bits, labels);
  }
}

TEST_CASE("a compressed segmentation lands in a large array as in a small one", "[codec]") {
  constexpr Shape3 shape{16, 16, 64};
  std::mt19937_64 random(3);
  std::vector<std::uint64_t> labels(static_cast<std::size_t>(volume(shape)));
  for (auto& label : labels) label = random() % 4 * 0x9E3779B97F4A7C15u;
  const Words words = catvox::test::compressed_segmentation<std::uint64_t>(labels, shape, {8, 8, 8}, 0);
  constexpr std::int64_t row = 8192, slice = 64 * row;
  const std::unique_ptr<std::byte, decltype(&std::free)> memory(
      static_cast<std::byte*>(std::aligned_alloc(64, static_cast<std::size_t>(shape[0] * slice))), std::free);
  const StridedBytes out{memory.get(), {slice, row, 8}};
  REQUIRE(streams(out, shape) == can_stream);
  decode_compressed_segmentation(bytes_of(words), {8, 1, shape, {8, 8, 8}}, 0, {{0, 0, 0}, shape}, out);
  bool same = true;
  for (std::int64_t i = 0; i < volume(shape); ++i) {
    std::uint64_t label = 0;
    std::memcpy(&label, memory.get() + i / 1024 * slice + i / 64 % 16 * row + i % 64 * 8, 8);
    same = same && label == labels[static_cast<std::size_t>(i)];
  }
  CHECK(same);
}

TEST_CASE("a compressed segmentation that contradicts itself is an error", "[codec]") {
  const auto [words, text] = GENERATE(table<Words, std::string>({
      {Words{}, "the chunk ends before its channels' offsets do"},
      {Words{5}, "channel 0 begins beyond the chunk"},
      {Words{0xffffffff}, "channel 0 begins beyond the chunk"},
      {Words{1}, "the chunk ends before its block headers do"},
      {Words{1, 2}, "the chunk ends before its block headers do"},
      {Words{1, 2 | 3u << 24, 2, 0, 0}, "a block has 3 bits a voxel"},
      {Words{1, 2 | 64u << 24, 2, 0, 0}, "a block has 64 bits a voxel"},
      {Words{1, 2, 2}, "the table of a block begins beyond the chunk"},
      {Words{1, 2, 2, 0}, "the table of a block begins beyond the chunk"},  // half a label
      {Words{1, 0xffffff, 2, 0, 0}, "the table of a block begins beyond the chunk"},
      {Words{1, 2 | 1u << 24, 5, 0, 0}, "the values of a block end beyond the chunk"},
      {Words{1, 2 | 1u << 24, 0xffffffff, 0, 0}, "the values of a block end beyond the chunk"},
      {Words{1, 2 | 32u << 24, 2, 0, 0}, "the values of a block end beyond the chunk"},
      {Words{1, 3 | 1u << 24, 2, 2, 1, 1}, "a voxel has label 1 of a table of 1"},
      {Words{1, 3 | 8u << 24, 2, 0, 5, 0}, "a voxel has label 5 of a table of 1"},
  }));
  const Error error = error_of([&w = words] { decode64(w); });
  CHECK(error.code() == Errc::corrupt_data);
  CHECK(error.what() == "compressed_segmentation: " + text);
}

TEST_CASE("a compressed segmentation cut short anywhere, or with any byte changed, is an error or decodes", "[codec]") {
  constexpr Shape3 shape{9, 9, 17};
  std::vector<std::uint64_t> labels(static_cast<std::size_t>(volume(shape)));
  for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = i / 5 % 11;
  const Words whole = catvox::test::compressed_segmentation<std::uint64_t>(labels, shape, {8, 8, 8}, 0);
  const auto decoded = [&](const Words& words) {
    try {
      return decode64(words, shape);
    } catch (const Error& error) {
      CHECK(error.code() == Errc::corrupt_data);
      return std::vector<std::uint64_t>{};
    }
  };
  REQUIRE(decoded(whole) == labels);
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const Words cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
    CHECK(decoded(cut).empty());
  }
  for (std::size_t i = 0; i < whole.size(); ++i) {
    for (const std::uint32_t flip : {0x1u, 0x80u, 0x1000u, 0x02000000u, 0xffffffffu}) {
      Words damaged = whole;
      damaged[i] ^= flip;
      (void)decoded(damaged);
    }
  }
}

TEST_CASE("a compressed segmentation of no whole words is an error", "[codec]") {
  const std::vector<std::byte> bytes(17);
  std::uint64_t out = 0;
  const Error error = error_of([&] {
    decode_compressed_segmentation(bytes, {8, 1, {1, 1, 1}, {8, 8, 8}}, 0, {{0, 0, 0}, {1, 1, 1}},
                                   {reinterpret_cast<std::byte*>(&out), {8, 8, 8}});
  });
  CHECK(error.what() == std::string("compressed_segmentation: 17 bytes, which is no multiple of 4"));
}
