#pragma once

#include <string>

#include "format/opened.hpp"

namespace catvox::detail {

using OpenMirror = Opened (*)(const MirrorLocation&, const MirrorAccess&);

/// How mirrors of a tile source type are opened; null if they are not read.
OpenMirror mirror_opener(int tile_source_type) noexcept;

/// Whether their image_base is no URL but a name for the CATMAID server, which makes the tiles itself.
bool is_served_by_catmaid(int tile_source_type) noexcept;

/// "tile source type 99, which is not read", with its name if CATMAID knows it.
std::string unreadable_type_text(int tile_source_type);

}  // namespace catvox::detail
