// https://github.com/google/neuroglancer/blob/master/src/sliceview/compressed_segmentation/README.md
//
// A channel is a grid of blocks, each with a table of its labels and an index of 0 to 32 bits into it for each voxel. In
// real volumes a third of the blocks has 0 bits, a third 1 and a third 2, and the rows of a block are 8 voxels: for these
// several voxels are looked up at once, in tables of all the pairs or quadruples that 16 bytes hold.

#include "codec/compressed_segmentation.hpp"

#include <algorithm>
#include <array>
#include <catvox/core/detail/checked.hpp>
#include <catvox/core/error.hpp>
#include <cstdint>
#include <cstring>
#include <string>

#include "core/endian.hpp"
#include "core/streaming.hpp"
#include "core/strided_copy.hpp"

namespace catvox::detail {
namespace {

using Bytes = std::span<const std::byte>;
constexpr std::size_t word = 4;
constexpr std::int64_t fast_width = 8;  // of a block, in voxels

[[noreturn]] void throw_corrupt(const std::string& why) {
  throw Error(Errc::corrupt_data, "compressed_segmentation: " + why);
}

std::uint32_t word_at(Bytes words, std::uint64_t index) noexcept {
  return load_le<std::uint32_t>(words.data() + index * word);
}

/// A block's indices and labels, known to lie in the channel.
template <class U>
struct Block {
  unsigned bits = 0;
  const std::byte* values = nullptr;  ///< of the voxels: `bits` each, x fastest
  const std::byte* table = nullptr;
  std::uint64_t table_size = 0;  ///< labels up to the end of the channel: at least 1

  /// The index at a bit of the values.
  [[nodiscard]] std::uint64_t index(std::uint64_t bit) const noexcept {
    if (bits == 0) return 0;
    const auto value = load_le<std::uint32_t>(values + bit / 32 * word) >> (bit % 32);
    return bits == 32 ? value : value & ((std::uint32_t{1} << bits) - 1);
  }

