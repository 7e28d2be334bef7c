#pragma once

#include <png.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "codec/image.hpp"

namespace catvox::test {

namespace detail {

inline void read_bytes(png_structp png, png_bytep out, std::size_t count) {
  auto& rest = *static_cast<std::span<const std::byte>*>(png_get_io_ptr(png));
  if (count > rest.size()) png_error(png, "the file is cut short");
  std::memcpy(out, rest.data(), count);
  rest = rest.subspan(count);
}
[[noreturn]] inline void on_error(png_structp png, png_const_charp) { png_longjmp(png, 1); }
inline void on_warning(png_structp, png_const_charp) {}

inline bool read_rows(png_structp png, png_infop info, const catvox::detail::ImageSize& size, std::uint8_t* out) {
  if (setjmp(png_jmpbuf(png)) != 0) return false;
  png_read_info(png, info);
  if (png_get_image_height(png, info) != static_cast<std::uint64_t>(size.height) ||
      png_get_image_width(png, info) != static_cast<std::uint64_t>(size.width) || png_get_bit_depth(png, info) != 8 ||
      png_get_color_type(png, info) != PNG_COLOR_TYPE_GRAY || png_get_interlace_type(png, info) != PNG_INTERLACE_NONE) {
    return false;
  }
  for (std::int64_t row = 0; row < size.height; ++row) png_read_row(png, out + row * size.width, nullptr);
  return true;
}

}  // namespace detail

/// The pixels of an 8-bit grey PNG that is not interlaced, by libpng alone, as the reference for what catvox decodes.
/// \returns  false if libpng refuses the file, or if it is another kind or size
inline bool read_grey8_by_libpng(std::span<const std::byte> encoded, const catvox::detail::ImageSize& size,
                                 std::uint8_t* out) {
  png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, nullptr, detail::on_error, detail::on_warning);
  png_infop info = png_create_info_struct(png);
  png_set_read_fn(png, &encoded, detail::read_bytes);
  const bool read = detail::read_rows(png, info, size, out);
  png_destroy_read_struct(&png, &info, nullptr);
  return read;
}

}  // namespace catvox::test
