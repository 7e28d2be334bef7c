#pragma once

#include <catvox/core/box.hpp>
#include <catvox/core/dtype.hpp>
#include <catvox/core/strided.hpp>
#include <catvox/export/export_volume.hpp>

namespace catvox::detail {

/// Makes the voxels of a block out of those of the level before.
///
/// \param fine     of the level before, one channel: voxel (0, 0, 0) is the first that is needed
/// \param shape    voxels there, zyx: each coarse voxel is made of those that exist, so edges count fewer
/// \param factors  fine voxels of a coarse one per axis
/// \param coarse   receives ceil(shape / factors) voxels
void downsample(Downsampling how, DType dtype, const StridedBytes& fine, const Shape3& shape, const Shape3& factors,
                const StridedBytes& coarse);

}  // namespace catvox::detail
