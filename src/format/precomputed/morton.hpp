#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>

#include "format/precomputed/info.hpp"

namespace catvox::detail {

/// The number of a chunk in a sharded scale: the bits of its position in the grid, lowest first, x before y before z, an
/// axis only as long as its grid has positions that large ("compressed Morton code").
///
/// \param grid      chunks per axis, each > 0
/// \param position  each from 0 to grid - 1
/// \returns         nullopt if such numbers would have more than 64 bits
constexpr std::optional<std::uint64_t> morton_code(const VolumeVector& grid, const VolumeVector& position) noexcept {
  std::uint64_t code = 0;
  unsigned next = 0;
  for (unsigned bit = 0; bit < 63; ++bit) {
    for (std::size_t d = 0; d < 3; ++d) {
      if (std::int64_t{1} << bit >= grid[d]) continue;
      if (next == std::numeric_limits<std::uint64_t>::digits) return std::nullopt;
      code |= static_cast<std::uint64_t>(position[d] >> bit & 1) << next++;
    }
  }
  return code;
}

}  // namespace catvox::detail
