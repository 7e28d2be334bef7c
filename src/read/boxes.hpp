#pragma once

#include <catvox/core/box.hpp>
#include <vector>

namespace catvox::detail {

/// The same voxels in as few boxes as joining neighbours gives: along rows first, then columns, then slices.
/// \param boxes  none overlaps another
std::vector<Box> joined(std::vector<Box> boxes);

}  // namespace catvox::detail
