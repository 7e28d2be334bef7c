#pragma once

#include <png.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace catvox::test {

/// A PNG by libpng's simplified API. \param format  PNG_FORMAT_RGBA, PNG_FORMAT_LINEAR_Y (16 bits), …
template <class Sample>
std::string png_of(const std::vector<Sample>& samples, std::uint32_t height, std::uint32_t width,
                   std::uint32_t format) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = width;
  image.height = height;
  image.format = format;
  png_alloc_size_t size = 0;
  if (!png_image_write_get_memory_size(image, size, 0, samples.data(), 0, nullptr)) throw std::runtime_error("png");
  std::string bytes(size, '\0');
  if (!png_image_write_to_memory(&image, bytes.data(), &size, 0, samples.data(), 0, nullptr)) {
    throw std::runtime_error("png");
  }
  bytes.resize(size);
  return bytes;
}

}  // namespace catvox::test
