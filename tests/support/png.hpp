#pragma once

#include <png.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace catvox::test {

/// An 8-bit grey PNG, by libpng's simplified API.
inline std::string grey_png(const std::vector<std::uint8_t>& pixels, std::uint32_t height, std::uint32_t width) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = width;
  image.height = height;
  image.format = PNG_FORMAT_GRAY;
  png_alloc_size_t size = 0;
  if (!png_image_write_get_memory_size(image, size, 0, pixels.data(), 0, nullptr) || size == 0)
    throw std::runtime_error("png");
  std::string bytes(size, '\0');
  if (!png_image_write_to_memory(&image, bytes.data(), &size, 0, pixels.data(), 0, nullptr)) {
    throw std::runtime_error("png");
  }
  bytes.resize(size);
  return bytes;
}

}  // namespace catvox::test
