#include "format/n5/n5_block.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <string>
#include <vector>

#include "core/endian.hpp"
#include "core/scratch.hpp"
#include "core/strided_copy.hpp"
#include "format/body_limit.hpp"
#include "format/sizes.hpp"

namespace catvox::detail {
namespace {

using Bytes = std::span<const std::byte>;

[[noreturn]] void throw_corrupt(const std::string& why) { throw Error(Errc::corrupt_data, why); }

/// The big-endian numbers at the start of a block, one after the other.
class HeaderReader {
 public:
  explicit HeaderReader(Bytes encoded) : encoded_(encoded) {}

  std::uint32_t u16() { return read<std::uint16_t>(); }
  std::uint32_t u32() { return read<std::uint32_t>(); }
  [[nodiscard]] Bytes rest() const { return encoded_.subspan(at_); }

 private:
  template <class U>
  U read() {
    if (encoded_.size() - at_ < sizeof(U)) {
      throw_corrupt("block header is cut short: " + std::to_string(encoded_.size()) + " bytes");
    }
    const U value = detail::load_be<U>(encoded_.data() + at_);
    at_ += sizeof(U);
    return value;
  }

  Bytes encoded_;
  std::size_t at_ = 0;
};

struct Block {
  std::vector<std::int64_t> size;  ///< per N5 dimension, each > 0
  std::size_t bytes = 0;           ///< decoded
  Bytes payload;
};

Block read_block(const N5Attributes& attributes, Bytes encoded) {
  if (encoded.empty()) throw_corrupt("block is empty: 0 bytes");
  HeaderReader header(encoded);
  const std::uint32_t mode = header.u16();
  if (mode == 2) throw Error(Errc::unsupported, "block is of mode 2: it holds an object, not voxels");
  if (mode > 2) throw_corrupt("block has mode " + std::to_string(mode) + ", expected 0 or 1");

  const std::size_t dimensions = header.u16();
  if (dimensions != attributes.dimensions.size()) {
    throw_corrupt("block has " + std::to_string(dimensions) + " dimensions, expected " +
                  std::to_string(attributes.dimensions.size()));
  }
  Block block;
  for (std::size_t i = 0; i < dimensions; ++i) block.size.push_back(header.u32());
  const std::string size_text = detail::sizes_text(block.size);
  if (std::ranges::find(block.size, 0) != block.size.end()) throw_corrupt("block has size " + size_text);

  const auto item = static_cast<std::int64_t>(item_size(attributes.dtype));
  const std::int64_t cell = *detail::bounded_product(item, attributes.block_size, n5_max_block_bytes);
  const std::int64_t largest = std::min(detail::largest_decoded_bytes(cell), n5_max_block_bytes);
  const auto bytes = detail::bounded_product(item, block.size, largest);
  if (!bytes) {
    throw Error(Errc::too_large, "block has size " + size_text + ", expected about " +
                                     detail::sizes_text(attributes.block_size) + " and at most " +
                                     std::to_string(largest) + " bytes");
  }
  if (mode == 1) {
    if (const std::int64_t elements = header.u32(); elements != *bytes / item) {
      throw_corrupt("block of mode 1 holds " + std::to_string(elements) + " elements, expected " +
                    std::to_string(*bytes / item) + " for its size " + size_text);
    }
  }
  block.bytes = static_cast<std::size_t>(*bytes);
  block.payload = header.rest();
  return block;
}

Bytes raw_voxels(const Block& block) {
  if (block.payload.size() != block.bytes) {
    throw_corrupt("raw payload: " + std::to_string(block.payload.size()) + " bytes, expected " +
                  std::to_string(block.bytes));
  }
  return block.payload;
}

/// The block's decoded elements in array axes, big-endian.
struct Voxels {
  Shape3 shape{};
  Strides3 strides{};
};

Voxels arrange(const Block& block, const std::array<std::size_t, 3>& axes, std::size_t item) {
  Voxels voxels;
  auto stride = static_cast<std::int64_t>(item);
  for (std::size_t dimension = 0; dimension < block.size.size(); ++dimension) {
    for (std::size_t axis = 0; axis < 3; ++axis) {
      if (axes[axis] != dimension) continue;
      voxels.shape[axis] = block.size[dimension];
      voxels.strides[axis] = stride;
    }
    stride *= block.size[dimension];
  }
  return voxels;
}

/// Copies what the block has of the window and fills the rest.
void place(const std::byte* source, const Voxels& voxels, std::size_t item, const Box& window,
           const StridedBytes& out) {
  const Box present = intersect(window, Box{{0, 0, 0}, voxels.shape});
  if (present != window) detail::strided_zero(window.shape(), out);
  if (present.empty()) return;
  // Both boxes are anchored at window.min: a block reaches from 0 up.
  for (std::size_t axis = 0; axis < 3; ++axis) source += window.min[axis] * voxels.strides[axis];
  detail::strided_copy(item, std::endian::big, source, voxels.strides, present.shape(), out);
}

}  // namespace

void decode_n5_block(const N5Attributes& attributes, const std::array<std::size_t, 3>& axes, Bytes encoded,
                     const Box& window, const StridedBytes& out) {
  const Block block = read_block(attributes, encoded);
  const std::size_t item = item_size(attributes.dtype);
  const Voxels voxels = arrange(block, axes, item);

  if (attributes.compression == Compression::raw) {
    return place(raw_voxels(block).data(), voxels, item, window, out);
  }
  const bool whole =
      window == Box{{0, 0, 0}, voxels.shape} && static_cast<std::size_t>(volume(voxels.shape)) * item == block.bytes;
  if (item == 1 && whole && voxels.strides == out.strides) {
    return decompress(attributes.compression, block.payload, {out.data, block.bytes});
  }
  detail::Scratch scratch(block.bytes);
  decompress(attributes.compression, block.payload, scratch.bytes());
  place(scratch.data(), voxels, item, window, out);
}

}  // namespace catvox::detail
