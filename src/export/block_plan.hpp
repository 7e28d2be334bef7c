#pragma once

#include <catvox/core/box.hpp>
#include <catvox/export/block_writer.hpp>
#include <catvox/export/export_volume.hpp>
#include <cstddef>
#include <cstdint>

namespace catvox::detail {

/// The blocks of one level, numbered in C order, and the pieces that are read at once: boxes of neighbouring blocks.
class BlockPlan {
 public:
  /// \param block        voxels of a block
  /// \param chunk        voxels of the source's chunks: a piece holds as many blocks as cover one
  /// \param voxel_bytes  of a voxel, all channels
  /// \param piece_bytes  a piece takes at most so much, or is one block
  BlockPlan(std::size_t level, const Shape3& shape, const Shape3& block, const Shape3& chunk, std::int64_t voxel_bytes,
            std::int64_t piece_bytes);

  [[nodiscard]] std::size_t level() const noexcept { return level_; }
  [[nodiscard]] std::int64_t blocks() const noexcept { return volume(grid_); }
  [[nodiscard]] std::int64_t pieces() const noexcept { return volume(pieces_); }

  /// Block at a position of the grid.
  [[nodiscard]] OutputBlock block(const Index3& position) const noexcept;
  [[nodiscard]] OutputBlock block(std::int64_t number) const noexcept;
  [[nodiscard]] std::int64_t number(const Index3& position) const noexcept {
    return (position[0] * grid_[1] + position[1]) * grid_[2] + position[2];
  }

  /// The positions of a piece's blocks.
  [[nodiscard]] Box piece(std::int64_t number) const noexcept;

  /// The positions of the blocks that a box of voxels meets.
  [[nodiscard]] Box blocks_of(const Box& voxels) const noexcept;

 private:
  std::size_t level_;
  Shape3 shape_, block_, grid_{}, per_piece_{1, 1, 1}, pieces_{};
};

/// Calls f with every index of a box, in C order.
template <class F>
void for_each_index(const Box& box, F&& f) {
  for (Index3 at = box.min; at[0] < box.max[0]; ++at[0]) {
    for (at[1] = box.min[1]; at[1] < box.max[1]; ++at[1]) {
      for (at[2] = box.min[2]; at[2] < box.max[2]; ++at[2]) f(at);
    }
  }
}

}  // namespace catvox::detail
