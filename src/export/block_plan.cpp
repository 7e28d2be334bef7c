#include "export/block_plan.hpp"

#include <algorithm>

namespace catvox::detail {

BlockPlan::BlockPlan(std::size_t level, const Shape3& shape, const Shape3& block, const Shape3& chunk,
                     std::int64_t voxel_bytes, std::int64_t piece_bytes)
    : level_(level), shape_(shape), block_(block) {
  for (std::size_t axis = 0; axis < 3; ++axis) grid_[axis] = ceil_div(shape[axis], block[axis]);
  const auto bytes = [&](std::size_t axis, std::int64_t blocks) {
    double product = static_cast<double>(voxel_bytes);
    for (std::size_t other = 0; other < 3; ++other) {
      product *=
          static_cast<double>(std::min(shape[other], block[other] * (other == axis ? blocks : per_piece_[other])));
    }
    return product;
  };
  const auto grow = [&](std::size_t axis, std::int64_t blocks, std::int64_t step) {
    blocks = std::clamp<std::int64_t>(blocks, 1, grid_[axis]);
    while (per_piece_[axis] < blocks && bytes(axis, per_piece_[axis] + step) <= static_cast<double>(piece_bytes)) {
      per_piece_[axis] += step;
    }
  };
  // First what one chunk covers, so that it is decoded once; then along the rows by as many, so that pieces share few
  // chunks: other workers would fetch those again.
  for (const std::size_t axis : {0U, 1U, 2U}) grow(axis, ceil_div(chunk[axis], block[axis]), 1);
  for (const std::size_t axis : {2U, 1U, 0U}) grow(axis, grid_[axis], per_piece_[axis]);
  for (std::size_t axis = 0; axis < 3; ++axis) pieces_[axis] = ceil_div(grid_[axis], per_piece_[axis]);
}

OutputBlock BlockPlan::block(const Index3& position) const noexcept {
  OutputBlock result{.level = level_, .position = position};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    result.box.min[axis] = position[axis] * block_[axis];
    result.box.max[axis] = std::min(result.box.min[axis] + block_[axis], shape_[axis]);
  }
  return result;
}

OutputBlock BlockPlan::block(std::int64_t number) const noexcept {
  return block(Index3{number / (grid_[1] * grid_[2]), number / grid_[2] % grid_[1], number % grid_[2]});
}

Box BlockPlan::piece(std::int64_t number) const noexcept {
  const Index3 at{number / (pieces_[1] * pieces_[2]), number / pieces_[2] % pieces_[1], number % pieces_[2]};
  Box blocks;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    blocks.min[axis] = at[axis] * per_piece_[axis];
    blocks.max[axis] = std::min(blocks.min[axis] + per_piece_[axis], grid_[axis]);
  }
  return blocks;
}

Box BlockPlan::blocks_of(const Box& voxels) const noexcept {
  Box blocks;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    blocks.min[axis] = voxels.min[axis] / block_[axis];
    blocks.max[axis] = ceil_div(voxels.max[axis], block_[axis]);
  }
  return blocks;
}

}  // namespace catvox::detail
