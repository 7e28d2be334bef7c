#pragma once

#include <string>

#include "format/opened.hpp"

namespace catvox::detail {

using OpenMirror = Opened (*)(const MirrorLocation&, const MirrorAccess&);

/// How mirrors of a tile source type are opened; null if they are not read.
OpenMirror mirror_opener(int tile_source_type) noexcept;

/// "tile source type 6 (DVID imageblk voxels), which is not read; types 1, 4, 5, 11, 14 are"
std::string unreadable_type_text(int tile_source_type);

}  // namespace catvox::detail
