#include <array>
#include <bit>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <random>
#include <vector>

#include "core/streaming.hpp"
#include "core/strided_copy.hpp"
#include "core/strided_copy_loops.hpp"
#include "format/n5/n5_block.hpp"
#include "support/catch.hpp"

using namespace catvox;
using namespace catvox::detail;

namespace {

using Bytes = std::vector<std::byte>;
using Axes = std::array<std::size_t, 3>;

constexpr Axes all_axes[] = {{2, 1, 0}, {1, 2, 0}, {2, 0, 1}, {0, 2, 1}, {1, 0, 2}, {0, 1, 2}};
constexpr DType dtypes[] = {DType::uint8, DType::uint16, DType::uint32, DType::uint64};
constexpr std::int64_t longest = 70;  // four 16-byte registers of single bytes, and a rest

/// A block of random bytes and a window into it; source and destination lie anywhere.
struct Example {
  explicit Example(unsigned seed) : random(seed) {
    axes = all_axes[random() % 6];
    dtype = dtypes[random() % 4];
    item = static_cast<std::int64_t>(item_size(dtype));
    for (auto& extent : size) extent = up_to(longest);
    std::int64_t stride = item;
    for (std::size_t dimension = 0; dimension < 3; ++dimension) {
      for (std::size_t axis = 0; axis < 3; ++axis) {
        if (axes[axis] != dimension) continue;
        shape[axis] = size[dimension];
        strides[axis] = stride;
      }
      stride *= size[dimension];
    }
    offset = up_to(16);
    encoded.resize(static_cast<std::size_t>(offset));
    for (const int byte : {0, 0, 0, 3}) encoded.push_back(static_cast<std::byte>(byte));
    for (const auto extent : size) {
      for (const int shift : {24, 16, 8, 0}) encoded.push_back(static_cast<std::byte>(extent >> shift & 0xff));
    }
    voxels_at = encoded.size();
    for (std::int64_t i = 0; i < stride; ++i) encoded.push_back(static_cast<std::byte>(random()));
  }

  /// 1 to `largest`.
  std::int64_t up_to(std::int64_t largest) {
    return 1 + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(largest));
  }

  Box window_in(const Shape3& extent) {
    Box box;
    for (std::size_t axis = 0; axis < 3; ++axis) {
      box.min[axis] = up_to(extent[axis]) - 1;
      box.max[axis] = box.min[axis] + up_to(extent[axis] - box.min[axis]);
    }
    return box;
  }

  std::mt19937 random;
  Axes axes{};
  DType dtype{};
  std::int64_t item = 0;
  std::array<std::int64_t, 3> size{};  ///< in N5's order
  Shape3 shape{};
  Strides3 strides{};
  std::int64_t offset = 0;  ///< of the header
  std::size_t voxels_at = 0;
  Bytes encoded;
};

/// Calls `copy(destination)` and compares all that it wrote, and nothing else, with one voxel after the other.
template <class Copy>
bool matches_indexing(Example& example, const Box& window, const Copy& copy) {
  const auto extent = window.shape();
  const auto item = example.item;
  const std::int64_t row = extent[2] * item + example.up_to(9) - 1;
  const std::int64_t slice = extent[1] * row + example.up_to(9) - 1;
  const std::int64_t first = example.up_to(16);
  Bytes out(static_cast<std::size_t>(first + extent[0] * slice + 16), std::byte{0xa5});
  Bytes expected = out;
  for (std::int64_t z = 0; z < extent[0]; ++z) {
    for (std::int64_t y = 0; y < extent[1]; ++y) {
      for (std::int64_t x = 0; x < extent[2]; ++x) {
        const Index3 at{window.min[0] + z, window.min[1] + y, window.min[2] + x};
        const bool inside = at[0] < example.shape[0] && at[1] < example.shape[1] && at[2] < example.shape[2];
        const auto source = static_cast<std::int64_t>(example.voxels_at) + at[0] * example.strides[0] +
                            at[1] * example.strides[1] + at[2] * example.strides[2];
        for (std::int64_t byte = 0; byte < item; ++byte) {
          const auto from = source + (std::endian::native == std::endian::little ? item - 1 - byte : byte);
          expected[static_cast<std::size_t>(first + z * slice + y * row + x * item + byte)] =
              inside ? example.encoded[static_cast<std::size_t>(from)] : std::byte{0};
        }
      }
    }
  }
  copy(StridedBytes{out.data() + first, {slice, row, item}});
  return out == expected;
}

}  // namespace

