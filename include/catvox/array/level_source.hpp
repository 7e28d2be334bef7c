#pragma once

#include <catvox/array/read_options.hpp>
#include <catvox/core/box.hpp>
#include <catvox/core/dtype.hpp>
#include <catvox/core/export.hpp>
#include <catvox/core/selection.hpp>
#include <catvox/core/strided.hpp>
#include <catvox/geometry/level_geometry.hpp>
#include <cstdint>
#include <memory>
#include <stop_token>

namespace catvox {

/// One scale level that can be read: what a ScaleView stands on. Immutable and thread-safe.
class CATVOX_EXPORT LevelSource {
 public:
  virtual ~LevelSource() = default;

  /// Its number; 0 is full resolution.
  [[nodiscard]] virtual int level() const noexcept = 0;
  /// The element type of every voxel.
  [[nodiscard]] virtual DType dtype() const noexcept = 0;
  /// Its shape, and where it lies in the world.
  [[nodiscard]] virtual const LevelGeometry& geometry() const noexcept = 0;
  /// Voxels that come with one request, zyx.
  [[nodiscard]] virtual const Shape3& chunk_shape() const noexcept = 0;

  /// Reads the selected voxels into `out` and returns when they are all there.
  ///
  /// \param selection  inside geometry().shape()
  /// \param out        voxel (i, j, k) of the selection goes to data + i * strides[0] + j * strides[1] + k *
  /// strides[2];
  ///                   any strides that do not make voxels overlap
  /// \throws Error     the first failure; `out` is then partly written
  virtual ReadStatistics read(const Selection3& selection, const StridedBytes& out,
                              const ReadOptions& options) const = 0;

  /// How many channels read_channels() tells apart. Not all need differ from each other, nor from what read() gives.
  [[nodiscard]] virtual std::int64_t channels() const noexcept { return 1; }

  /// Reads the selected voxels of some channels: as read(), which a source of one channel has done with.
  /// \param channels  inside channels()
  virtual ReadStatistics read_channels(const ChannelSelection& channels, const Selection3& selection,
                                       const StridedBytes& out, const ReadOptions& options) const {
    return channels.which.count > 0 ? read(selection, out, options) : ReadStatistics{};
  }

  /// Begins to fetch the chunks that hold the selected voxels into the cache, encoded, and returns. What fails is left
  /// to the read that will need it. Ends early when its part of the cache is full, when `stop` is triggered, and with
  /// the last view of the stack. Sources without a cache do nothing.
  virtual void prefetch(const Selection3& selection, const std::stop_token& stop) const {
    (void)selection;
    (void)stop;
  }

  /// The same mirror of the same stack at another level. \throws Error{not_found} listing the levels
  [[nodiscard]] virtual std::shared_ptr<const LevelSource> at_level(int level) const = 0;
};

}  // namespace catvox
