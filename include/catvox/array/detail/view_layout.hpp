#pragma once

#include <array>
#include <catvox/array/level_source.hpp>
#include <catvox/array/slice.hpp>
#include <catvox/core/box.hpp>
#include <catvox/core/export.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace catvox::abi {

/// Which voxels of a level a view shows and along which axes: the part of a view that does not depend on its type.
///
/// A selection per *source* axis (z, y, x), and for each *view* axis the source axis that it runs along, or none for an
/// axis that slice() inserted. A source axis that no view axis runs along is dropped: its selection holds one index.
/// A view of channels has a selection of those as well, which are no place: boxes and positions are of z, y and x alone,
/// and hold all of the view's channels.
class CATVOX_EXPORT ViewLayout {
 public:
  /// The most axes that a view may have.
  static constexpr std::size_t max_rank = 8;
  /// Stands for the source axis of an axis that slice() inserted.
  static constexpr int new_axis = -1;
  /// The source axis of an axis of channels.
  static constexpr int channel_axis = 3;

  /// Every voxel of an array, axes (z, y, x).
  explicit ViewLayout(const Shape3& shape) noexcept;

  /// Every voxel of some channels of an array, axes (c, z, y, x).
  ViewLayout(const AxisSelection& channels, const Shape3& shape) noexcept;

  /// Axes of the view.
  [[nodiscard]] std::size_t rank() const noexcept { return rank_; }
  /// The indices of the source that it shows, zyx.
  [[nodiscard]] const Selection3& selection() const noexcept { return selection_; }

  /// The channels that it shows; absent: the level as it is without choosing any.
  [[nodiscard]] const std::optional<AxisSelection>& channels() const noexcept { return channels_; }

  /// Whether a view axis runs along z, y or x of the source. \param axis  < rank()
  [[nodiscard]] bool is_in_space(std::size_t axis) const noexcept { return axes_[axis] >= 0 && axes_[axis] < 3; }

  /// The source axis (0 z, 1 y, 2 x) of a view axis, channel_axis or new_axis. \param axis  < rank()
  [[nodiscard]] int source_axis(std::size_t axis) const noexcept { return axes_[axis]; }

  /// Voxels along a view axis. \param axis  < rank()
  [[nodiscard]] std::int64_t extent(std::size_t axis) const noexcept {
    return axes_[axis] == new_axis ? 1 : along(axes_[axis]).count;
  }

  /// What a part of the view holds along one of its axes: channels and inserted axes are whole in each part.
  struct Extent {
    std::size_t first = 0, count = 0;
  };
  /// \param part  positions in the selections, zyx  \param axis  < rank()
  [[nodiscard]] Extent of_part(const Box& part, std::size_t axis) const noexcept {
    if (!is_in_space(axis)) return {0, static_cast<std::size_t>(extent(axis))};
    const auto source = static_cast<std::size_t>(axes_[axis]);
    return {static_cast<std::size_t>(part.min[source]), static_cast<std::size_t>(part.max[source] - part.min[source])};
  }

  /// Channels that it shows: 1 where it chooses none.
  [[nodiscard]] std::int64_t channel_count() const noexcept { return channels_ ? channels_->count : 1; }

  /// Voxels in all. \throws Error{too_large} if the product does not fit 64 bits
  [[nodiscard]] std::int64_t size() const;

  /// Applies one slice per axis, in order; axes without one stay whole.
  /// \throws Error{invalid_argument} for an index outside its axis, an unsigned number that went below 0, a step of 0, too
  ///         many slices, two ellipses or more than max_rank axes
  [[nodiscard]] ViewLayout sliced(std::span<const Slice> slices) const;

  /// Axis i of the result is axis permutation[i] of this. \throws Error{invalid_argument} if it is no permutation
  [[nodiscard]] ViewLayout transposed(std::span<const std::size_t> permutation) const;

