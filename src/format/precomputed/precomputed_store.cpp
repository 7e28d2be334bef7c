#include "format/precomputed/precomputed_store.hpp"

#include <algorithm>
#include <catvox/core/detail/checked.hpp>
#include <catvox/core/error.hpp>
#include <catvox/core/text.hpp>
#include <utility>

#include "core/strided_copy.hpp"
#include "format/body_limit.hpp"
#include "format/precomputed/morton.hpp"
#include "format/precomputed/precomputed_chunk.hpp"

namespace catvox::detail {

PrecomputedStore::PrecomputedStore(Options options) : options_(std::move(options)) {
  const PrecomputedScale& scale = options_.scale;
  if (!scale.encoding) {
    throw Error(Errc::unsupported, "encoding " + in_quotes(scale.encoding_name) + " is not read");
  }
  if (const auto expected = contradiction(*scale.encoding, options_.dtype, options_.channels); !expected.empty()) {
    throw Error(Errc::unsupported, "encoding " + in_quotes(scale.encoding_name) + " is for " + std::string(expected) +
                                       ", not for " + std::string(catvox::name(options_.dtype)) + " with " +
                                       std::to_string(options_.channels));
  }
  auto cell_bytes = static_cast<std::int64_t>(item_size(options_.dtype)) * options_.channels;
  for (std::size_t d = 0; d < 3; ++d) {
    grid_[d] = ceil_div(scale.size[d], scale.chunk_size[d]);
    cell_bytes *= std::min(scale.chunk_size[d], scale.size[d]);
  }
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const std::size_t d = options_.axes[axis];
    shape_[axis] = scale.size[d];
    chunk_shape_[axis] = std::min(scale.chunk_size[d], scale.size[d]);
  }
  if (scale.sharding && !morton_code(grid_, {0, 0, 0})) {
    throw Error(Errc::too_large, "a sharded scale of so many chunks that their numbers exceed 64 bits");
  }
  max_bytes_ = block_body_limit(cell_bytes);
}

VolumeVector PrecomputedStore::position(const Index3& chunk) const noexcept {
  VolumeVector position{};
  for (std::size_t axis = 0; axis < 3; ++axis) position[options_.axes[axis]] = chunk[axis];
  return position;
}

/// In the chunk's own order: zyx.
Shape3 PrecomputedStore::voxels_of(const Index3& chunk) const noexcept {
  const PrecomputedScale& scale = options_.scale;
  const VolumeVector at = position(chunk);
  Shape3 voxels{};
  for (std::size_t d = 0; d < 3; ++d) {
    voxels[2 - d] = std::min(scale.chunk_size[d], scale.size[d] - at[d] * scale.chunk_size[d]);
  }
  return voxels;
}

namespace {

/// "100-116_-7-9_3-7"
std::string chunk_name(const PrecomputedScale& scale, const VolumeVector& position) {
  std::string name;
  for (std::size_t d = 0; d < 3; ++d) {
    const std::int64_t begin = position[d] * scale.chunk_size[d];
    const std::int64_t end = std::min(begin + scale.chunk_size[d], scale.size[d]);
    if (d > 0) name += '_';
    name += std::to_string(scale.voxel_offset[d] + begin) + '-' + std::to_string(scale.voxel_offset[d] + end);
  }
  return name;
}

}  // namespace

// A chunk's number takes bits of x, y and z in turn.
std::optional<std::array<std::size_t, 3>> PrecomputedStore::morton_axes() const noexcept {
  if (!options_.scale.sharding) return std::nullopt;
  std::array<std::size_t, 3> axes{};
  for (std::size_t axis = 0; axis < 3; ++axis) axes[options_.axes[axis]] = axis;
  return axes;
}

ByteRequest PrecomputedStore::request(const Index3& chunk) const {
  const VolumeVector at = position(chunk);
  if (options_.scale.sharding) {
    return {.key = std::to_string(morton_code(grid_, at).value_or(0)), .max_bytes = max_bytes_};
  }
  return {.key = options_.folder + chunk_name(options_.scale, at) + options_.query, .max_bytes = max_bytes_};
}

std::string PrecomputedStore::describe(const Index3& chunk) const {
  return "chunk " + chunk_name(options_.scale, position(chunk)) + " (level " + std::to_string(options_.level) + ")";
}

void PrecomputedStore::decode(const Index3& chunk, std::span<const std::byte> encoded, const Box& window,
                              const StridedBytes& out) const {
  decode_channels(chunk, encoded, {}, window, out);
}

void PrecomputedStore::decode_channels(const Index3& chunk, std::span<const std::byte> encoded,
                                       const ChannelSelection& channels, const Box& window,
                                       const StridedBytes& out) const {
  const PrecomputedChunk own{options_.dtype,
                             options_.channels,
                             *options_.scale.encoding,
                             voxels_of(chunk),
                             {options_.scale.segmentation_block[2], options_.scale.segmentation_block[1],
                              options_.scale.segmentation_block[0]}};
  // From array axes to the chunk's own.
  Box there;
  StridedBytes to{out.data, {}};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const std::size_t z_first = 2 - options_.axes[axis];
    there.min[z_first] = window.min[axis];
    there.max[z_first] = window.max[axis];
    to.strides[z_first] = out.strides[axis];
  }
  const Box present = intersect(there, Box{{0, 0, 0}, own.shape});
  for (std::int64_t k = 0; k < channels.which.count && present != there; ++k) {
    strided_zero(window.shape(), {out.data + k * channels.stride, out.strides});
  }
  if (present.empty()) return;
  decode_precomputed_chunk(own, channels, encoded, present, to, 2 - options_.axes[2]);
}

}  // namespace catvox::detail
