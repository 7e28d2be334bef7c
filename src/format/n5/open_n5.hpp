#pragma once

#include "format/opened.hpp"

namespace catvox::detail {

/// An N5 volume (tile source type 11). Its own sizes and block sizes count, level by level.
/// \throws Error as parse_n5_location() and discover_n5_levels()
Opened open_n5(const MirrorLocation& location, const MirrorAccess& access);

}  // namespace catvox::detail
