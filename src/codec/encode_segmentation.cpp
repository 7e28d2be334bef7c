// https://github.com/google/neuroglancer/blob/master/src/sliceview/compressed_segmentation/README.md
#include "codec/encode_segmentation.hpp"

#include <algorithm>
#include <bit>
#include <catvox/core/detail/checked.hpp>
#include <catvox/core/error.hpp>
#include <cstdint>
#include <cstring>
#include <map>
#include <vector>

#include "core/endian.hpp"

namespace catvox::detail {
namespace {

using Words = std::vector<std::uint32_t>;

/// One channel, offsets from its first word.
template <class U>
Words encode_channel(const std::byte* labels, const SegmentationChunk& chunk) {
  Shape3 grid{};
  for (std::size_t axis = 0; axis < 3; ++axis) grid[axis] = ceil_div(chunk.shape[axis], chunk.block[axis]);
  Words words(static_cast<std::size_t>(2 * volume(grid)));
  std::map<std::vector<U>, std::uint32_t> tables;  // equal tables are written once
  std::vector<U> voxels, table;
  std::size_t header = 0;
  Index3 at{};
  const auto& [depth, height, width] = chunk.shape;
  for (at[0] = 0; at[0] < depth; at[0] += chunk.block[0]) {
    for (at[1] = 0; at[1] < height; at[1] += chunk.block[1]) {
      for (at[2] = 0; at[2] < width; at[2] += chunk.block[2]) {
        // Voxels beyond the chunk's end repeat the block's first: they take no label of their own.
        const std::int64_t first = (at[0] * height + at[1]) * width + at[2];
        voxels.clear();
        for (std::int64_t z = at[0]; z < at[0] + chunk.block[0]; ++z) {
          for (std::int64_t y = at[1]; y < at[1] + chunk.block[1]; ++y) {
            for (std::int64_t x = at[2]; x < at[2] + chunk.block[2]; ++x) {
              const bool inside = z < depth && y < height && x < width;
              U label;
              std::memcpy(&label, labels + (inside ? (z * height + y) * width + x : first) * std::int64_t{sizeof(U)},
                          sizeof(U));
              voxels.push_back(label);
            }
          }
        }
        table = voxels;
        std::ranges::sort(table);
        table.erase(std::unique(table.begin(), table.end()), table.end());
        const auto needed = static_cast<unsigned>(std::bit_width(table.size() - 1));
        const unsigned bits = needed == 0 ? 0 : std::bit_ceil(needed);  // 0, 1, 2, 4, 8, 16 or 32
        const auto values = static_cast<std::uint32_t>(words.size());
        words.resize(words.size() + (voxels.size() * bits + 31) / 32);
        for (std::size_t i = 0; bits > 0 && i < voxels.size(); ++i) {
          const auto index = static_cast<std::uint32_t>(std::ranges::lower_bound(table, voxels[i]) - table.begin());
          words[values + i * bits / 32] |= index << (i * bits % 32);
        }
        const auto [known, is_new] = tables.try_emplace(table, static_cast<std::uint32_t>(words.size()));
        if (is_new) {
          for (const U label : table) {
            words.push_back(static_cast<std::uint32_t>(label));
            if constexpr (sizeof(U) == 8) words.push_back(static_cast<std::uint32_t>(label >> 32));
          }
        }
        if (known->second >= 1U << 24) {
          throw Error(Errc::too_large,
                      "compressed_segmentation has room for tables up to 2^24 words: choose smaller chunks");
        }
        words[header++] = known->second | bits << 24;
        words[header++] = values;
      }
    }
  }
  return words;
}

}  // namespace

Buffer encode_compressed_segmentation(std::span<const std::byte> labels, const SegmentationChunk& chunk) {
  const std::size_t channel_bytes = labels.size() / static_cast<std::size_t>(chunk.channels);
  Words words(static_cast<std::size_t>(chunk.channels));  // where each channel begins
  for (std::size_t channel = 0; channel < static_cast<std::size_t>(chunk.channels); ++channel) {
    const std::byte* from = labels.data() + channel * channel_bytes;
    const Words encoded =
        chunk.item_size == 8 ? encode_channel<std::uint64_t>(from, chunk) : encode_channel<std::uint32_t>(from, chunk);
    words[channel] = static_cast<std::uint32_t>(words.size());
    words.insert(words.end(), encoded.begin(), encoded.end());
  }
  if constexpr (std::endian::native == std::endian::big) {
    for (std::uint32_t& word : words) word = swap_bytes(word);
  }
  Buffer out;
  out.append(std::as_bytes(std::span(words)));
  return out;
}

}  // namespace catvox::detail
