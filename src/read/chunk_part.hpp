#pragma once

#include <catvox/core/box.hpp>
#include <catvox/core/strided.hpp>
#include <cstddef>

#include "read/plan.hpp"

namespace catvox::detail {

/// What one read needs of one chunk, and where it goes. Points into the read's plan.
struct ChunkPart {
  PlanPart of{};
  StridedBytes out{};    ///< of the whole read: destination (0, 0, 0)
  std::size_t item = 1;  ///< bytes per voxel

  [[nodiscard]] Index3 chunk() const { return of.chunk(); }

  /// The smallest box that holds every voxel that is needed, relative to the chunk's first voxel.
  [[nodiscard]] Box window() const;

  /// Whether the window's voxels, in order, are just those needed, each going to one place, with rows that are
  /// contiguous there: then the chunk can be decoded in place.
  [[nodiscard]] bool fits_in_place() const;

  /// Where the first voxel of the window goes, if fits_in_place().
  [[nodiscard]] StridedBytes in_place() const;

  /// Copies what is needed out of decoded voxels.
  /// \param voxels  C order, shape held.shape()
  /// \param held    the part of the chunk that `voxels` holds; covers window()
  void copy_from(const std::byte* voxels, const Box& held) const;

  /// Sets every voxel that is needed to 0.
  void fill() const;
};

}  // namespace catvox::detail
