// decode_precomputed_chunk() on any bytes in every encoding: it throws catvox::Error or writes every voxel of the window and
// no other, and a window holds what a decode of the whole chunk has there. The size of an input chooses the element type,
// so that the chunks in tests/data/precomputed are seeds.

#include <catvox/core/error.hpp>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <span>

#include "format/precomputed/precomputed_chunk.hpp"

namespace {

using namespace catvox;
using namespace catvox::detail;

using Voxels = std::unique_ptr<std::byte[]>;

/// The window's voxels, rows along `rows`, in memory of exactly their size; nothing if the chunk does not decode.
std::optional<Voxels> decode(const PrecomputedChunk& chunk, std::span<const std::byte> encoded, const Box& window,
                             std::size_t rows) {
  const auto item = static_cast<std::int64_t>(item_size(chunk.dtype));
  const Shape3 shape = window.shape();
  Strides3 strides{};
  std::int64_t stride = item;
  for (const std::size_t axis : {rows, (rows + 2) % 3, (rows + 1) % 3}) {
    strides[axis] = stride;
    stride *= shape[axis];
  }
  auto voxels = std::make_unique_for_overwrite<std::byte[]>(static_cast<std::size_t>(stride));
  std::memset(voxels.get(), 0xee, static_cast<std::size_t>(stride));
  try {
    decode_precomputed_chunk(chunk, {.which = {chunk.channels - 1, 1, 1}}, encoded, window, {voxels.get(), strides}, rows);
  } catch (const Error&) {
    return std::nullopt;
  }
  return voxels;
}

void check(const PrecomputedChunk& chunk, std::span<const std::byte> encoded) {
  const Box window{{1, 0, 2}, {chunk.shape[0], chunk.shape[1] - 1, chunk.shape[2] - 1}};
  const auto whole = decode(chunk, encoded, {{0, 0, 0}, chunk.shape}, 2);
  const auto part = decode(chunk, encoded, window, 2);
  (void)decode(chunk, encoded, window, 0);
  if (!whole || !part) return;  // what is wrong may lie beside the window
  const auto item = static_cast<std::int64_t>(item_size(chunk.dtype));
  const Shape3 extent = window.shape();
  for (std::int64_t z = 0; z < extent[0]; ++z) {
    for (std::int64_t y = 0; y < extent[1]; ++y) {
      const std::int64_t from =
          ((z + window.min[0]) * chunk.shape[1] + y + window.min[1]) * chunk.shape[2] + window.min[2];
      const std::byte* expected = whole->get() + from * item;
      const std::byte* got = part->get() + (z * extent[1] + y) * extent[2] * item;
      if (std::memcmp(expected, got, static_cast<std::size_t>(extent[2] * item)) != 0) std::abort();
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span<const std::byte> encoded(reinterpret_cast<const std::byte*>(data), size);
  for (int i = 0; i <= static_cast<int>(ChunkEncoding::compresso); ++i) {
    const auto encoding = static_cast<ChunkEncoding>(i);
    const auto dtype = static_cast<DType>(size % 10);
    const int channels = 1 + static_cast<int>(size / 10 % 3);
    for (const Shape3& block : {Shape3{8, 8, 8}, Shape3{7, 3, 5}}) {
      if (contradiction(encoding, dtype, channels).empty()) {
        check({dtype, channels, encoding, {7, 11, 14}, block}, encoded);
        check({dtype, channels, encoding, {3, 9, 10}, block}, encoded);
      }
    }
    for (const DType label : {DType::uint16, DType::uint32, DType::uint64}) {
      if (contradiction(encoding, label, 1).empty()) check({label, 1, encoding, {7, 11, 14}, {8, 8, 8}}, encoded);
    }
  }
  return 0;
}
