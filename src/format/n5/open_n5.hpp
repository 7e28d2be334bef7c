#pragma once

#include "format/opened.hpp"

namespace catvox::detail {

/// An N5 volume (tile source type 11). Its own sizes and block sizes count, level by level.
///
/// Levels are asked for at the same time: as many as the stack says, else eight at a time up to 64. Level 0 must open;
/// whatever a level above it answers instead of attributes ends the levels, as in CATMAID. An answer other than that it
/// is missing gives a warning.
/// \throws Error as parse_n5_location(); of parse_n5_attributes(), with the level before its text; Error{not_found} if
///         there is no level 0; the source's own
Opened open_n5(const MirrorLocation& location, const MirrorAccess& access);

}  // namespace catvox::detail