TEST_CASE("any window of any block holds what indexing finds there", "[format]") {
  for (unsigned seed = 0; seed < 150; ++seed) {
    Example example(seed);
    const N5Attributes attributes{{longest, longest, longest}, {longest, longest, longest}, example.dtype};
    const Box window = example.window_in({longest, longest, longest});  // may leave the block
    CAPTURE(seed, example.axes, example.item, example.size, window.min, window.max);
    const auto block = std::span(example.encoded).subspan(static_cast<std::size_t>(example.offset));
    CHECK(matches_indexing(example, window, [&](const StridedBytes& out) {
      decode_n5_block(attributes, example.axes, block, window, out);
    }));
  }
}

TEST_CASE("the loops for every processor and those for this one copy alike", "[format]") {
  for (unsigned seed = 1000; seed < 1100; ++seed) {
    Example example(seed);
    const Box window = example.window_in(example.shape);
    CAPTURE(seed, example.axes, example.item, example.size, window.min, window.max);
    const std::byte* source = example.encoded.data() + example.voxels_at;
    for (std::size_t axis = 0; axis < 3; ++axis) source += window.min[axis] * example.strides[axis];
    const auto item = static_cast<std::size_t>(example.item);
    const detail::CopyPlan plan{.swapped = std::endian::native == std::endian::little,
                                .first_slice = example.up_to(window.shape()[0]) - 1};
    CHECK(matches_indexing(example, window, [&](const StridedBytes& out) {
      detail::copy_items(item, source, example.strides, window.shape(), out, plan);
    }));
    CHECK(matches_indexing(example, window, [&](const StridedBytes& out) {
      detail::strided_copy(item, std::endian::big, source, example.strides, window.shape(), out);
    }));
  }
}

TEST_CASE("rows of whole lines in a large array are streamed, and hold the same", "[format]") {
  // 64 x 64 rows of whole lines into an array whose rows are 4 KiB apart; then one that is off by 16 bytes.
  const auto item = GENERATE(std::size_t{1}, std::size_t{2}, std::size_t{4}, std::size_t{8});
  const auto order = GENERATE(std::endian::big, std::endian::little);
  const std::int64_t offset = GENERATE(0, 16);
  CAPTURE(item, order == std::endian::big, offset);
  constexpr Shape3 shape{16, 64, 64};
  const auto size = static_cast<std::int64_t>(item);
  Bytes source(static_cast<std::size_t>(volume(shape)) * item);
  std::mt19937 random(7);
  for (std::byte& byte : source) byte = static_cast<std::byte>(random());
  constexpr std::int64_t row = 4096, slice = 128 * row;
  const std::unique_ptr<std::byte, decltype(&std::free)> memory(
      static_cast<std::byte*>(std::aligned_alloc(64, shape[0] * slice + 64)), std::free);
  const StridedBytes out{memory.get() + offset, {slice, row, size}};
  CHECK(detail::streams(out, shape) == (offset == 0 && detail::can_stream));
  detail::strided_copy(item, order, source.data(), {64 * 64 * size, 64 * size, size}, shape, out);
  bool same = true;
  const bool swapped = order != std::endian::native;
  for (std::int64_t i = 0; i < volume(shape) * size; ++i) {
    const std::int64_t voxel = i / size, byte = i % size;
    const std::int64_t at = voxel / 4096 * slice + voxel / 64 % 64 * row + voxel % 64 * size;
    same = same &&
           out.data[at + byte] == source[static_cast<std::size_t>(voxel * size + (swapped ? size - 1 - byte : byte))];
  }
  CHECK(same);
}

TEST_CASE("a chunk of its own, a small array and partial lines are not streamed", "[format]") {
  alignas(64) static std::byte memory[64];
  const auto [strides, shape] = GENERATE(table<Strides3, Shape3>({
      {{64 * 64 * 8, 64 * 8, 8}, {64, 64, 64}},          // a chunk
      {{64 * 1024, 1024, 8}, {16, 64, 64}},              // 1 MiB
      {{std::int64_t{1} << 20, 4096, 8}, {64, 64, 63}},  // rows of 504 bytes
      {{(std::int64_t{1} << 20) + 8, 4096, 8}, {64, 64, 64}},
      {{std::int64_t{1} << 20, 4100, 4}, {64, 64, 64}},
  }));
  CHECK_FALSE(detail::streams({memory, strides}, shape));
}
