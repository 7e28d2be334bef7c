#include "demo_instance/jpeg_writer.hpp"

#include <cstdio>  // jpeglib.h needs it first

#include <jpeglib.h>

#include <catvox/core/error.hpp>
#include <csetjmp>
#include <string>

#include "support/output_files.hpp"

namespace tools {

namespace {

struct ErrorManager {
  jpeg_error_mgr base;  // first: libjpeg knows the whole by its address
  std::jmp_buf leave;
  char complaint[JMSG_LENGTH_MAX] = "";
};

[[noreturn]] void on_jpeg_error(j_common_ptr jpeg) {
  auto* manager = reinterpret_cast<ErrorManager*>(jpeg->err);
  jpeg->err->format_message(jpeg, manager->complaint);
  std::longjmp(manager->leave, 1);
}

void encode_rows(jpeg_compress_struct& jpeg, std::FILE* file, const GreyImage& image, int quality) {
  jpeg_create_compress(&jpeg);
  jpeg_stdio_dest(&jpeg, file);
  jpeg.image_width = static_cast<JDIMENSION>(image.width);
  jpeg.image_height = static_cast<JDIMENSION>(image.height);
  jpeg.input_components = 1;
  jpeg.in_color_space = JCS_GRAYSCALE;
  jpeg_set_defaults(&jpeg);
  jpeg_set_quality(&jpeg, quality, TRUE);
  jpeg_start_compress(&jpeg, TRUE);
  while (jpeg.next_scanline < jpeg.image_height) {
    const auto* row = image.pixels.data() + static_cast<std::size_t>(jpeg.next_scanline) * jpeg.image_width;
    auto* samples = reinterpret_cast<JSAMPROW>(const_cast<std::byte*>(row));  // libjpeg does not write to it
    jpeg_write_scanlines(&jpeg, &samples, 1);
  }
  jpeg_finish_compress(&jpeg);
}

// libjpeg leaves encode_rows() by longjmp: neither function owns anything.
bool encode(jpeg_compress_struct& jpeg, ErrorManager& manager, std::FILE* file, const GreyImage& image, int quality) {
  if (setjmp(manager.leave) != 0) return false;
  encode_rows(jpeg, file, image, quality);
  return true;
}

}  // namespace

void write_jpeg(const std::filesystem::path& name, const GreyImage& image, int quality) {
  File file = create_file(name);
  ErrorManager manager;
  jpeg_compress_struct jpeg{};
  jpeg.err = jpeg_std_error(&manager.base);
  manager.base.error_exit = on_jpeg_error;
  const bool written = encode(jpeg, manager, file.get(), image, quality);
  jpeg_destroy_compress(&jpeg);
  if (!written) {
    throw catvox::Error(catvox::Errc::io, "cannot write " + name.string() + ": " + manager.complaint);
  }
  close_file(std::move(file), name);
}

}  // namespace tools
