#pragma once

#include <catvox/core/buffer.hpp>
#include <catvox/export/block_writer.hpp>
#include <catvox/export/export_volume.hpp>
#include <cstdint>
#include <vector>

namespace catvox::detail {

/// What is read at once and then written block by block.
struct Piece {
  /// A block of it.
  struct Part {
    OutputBlock block;
    std::int64_t number = 0;
    bool absent = false;  ///< the source has nothing of it
  };

  std::size_t level = 0;
  Box box{};  ///< that `voxels` holds
  Buffer memory;
  BlockVoxels voxels;
  std::vector<Part> parts;

  /// The voxels of a box inside of this one.
  [[nodiscard]] BlockVoxels at(const Index3& voxel) const noexcept {
    BlockVoxels from = voxels;
    for (std::size_t axis = 0; axis < 3; ++axis) from.data += (voxel[axis] - box.min[axis]) * voxels.strides[axis];
    return from;
  }
};

/// Takes memory for a box of voxels, in C order, channel after channel. \throws Error{too_large}
void allocate(Piece& piece, const Box& box, std::int64_t channels, std::size_t item);

}  // namespace catvox::detail
