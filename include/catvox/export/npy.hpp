#pragma once

#include <catvox/core/export.hpp>
#include <catvox/export/block_writer.hpp>
#include <catvox/export/export_volume.hpp>
#include <filesystem>
#include <memory>

namespace catvox {

/// A NumPy file of one level, C order, the view's axes, channels first where there are several. The place in the world is
/// not in it. While it grows it lies in a hidden folder beside its name.
/// \throws Error{invalid_argument} if the volume has several levels
CATVOX_EXPORT std::unique_ptr<BlockWriter> npy_writer(const ExportVolume& volume, std::filesystem::path file);

}  // namespace catvox
