#pragma once

#include <array>
#include <catvox/bytes/byte_source.hpp>
#include <catvox/core/box.hpp>
#include <catvox/core/dtype.hpp>
#include <catvox/core/export.hpp>
#include <catvox/core/selection.hpp>
#include <catvox/core/strided.hpp>
#include <cstddef>
#include <optional>
#include <span>
#include <string>

namespace catvox {

/// One scale level of one mirror as a grid of separately fetched chunks. Supplies bytes' addresses and decodes them;
/// planning, fetching, caching and copying are written once, in the reader above. Immutable and thread-safe.
class CATVOX_EXPORT ChunkStore {
 public:
  virtual ~ChunkStore() = default;

  /// The element type of every voxel.
  [[nodiscard]] virtual DType dtype() const noexcept = 0;

  /// Voxels of the level, zyx.
  [[nodiscard]] virtual const Shape3& shape() const noexcept = 0;

  /// Voxels per chunk, zyx; the last of each axis may stick out of the level.
  [[nodiscard]] virtual const Shape3& chunk_shape() const noexcept = 0;

  /// For chunks that lie together in files, in Morton order of their positions: the axes (0: z, 1: y, 2: x) as the order
  /// goes through them, first what changes first. A read then asks for neighbours together. Else nothing.
  [[nodiscard]] virtual std::optional<std::array<std::size_t, 3>> morton_axes() const noexcept { return std::nullopt; }

  /// What to fetch for the chunk at this position of the grid, zyx.
  [[nodiscard]] virtual ByteRequest request(const Index3& chunk) const = 0;

  /// "tile (level 2, slice 117, row 4, column 9)" or "block 3/4/0 (level 2)": for messages.
  [[nodiscard]] virtual std::string describe(const Index3& chunk) const = 0;

  /// Decodes the part `window` of a chunk.
  ///
  /// \param window  zyx, relative to the chunk's first voxel, inside chunk_shape()
  /// \param out     receives every voxel of the window; strides[2] == item_size(dtype()). Voxels that the
  ///                encoded chunk lacks (a short edge) become 0
  /// \throws Error{corrupt_data} or Error{unsupported} saying what is wrong, without the chunk's name
  virtual void decode(const Index3& chunk, std::span<const std::byte> encoded, const Box& window,
                      const StridedBytes& out) const = 0;

  /// How many channels decode_channels() tells apart: all come with one request.
  [[nodiscard]] virtual int channels() const noexcept { return 1; }

  /// Decodes some channels of the part `window` of a chunk, as decode() does; of a store of one channel it is that.
  /// \param channels  inside channels(), at least one
  virtual void decode_channels(const Index3& chunk, std::span<const std::byte> encoded,
                               const ChannelSelection& channels, const Box& window, const StridedBytes& out) const {
    (void)channels;
    decode(chunk, encoded, window, out);
  }
};

}  // namespace catvox