  /// Keeps the voxels that lie in a box of source voxels. Dropped axes stay as they are; an axis of which nothing is
  /// left has extent 0.
  [[nodiscard]] ViewLayout clipped(const Box& voxels) const noexcept;

  /// The same axes over other indices of the source. Dropped axes must still select one index.
  [[nodiscard]] ViewLayout with_selection(const Selection3& selection) const noexcept;

  /// The same axes, all of one channel.
  [[nodiscard]] ViewLayout of_channel(std::int64_t channel) const noexcept;

  /// The voxels at positions [min, max) of the selections; zyx, inside them.
  [[nodiscard]] ViewLayout part(const Box& positions) const noexcept;

  /// The position in each selection, zyx, of a voxel of the view; 0 along dropped axes. \param index  rank() numbers
  [[nodiscard]] Index3 positions(std::span<const std::size_t> index) const noexcept;

  /// Strides per source axis from strides per view axis; 0 for dropped axes. \param strides  rank() numbers
  [[nodiscard]] Strides3 source_strides(std::span<const std::int64_t> strides) const noexcept;

  /// The stride from one channel to the next, from strides per view axis; 0 if no axis runs along them.
  [[nodiscard]] std::int64_t channel_stride(std::span<const std::int64_t> strides) const noexcept;

  /// Strides per view axis of the view's voxels in C order without gaps, in units of `item` bytes; rank() count.
  [[nodiscard]] std::array<std::int64_t, max_rank> c_strides(std::int64_t item) const noexcept;

  /// The same per source axis.
  [[nodiscard]] Strides3 contiguous_strides(std::int64_t item) const noexcept;

  friend bool operator==(const ViewLayout&, const ViewLayout&) = default;

 private:
  void push_axis(int source_axis);
  [[nodiscard]] const AxisSelection& along(int source_axis) const noexcept {
    return source_axis == channel_axis ? *channels_ : selection_[static_cast<std::size_t>(source_axis)];
  }

  Selection3 selection_;
  std::optional<AxisSelection> channels_{};
  std::array<std::int8_t, max_rank> axes_{};  // unused entries stay 0: operator== compares them
  std::uint8_t rank_ = 0;
};

/// One slice for each axis, from slices of some axes by name; the others stay whole.
/// \param dims   names of all axes
/// \param names  of the axes to be sliced
/// \throws Error{invalid_argument} for a name that is not among dims or comes twice, and for a slice that is no index or
///         range
CATVOX_EXPORT std::vector<Slice> slices_of_axes(std::span<const std::string_view> dims,
                                                std::span<const std::string_view> names, std::span<const Slice> slices);

/// Reads every voxel of a view.
/// \param strides  bytes per view axis, layout.rank() numbers
/// \throws Error as LevelSource::read
CATVOX_EXPORT ReadStatistics read_view(const LevelSource& source, const ViewLayout& layout, std::byte* out,
                                       std::span<const std::int64_t> strides, const ReadOptions& options);

/// The indices start, start + step, … of an axis that start : stop : step selects, as Python slices do.
///
/// \param slice   of kind range
/// \param extent  of the axis, >= 0
/// \param axis    its number, for the message
/// \throws Error{invalid_argument} if the step is 0
CATVOX_EXPORT AxisSelection resolve_range(const Slice& slice, std::int64_t extent, std::size_t axis);

/// True if two voxels of an array with these strides could share memory: not every stride steps over all that the
/// smaller ones reach. Axes of extent 1 do not count; strides may be negative.
///
/// \param shape    per axis, >= 0
/// \param strides  per axis, in elements
CATVOX_EXPORT bool strides_overlap(std::span<const std::int64_t> shape, std::span<const std::int64_t> strides);

/// "(64, 512, 512)": numbers for messages.
CATVOX_EXPORT std::string to_text(std::span<const std::int64_t> numbers);
CATVOX_EXPORT std::string to_text(std::span<const std::size_t> numbers);

}  // namespace catvox::abi
