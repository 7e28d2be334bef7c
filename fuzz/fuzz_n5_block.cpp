// decode_n5_block() on any bytes as every compression: it throws catvox::Error or writes every voxel of the window and
// no other, and a window holds what a decode of the whole cell has there. The size of an input chooses element type and
// order of axes, so that the blocks in tests/data/n5 are seeds. Its attributes are those of the seeds.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <span>

#include "format/n5/n5_block.hpp"

namespace {

using namespace catvox;
using namespace catvox::detail;

using Axes = std::array<std::size_t, 3>;
using Voxels = std::unique_ptr<std::byte[]>;

std::int64_t bytes_of(const N5Attributes& attributes, const Shape3& shape) {
  return volume(shape) * static_cast<std::int64_t>(item_size(attributes.dtype));
}

Strides3 strides_of(const N5Attributes& attributes, const Shape3& shape) {
  const auto item = static_cast<std::int64_t>(item_size(attributes.dtype));
  return {shape[1] * shape[2] * item, shape[2] * item, item};
}

/// The window's voxels, in memory of exactly their size so that the sanitizer sees what is written beside it; nothing
/// if the block does not decode.
std::optional<Voxels> decode(const N5Attributes& attributes, const Axes& axes, std::span<const std::byte> block,
                             const Box& window) {
  const auto size = static_cast<std::size_t>(bytes_of(attributes, window.shape()));
  auto voxels = std::make_unique_for_overwrite<std::byte[]>(size);
  std::memset(voxels.get(), 0xee, size);
  try {
    decode_n5_block(attributes, axes, block, window, {voxels.get(), strides_of(attributes, window.shape())});
  } catch (const Error&) {
    return std::nullopt;
  }
  return voxels;
}

void check(const N5Attributes& attributes, const Axes& axes, std::span<const std::byte> block) {
  const Shape3 cell{attributes.block_size[axes[0]], attributes.block_size[axes[1]], attributes.block_size[axes[2]]};
  const Box window{{1, 0, 1}, {cell[0], cell[1] - 1, cell[2]}};
  const auto whole = decode(attributes, axes, block, {{0, 0, 0}, cell});
  const auto part = decode(attributes, axes, block, window);
  if (whole.has_value() != part.has_value()) std::abort();
  if (!whole) return;
  const Shape3 extent = window.shape();
  const Strides3 whole_strides = strides_of(attributes, cell);
  const Strides3 part_strides = strides_of(attributes, extent);
  for (std::int64_t z = 0; z < extent[0]; ++z) {
    for (std::int64_t y = 0; y < extent[1]; ++y) {
      const std::byte* expected = whole->get() + (z + window.min[0]) * whole_strides[0] +
                                  (y + window.min[1]) * whole_strides[1] + window.min[2] * whole_strides[2];
      const std::byte* got = part->get() + z * part_strides[0] + y * part_strides[1];
      if (std::memcmp(expected, got, static_cast<std::size_t>(part_strides[1])) != 0) std::abort();
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span<const std::byte> block(reinterpret_cast<const std::byte*>(data), size);
  constexpr Axes orders[] = {{2, 1, 0}, {1, 2, 0}, {2, 0, 1}, {0, 2, 1}, {1, 0, 2}, {0, 1, 2}};
  const auto dtype = static_cast<DType>(size % 10);
  for (int i = 0; i <= static_cast<int>(Compression::blosc); ++i) {
    check({{5, 4, 3}, {3, 4, 3}, dtype, static_cast<Compression>(i)}, orders[size % 6], block);
  }
  return 0;
}
