#pragma once

#include <cstdint>
#include <optional>

namespace catvox {

/// What one argument of slice() does, Python's rules: negative indices count from the end of the axis, ranges are
/// clipped to it.
struct Slice {
  /// What it does to its axis.
  enum class Kind : std::uint8_t {
    index,     ///< keeps one index (`start`) and drops the axis
    range,     ///< start : stop : step, each optional
    new_axis,  ///< inserts an axis of extent 1
    ellipsis,  ///< as many whole axes as the other arguments leave
  };
  Kind kind = Kind::range;                 ///< what it does to its axis
  std::optional<std::int64_t> start{};     ///< the index, or the first one of a range
  std::optional<std::int64_t> stop{};      ///< one past the last of a range
  std::optional<std::int64_t> step{};      ///< of a range; not 0
  std::optional<std::uint64_t> wrapped{};  ///< an unsigned number among them that went below 0: an error
};

}  // namespace catvox
