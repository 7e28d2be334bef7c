#pragma once

#include <catvox/array/level_source.hpp>
#include <catvox/core/box.hpp>
#include <cstddef>
#include <deque>
#include <optional>

namespace catvox::detail {

/// What a read is in a row of reads.
struct Walk {
  bool slides = false;         ///< it is a box that was read a moment ago, moved by less than its own extent
  std::optional<Box> ahead{};  ///< it is the third of a walk or a later one: the voxels ahead of it inside the level
  bool in_parts = false;       ///< steps are shorter than a chunk: of each one ahead, several boxes need other parts
};

/// Notices boxes that slide along an axis, step by step, and says what comes next. Several walks may go on at a time.
/// Not thread-safe.
class WalkDetector {
 public:
  /// Takes note of a read.
  ///
  /// \param selection    not empty
  /// \param shape        of the level, zyx
  /// \param chunk_shape  zyx
  /// \return  ahead: as deep as four steps but not more than a chunk, and at least one step
  Walk follow(const Selection3& selection, const Shape3& shape, const Shape3& chunk_shape);

 private:
  static constexpr std::size_t remembered = 16;
  std::deque<Box> last_;  // the newest first
};

}  // namespace catvox::detail
