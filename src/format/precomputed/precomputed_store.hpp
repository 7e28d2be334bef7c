#pragma once

#include <array>
#include <catvox/format/chunk_store.hpp>
#include <cstddef>
#include <span>
#include <string>

#include "format/precomputed/info.hpp"

namespace catvox::detail {

/// One scale of a Neuroglancer precomputed volume, its dimensions permuted to the stack's axes. Voxel 0 of every scale is
/// the stack's first: `voxel_offset` is part of chunks' names alone, as in CATMAID.
class PrecomputedStore final : public ChunkStore {
 public:
  struct Options {
    DType dtype = DType::uint8;
    int channels = 1;
    PrecomputedScale scale{};
    std::array<std::size_t, 3> axes{2, 1, 0};  ///< volume dimension (0 is x) of each array axis, zyx
    std::string folder{};                      ///< of the chunks, with a '/' at its end; unused where sharded
    std::string query{};                       ///< goes behind every address
    int level = 0;                             ///< for messages
  };

  /// \throws Error{unsupported} naming an encoding that is not read, or not of this element type and these channels;
  ///         Error{too_large} if a sharded scale's chunks cannot be numbered
  explicit PrecomputedStore(Options options);

  [[nodiscard]] DType dtype() const noexcept override { return options_.dtype; }
  [[nodiscard]] const Shape3& shape() const noexcept override { return shape_; }
  [[nodiscard]] const Shape3& chunk_shape() const noexcept override { return chunk_shape_; }

  [[nodiscard]] std::optional<std::array<std::size_t, 3>> morton_axes() const noexcept override;

  /// The key is a URL or, in a sharded scale, the chunk's number, see ShardSourceOptions.
  [[nodiscard]] ByteRequest request(const Index3& chunk) const override;

  /// "chunk 100-116_-7-9_3-7 (level 0)": as the file is named, or would be.
  [[nodiscard]] std::string describe(const Index3& chunk) const override;

  /// The first channel.
  void decode(const Index3& chunk, std::span<const std::byte> encoded, const Box& window,
              const StridedBytes& out) const override;

  [[nodiscard]] int channels() const noexcept override { return options_.channels; }
  void decode_channels(const Index3& chunk, std::span<const std::byte> encoded, const ChannelSelection& channels,
                       const Box& window, const StridedBytes& out) const override;

 private:
  [[nodiscard]] VolumeVector position(const Index3& chunk) const noexcept;
  [[nodiscard]] Shape3 voxels_of(const Index3& chunk) const noexcept;

  Options options_;
  Shape3 shape_{};
  Shape3 chunk_shape_{};
  VolumeVector grid_{};
  std::size_t max_bytes_ = 0;  ///< of a chunk's body
};

}  // namespace catvox::detail
