#pragma once

#include <catvox/core/box.hpp>
#include <catvox/core/selection.hpp>
#include <catvox/core/strided.hpp>
#include <cstddef>
#include <optional>

#include "read/plan.hpp"

namespace catvox::detail {

/// What one read needs of one chunk, and where it goes. Points into the read's plan.
struct ChunkPart {
  PlanPart of{};
  StridedBytes out{};    ///< of the whole read: destination (0, 0, 0)
  std::size_t item = 1;  ///< bytes per voxel

  /// The channels that are needed, each in a plane of `out` of its own; absent: what the store gives without choosing.
  std::optional<ChannelSelection> channels{};

  [[nodiscard]] std::int64_t channel_count() const { return channels ? channels->which.count : 1; }

  [[nodiscard]] Index3 chunk() const { return of.chunk(); }

  /// The smallest box that holds every voxel that is needed, relative to the chunk's first voxel.
  [[nodiscard]] Box window() const;

  /// Whether the window's voxels, in order, are just those needed, each going to one place, with rows that are
  /// contiguous there: then the chunk can be decoded in place.
  [[nodiscard]] bool fits_in_place() const;

  /// Where the first voxel of the window goes, if fits_in_place().
  [[nodiscard]] StridedBytes in_place() const;

  /// Copies what is needed out of decoded voxels.
  /// \param voxels  C order, shape held.shape(), channel by channel
  /// \param held    the part of the chunk that `voxels` holds; covers window()
  /// \param held_channels  those that it holds; hold all that are needed
  void copy_from(const std::byte* voxels, const Box& held, const std::optional<AxisSelection>& held_channels) const;

  /// Sets every voxel that is needed to 0.
  void fill() const;

 private:
  void copy_plane_from(const std::byte* voxels, const Box& held, std::byte* to) const;
};

/// Where an index is among those of a selection, if it is.
inline std::optional<std::int64_t> position_in(const AxisSelection& selection, std::int64_t index) noexcept {
  const std::int64_t distance = index - selection.start;
  if (distance % selection.step != 0) return std::nullopt;
  const std::int64_t position = distance / selection.step;
  return position >= 0 && position < selection.count ? std::optional(position) : std::nullopt;
}

/// Whether voxels of the channels `held` have those of `needed`; absent: what a store gives without choosing.
inline bool has_channels(const std::optional<AxisSelection>& held,
                         const std::optional<ChannelSelection>& needed) noexcept {
  if (held.has_value() != needed.has_value()) return false;
  for (std::int64_t k = 0; held && k < needed->which.count; ++k) {
    if (!position_in(*held, needed->which.start + k * needed->which.step)) return false;
  }
  return true;
}

}  // namespace catvox::detail
