#pragma once

#include <filesystem>

#include "support/png_writer.hpp"

namespace tools {

/// Writes a baseline grey JPEG. \param quality 1 to 100, as libjpeg counts \throws Error{io}
/// \pre image.dtype is uint8, sides are at most 65500
void write_jpeg(const std::filesystem::path& name, const GreyImage& image, int quality);

}  // namespace tools
