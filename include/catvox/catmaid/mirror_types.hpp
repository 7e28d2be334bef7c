#pragma once

#include <catvox/core/export.hpp>
#include <span>
#include <string_view>

namespace catvox {

/// One of CATMAID's tile source types.
struct MirrorType {
  int number = 0;         ///< as in MirrorInfo::tile_source_type
  std::string_view name;  ///< as CATMAID's documentation has it
  bool readable = false;  ///< whether catvox reads mirrors of this type
};

/// Every tile source type of CATMAID, in ascending order.
[[nodiscard]] CATVOX_EXPORT std::span<const MirrorType> mirror_types() noexcept;

/// Whether catvox reads mirrors of this tile source type.
[[nodiscard]] CATVOX_EXPORT bool is_supported(int tile_source_type) noexcept;

}  // namespace catvox
