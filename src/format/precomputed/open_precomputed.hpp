#pragma once

#include "format/opened.hpp"

namespace catvox::detail {

/// A Neuroglancer precomputed volume (tile source type 14). Each scale's own size, chunks, encoding and sharding count.
///
/// A scale whose encoding is not read is left out with a warning, but for the first. Of several channels the first is
/// read, with a warning. Where the stack has no factors of its own, those of the scales' resolutions are used; where it
/// has others than those, a warning says so.
/// \throws Error as parse_precomputed_location() and parse_precomputed_info(); Error{not_found} if there is no `info`; the
///         source's own
Opened open_precomputed(const MirrorLocation& location, const MirrorAccess& access);

}  // namespace catvox::detail
