#pragma once

#include <cstdint>
#include <string_view>

namespace catvox {

/// Three numbers along the axes of *stack space* (x = column, y = row, z = slice), as CATMAID's JSON has them.
struct StackVector {
  double x = 0, y = 0, z = 0;
  friend bool operator==(const StackVector&, const StackVector&) = default;
};

/// Voxels along the axes of stack space.
struct StackDimension {
  std::int64_t x = 0, y = 0, z = 0;
  friend bool operator==(const StackDimension&, const StackDimension&) = default;
};

/// How the stack lies in project space: which project plane one slice shows.
enum class Orientation : std::uint8_t { xy = 0, xz = 1, zy = 2 };

/// "XY", "XZ" or "ZY", as CATMAID's client writes them.
constexpr std::string_view name(Orientation orientation) noexcept {
  constexpr std::string_view names[] = {"XY", "XZ", "ZY"};
  return names[static_cast<std::uint8_t>(orientation)];
}

}  // namespace catvox
