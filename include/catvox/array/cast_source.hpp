#pragma once

#include <catvox/array/level_source.hpp>
#include <catvox/core/dtype.hpp>
#include <memory>

namespace catvox {

/// The same level with its voxels converted as they are read: as static_cast converts, but a floating value outside an
/// integer type's range becomes the nearest of its values and NaN becomes 0. Reads in slabs, so that it takes a bounded
/// amount of memory beside the output.
std::shared_ptr<const LevelSource> cast_source(std::shared_ptr<const LevelSource> source, DType dtype);

}  // namespace catvox
