#pragma once

#include <catvox/core/dtype.hpp>
#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "support/volume.hpp"

namespace tools {

/// What a volume can be written as.
enum class FileFormat { npy, png_slices, png_montage, tiff };

/// By the extension: .npy, .png, .tif or .tiff, in any case.
/// \throws Error{invalid_argument} for another one, or if a montage is asked of anything but .png
FileFormat file_format(const std::filesystem::path& name, bool montage);

/// \throws Error{invalid_argument}, with advice, if files of this format do not hold such voxels
void check_dtype(FileFormat format, catvox::DType dtype);

/// \throws Error{invalid_argument} if files of this format do not hold so many channels
void check_channels(FileFormat format, std::int64_t channels);

/// The files that a volume of so many slices becomes.
std::vector<std::filesystem::path> file_names(FileFormat format, const std::filesystem::path& name,
                                              std::int64_t slices);

/// Removes files of a longer volume that was written to the same name before. \returns those that were there
std::vector<std::filesystem::path> remove_later_slices(FileFormat format, const std::filesystem::path& name,
                                                       std::int64_t slices);

/// \param names  where to write, as many as file_names() gave \throws Error as the format's writer
void write_volume(FileFormat format, std::span<const std::filesystem::path> names, const Volume& volume);

}  // namespace tools