  [[nodiscard]] U label(std::uint64_t index) const noexcept { return load_le<U>(table + index * sizeof(U)); }
};

/// \param channel    from the channel's first byte to the chunk's end
/// \param header_at  in words
/// \param last       number of the last voxel that is there, in a block of full size
template <class U>
Block<U> read_block(Bytes channel, std::uint64_t header_at, std::uint64_t last) {
  const std::uint64_t words = channel.size() / word;
  const std::uint32_t first = word_at(channel, header_at);
  const std::uint32_t values_at = word_at(channel, header_at + 1);
  const std::uint32_t table_at = first & 0xffffff;
  Block<U> block;
  block.bits = first >> 24;
  if (block.bits > 32 || (block.bits & (block.bits - 1)) != 0) {
    throw_corrupt("a block has " + std::to_string(block.bits) + " bits a voxel");
  }
  const std::uint64_t value_words = (block.bits * (last + 1) + 31) / 32;
  if (values_at > words || value_words > words - values_at) throw_corrupt("the values of a block end beyond the chunk");
  if (table_at > words || words - table_at < sizeof(U) / word) {
    throw_corrupt("the table of a block begins beyond the chunk");
  }
  block.values = channel.data() + values_at * word;
  block.table = channel.data() + table_at * word;
  block.table_size = (words - table_at) * word / sizeof(U);
  return block;
}

/// Where the part of a block that is wanted lies, and where it goes. All zyx.
struct Part {
  Index3 first{};  ///< in the block
  Shape3 shape{};
  Shape3 block{};      ///< of a whole block
  StridedBytes out{};  ///< of the first voxel
};

[[noreturn]] void throw_index(std::uint64_t index, std::uint64_t size) {
  throw_corrupt("a voxel has label " + std::to_string(index) + " of a table of " + std::to_string(size));
}

/// Any block, voxel by voxel.
template <class U>
void decode_voxels(const Block<U>& block, const Part& part) {
  for (std::int64_t z = 0; z < part.shape[0]; ++z) {
    for (std::int64_t y = 0; y < part.shape[1]; ++y) {
      const auto row = static_cast<std::uint64_t>(
          part.first[2] + part.block[2] * (part.first[1] + y + part.block[1] * (part.first[0] + z)));
      std::byte* to = part.out.data + z * part.out.strides[0] + y * part.out.strides[1];
      for (std::int64_t x = 0; x < part.shape[2]; ++x, to += sizeof(U)) {
        const std::uint64_t index = block.index(block.bits * (row + static_cast<std::uint64_t>(x)));
        if (index >= block.table_size) throw_index(index, block.table_size);
        const U label = block.label(index);
        std::memcpy(to, &label, sizeof(U));
      }
    }
  }
}

template <bool streaming>
void put16(std::byte* to, const void* from) noexcept {
  if constexpr (streaming) {
    stream16(to, from);
  } else {
    std::memcpy(to, from, 16);
  }
}

/// Whole rows of eight voxels. An index is `bits` wide, and `group` voxels fill 16 bytes.
template <class U, unsigned bits, bool streaming>
void decode_rows(const Block<U>& block, const Part& part) {
  constexpr std::size_t group = 16 / sizeof(U);
  constexpr std::size_t groups = fast_width / group;
  // Tables of groups where there are few of them, else of single labels; padded, so that no index is beyond.
  constexpr bool grouped = bits * group <= 4;
  constexpr std::size_t labels = std::size_t{1} << bits;
  constexpr std::size_t entries = grouped ? std::size_t{1} << (bits * group) : 1;
  alignas(16) std::array<std::array<U, group>, entries> table;
  std::array<U, labels> single{};
  for (std::size_t i = 0; i < std::min<std::uint64_t>(labels, block.table_size); ++i) single[i] = block.label(i);
  if constexpr (grouped) {
    for (std::size_t i = 0; i < entries; ++i) {
      for (std::size_t k = 0; k < group; ++k) table[i][k] = single[i >> (bits * k) & (labels - 1)];
    }
  }
  std::uint64_t largest = 0;
  const bool may_leave = block.table_size < labels;
  for (std::int64_t z = 0; z < part.shape[0]; ++z) {
    const auto first_row = static_cast<std::size_t>(part.first[1] + part.block[1] * (part.first[0] + z));
    const std::byte* from = block.values + first_row * bits;  // eight voxels take `bits` bytes
    std::byte* to = part.out.data + z * part.out.strides[0];
    for (std::int64_t y = 0; y < part.shape[1]; ++y, from += bits, to += part.out.strides[1]) {
      std::uint64_t indices = 0;
      if constexpr (bits > 0) {
        std::array<std::byte, 8> row{};
        std::copy_n(from, bits, row.begin());
        indices = load_le<std::uint64_t>(row.data());
      }
      if (may_leave) {
        for (std::size_t i = 0; i < fast_width; ++i) largest = std::max(largest, indices >> (bits * i) & (labels - 1));
      }
      for (std::size_t g = 0; g < groups; ++g) {
        const std::uint64_t these = indices >> (bits * group * g);
        if constexpr (grouped) {
          put16<streaming>(to + 16 * g, table[these & (entries - 1)].data());
        } else {
          std::array<U, group> voxels;
          for (std::size_t k = 0; k < group; ++k) voxels[k] = single[these >> (bits * k) & (labels - 1)];
          put16<streaming>(to + 16 * g, voxels.data());
        }
      }
    }
  }
  if (largest >= block.table_size) throw_index(largest, block.table_size);
}

template <class U, bool streaming>
void decode_block(const Block<U>& block, const Part& part) {
  if (part.block[2] == fast_width && part.shape[2] == fast_width) {
    switch (block.bits) {
      case 0:
        return decode_rows<U, 0, streaming>(block, part);
      case 1:
        return decode_rows<U, 1, streaming>(block, part);
      case 2:
        return decode_rows<U, 2, streaming>(block, part);
      case 4:
        return decode_rows<U, 4, streaming>(block, part);
      case 8:
        return decode_rows<U, 8, streaming>(block, part);
      default:
        break;
    }
  }
  decode_voxels(block, part);
}

/// The voxels of a block's number `index` along an axis that are wanted.
struct Range {
  std::int64_t first = 0, end = 0;
};

Range wanted(const SegmentationChunk& chunk, const Box& window, std::size_t axis, std::int64_t index) noexcept {
  const std::int64_t begin = index * chunk.block[axis];
  return {std::max(window.min[axis], begin), std::min(window.max[axis], begin + chunk.block[axis])};
}

template <class U, bool streaming>
void decode(Bytes channel, const SegmentationChunk& chunk, const Box& window, const StridedBytes& out) {
  Shape3 grid{};
  Shape3 first{};
  Shape3 end{};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    grid[axis] = ceil_div(chunk.shape[axis], chunk.block[axis]);
    first[axis] = window.min[axis] / chunk.block[axis];
    end[axis] = ceil_div(window.max[axis], chunk.block[axis]);
  }
  const auto header_words = static_cast<std::uint64_t>(checked_multiply<std::int64_t>(volume(grid), 2, "blocks"));
  if (channel.size() / word < header_words) throw_corrupt("the chunk ends before its block headers do");
  Index3 at{};
  for (at[0] = first[0]; at[0] < end[0]; ++at[0]) {
    for (at[1] = first[1]; at[1] < end[1]; ++at[1]) {
      for (at[2] = first[2]; at[2] < end[2]; ++at[2]) {
        Part part{.block = chunk.block, .out = out};
        Index3 last{};
        for (std::size_t axis = 0; axis < 3; ++axis) {
          const Range range = wanted(chunk, window, axis, at[axis]);
          part.first[axis] = range.first - at[axis] * chunk.block[axis];
          part.shape[axis] = range.end - range.first;
          part.out.data += (range.first - window.min[axis]) * out.strides[axis];
          last[axis] = std::min(chunk.block[axis], chunk.shape[axis] - at[axis] * chunk.block[axis]) - 1;
        }
        const std::int64_t number = at[2] + grid[2] * (at[1] + grid[1] * at[0]);
        const std::int64_t last_voxel = last[2] + chunk.block[2] * (last[1] + chunk.block[1] * last[0]);
        const auto block =
            read_block<U>(channel, 2 * static_cast<std::uint64_t>(number), static_cast<std::uint64_t>(last_voxel));
        decode_block<U, streaming>(block, part);
      }
    }
  }
}

/// Blocks are streamed if their rows are whole lines: those of eight 64-bit labels are.
template <class U>
void decode(Bytes channel, const SegmentationChunk& chunk, const Box& window, const StridedBytes& out) {
  constexpr bool whole_lines = fast_width * sizeof(U) == cache_line;
  if constexpr (whole_lines && can_stream) {
    const bool rows_of_blocks = chunk.block[2] == fast_width && window.min[2] % fast_width == 0;
    if (rows_of_blocks && streams(out, window.shape())) {
      decode<U, true>(channel, chunk, window, out);
      return end_streaming();
    }
  }
  decode<U, false>(channel, chunk, window, out);
}

}  // namespace

void decode_compressed_segmentation(Bytes encoded, const SegmentationChunk& chunk, int channel, const Box& window,
                                    const StridedBytes& out) {
  if (encoded.size() % word != 0) {
    throw_corrupt(std::to_string(encoded.size()) + " bytes, which is no multiple of 4");
  }
  const std::uint64_t words = encoded.size() / word;
  if (words < static_cast<std::uint64_t>(chunk.channels))
    throw_corrupt("the chunk ends before its channels' offsets do");
  const std::uint32_t begin = word_at(encoded, static_cast<std::uint64_t>(channel));
  if (begin > words) throw_corrupt("channel " + std::to_string(channel) + " begins beyond the chunk");
  const Bytes data = encoded.subspan(begin * word);
  if (chunk.item_size == 4) {
    decode<std::uint32_t>(data, chunk, window, out);
  } else {
    decode<std::uint64_t>(data, chunk, window, out);
  }
}

}  // namespace catvox::detail
