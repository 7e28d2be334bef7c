#pragma once

#include <catvox/core/export.hpp>
#include <catvox/export/export_view.hpp>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace catvox {

/// How a coarser level is made of the one before it.
enum class Downsampling : std::uint8_t {
  average,  ///< the mean of the voxels, for images: halves go to the even number, as in tensorstore
  mode,     ///< the most frequent voxel, the lowest among equals, for labels
};

/// What an export writes: a view, or several of the same size and place as channels, and the coarser levels that go
/// with it.
class CATVOX_EXPORT ExportVolume {
 public:
  /// One level of it.
  struct Level {
    ArrayPlace place;                  ///< where it lies
    std::vector<ExportView> channels;  ///< to be read; empty: made of the level before
    Shape3 factors{1, 1, 1};           ///< voxels of the level before that become one, if it is made of it
    Downsampling downsampling = Downsampling::average;  ///< how
  };

  /// One channel.
  ExportVolume(ExportView view);  // NOLINT(google-explicit-constructor): a view is a volume

  /// One channel of any element type.
  template <class T>
  ExportVolume(const ScaleView<T, 3>& view)  // NOLINT(google-explicit-constructor)
      : ExportVolume(ExportView(view)) {}

  /// Several. \throws Error{invalid_argument} if there is none, or they differ in type, size or place
  explicit ExportVolume(std::vector<ExportView> channels);

  /// Adds up to `count` coarser levels that the source has: fewer where it has fewer. Before make_levels().
  ExportVolume& copy_levels(int count);

  /// Adds `count` levels, each made of the one before by halving the axes along which its voxels are finer than twice its
  /// finest, and that are longer than one voxel.
  ExportVolume& make_levels(int count, Downsampling downsampling);

  /// Finest first, never empty.
  [[nodiscard]] const std::vector<Level>& levels() const noexcept { return levels_; }
  /// The finest.
  [[nodiscard]] const Level& first() const noexcept { return levels_.front(); }
  /// How many channels.
  [[nodiscard]] std::int64_t channels() const noexcept { return static_cast<std::int64_t>(first().channels.size()); }
  /// One of them, as a volume. \param i  0 to channels() - 1
  [[nodiscard]] ExportVolume channel(std::int64_t i) const;
  /// The element type.
  [[nodiscard]] DType dtype() const noexcept { return first().channels.front().dtype(); }
  /// Bytes of a level without compression. \throws Error{too_large} beyond 64 bits
  [[nodiscard]] std::int64_t bytes(std::size_t level) const;

 private:
  std::vector<Level> levels_;
};

}  // namespace catvox
