#pragma once

#include <cstdint>
#include <string_view>

namespace catvox {

/// Three numbers along the axes of *stack space* (x = column, y = row, z = slice), as CATMAID's JSON has them.
struct StackVector {
  double x = 0;  ///< along columns
  double y = 0;  ///< along rows
  double z = 0;  ///< along slices
  friend bool operator==(const StackVector&, const StackVector&) = default;
};

/// Voxels along the axes of stack space.
struct StackDimension {
  std::int64_t x = 0;  ///< columns
  std::int64_t y = 0;  ///< rows
  std::int64_t z = 0;  ///< slices
  friend bool operator==(const StackDimension&, const StackDimension&) = default;
};

/// How the stack lies in project space: which project plane one slice shows.
enum class Orientation : std::uint8_t {
  xy = 0,  ///< columns along x, rows along y
  xz = 1,  ///< columns along x, rows along z
  zy = 2,  ///< columns along z, rows along y
};

/// "XY", "XZ" or "ZY", as CATMAID's client writes them.
constexpr std::string_view name(Orientation orientation) noexcept {
  constexpr std::string_view names[] = {"XY", "XZ", "ZY"};
  return names[static_cast<std::uint8_t>(orientation)];
}

}  // namespace catvox
