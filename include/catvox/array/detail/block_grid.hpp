#pragma once

#include <array>
#include <catvox/array/detail/view_layout.hpp>
#include <catvox/array/level_source.hpp>
#include <catvox/core/box.hpp>
#include <catvox/core/export.hpp>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace catvox::abi {

/// A view cut into blocks that follow the chunks under it: per source axis, the positions at which a block begins, and
/// the extent as the last entry. An axis of extent 0 has no block.
class CATVOX_EXPORT BlockGrid {
 public:
  /// \param shape  the most voxels that a block may have per axis of the view; empty: a chunk's. Blocks that are no
  ///               smaller than a chunk are of whole chunks, smaller ones are parts of one.
  /// \throws Error{invalid_argument} if a side is < 1
  BlockGrid(const ViewLayout& layout, const Shape3& chunk_shape, std::span<const std::size_t> shape);

  [[nodiscard]] std::size_t size() const noexcept;

  /// Block i in C order of the view's axes. \param i  < size()
  [[nodiscard]] ViewLayout operator[](std::size_t i) const noexcept;

  /// The share of one of `count` workers: a box of whole blocks, as large as the others' to within what whole blocks
  /// allow; without voxels where there are more workers than blocks.
  [[nodiscard]] ViewLayout share(std::size_t worker, std::size_t count) const noexcept;

 private:
  [[nodiscard]] std::int64_t blocks(std::size_t source) const noexcept {
    return static_cast<std::int64_t>(begins_[source].size()) - 1;
  }
  [[nodiscard]] ViewLayout of_blocks(const Box& blocks) const noexcept;

  ViewLayout layout_;
  std::array<std::vector<std::int64_t>, 3> begins_;
};

/// The extent of a chunk along each axis of a view, in the view's voxels; 1 along new axes, rounded up where it has steps.
CATVOX_EXPORT std::size_t chunk_extent(const ViewLayout& layout, const Shape3& chunk_shape, std::size_t axis) noexcept;

}  // namespace catvox::abi
