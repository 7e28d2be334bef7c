#pragma once

#include "format/opened.hpp"

namespace catvox::detail {

/// Type 8, DVID's imagetile: b xy/s/column_row_z, XZ b xz/s/column_z_row, ZY b yz/s/z_row_column transposed, with
/// ?noblanks=true, which makes a missing tile 404 instead of a black one. As 404 then also stands for a level that is
/// not there, levels and their tile sizes are read from the instance's metadata first.
Opened open_dvid_tiles(const MirrorLocation& location, const MirrorAccess& access);

}  // namespace catvox::detail
