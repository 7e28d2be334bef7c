#pragma once

#include <catvox/array/level_source.hpp>
#include <catvox/array/scale_view.hpp>
#include <catvox/catmaid/stack.hpp>
#include <catvox/catmaid/stack_group.hpp>
#include <catvox/core/dtype.hpp>
#include <catvox/core/export.hpp>
#include <memory>
#include <optional>
#include <vector>

namespace catvox {

/// The stacks of a stack group, to be read; CatmaidClient::open_group() gives them. Mirrors and the like are set for each
/// stack by itself.
struct CATVOX_EXPORT GroupedStacks {
  StackGroup group;             ///< what the server says of it
  std::vector<Stack> channels;  ///< those of relation "channel", in the order of their position
  std::vector<Stack> views;     ///< the others, of relation "view": the same data in another orientation

  /// A scale level of all channel stacks as one lazy array, axes (c, z, y, x): channel c is channels[c]. No image is read.
  /// \throws Error{invalid_argument} if the stacks do not share a grid (shape, voxel size, place, orientation) or T is not
  ///         their type; {not_found} if there is no channel stack, or none of them has such a level
  template <class T, std::size_t N = 4>
  [[nodiscard]] ScaleView<T, N> scale(int level = 0) const {
    static_assert(N == 4, "catvox: the channels of a group are the first of four axes");
    return ScaleView<T, N>(source(level, dtype_of<T>));
  }

  /// What such a view stands on. \param wanted  see Stack::source_as()
  [[nodiscard]] std::shared_ptr<const LevelSource> source(int level, std::optional<DType> wanted = {}) const;
};

}  // namespace catvox
