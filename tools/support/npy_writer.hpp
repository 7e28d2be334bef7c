#pragma once

#include <catvox/core/box.hpp>
#include <catvox/core/dtype.hpp>
#include <filesystem>
#include <string>

#include "support/volume.hpp"

namespace tools {

/// The start of a NumPy file, format version 1.0, C order, padded so that the voxels begin at a multiple of 64 bytes
/// (numpy.lib.format).
/// \param channels  more than one are the first axis
std::string npy_header(catvox::DType dtype, const catvox::Shape3& shape, std::int64_t channels = 1);

/// Writes what numpy.load() reads as an array of the volume's shape and dtype. \throws Error{io}
void write_npy(const std::filesystem::path& name, const Volume& volume);

}  // namespace tools
