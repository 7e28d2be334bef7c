#pragma once

#include "format/opened.hpp"

namespace catvox::detail {

// Tiles that the CATMAID server makes itself, of what image_base names: with its API token, and no others get that. The
// server answers 404 for what it does not know, never for what is missing.

/// Type 3: an HDF5 file. The server finds nothing at levels above 0 and answers black there: they do not exist. It
/// refuses tiles that stick out, so they are asked for without what sticks out.
Opened open_catmaid_hdf5(const MirrorLocation& location, const MirrorAccess& access);

/// Type 13: what the CloudVolume library opens. Its image library knows "jpeg" and not "jpg".
Opened open_catmaid_cloud_volume(const MirrorLocation& location, const MirrorAccess& access);

}  // namespace catvox::detail
