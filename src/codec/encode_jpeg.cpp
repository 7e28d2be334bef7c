#include "codec/encode_jpeg.hpp"

#include <csetjmp>
#include <cstdio>  // for jpeglib.h, which needs FILE
#include <cstdlib>
#include <string>

#include <jpeglib.h>

#include <catvox/core/error.hpp>

namespace catvox::detail {
namespace {

/// What an encoding needs, freed by its destructor: libjpeg leaves run() by longjmp, so nothing there may own anything.
struct Compressor {
  Compressor() { info.err = jpeg_std_error(&errors.base); }
  Compressor(const Compressor&) = delete;
  Compressor& operator=(const Compressor&) = delete;
  ~Compressor() {
    jpeg_destroy_compress(&info);
    std::free(memory);
  }

  struct Errors {
    jpeg_error_mgr base;  // first: libjpeg knows the whole by its address
    std::jmp_buf escape;
    char text[JMSG_LENGTH_MAX];
  };
  jpeg_compress_struct info{};
  Errors errors{};
  unsigned char* memory = nullptr;
  unsigned long bytes = 0;
};

extern "C" {
[[noreturn]] static void on_encode_error(j_common_ptr common) {
  auto* errors = reinterpret_cast<Compressor::Errors*>(common->err);
  common->err->format_message(common, errors->text);
  std::longjmp(errors->escape, 1);
}
}

void encode_rows(Compressor& compressor, const std::byte* pixels, const ImageSize& size, int quality) {
  jpeg_compress_struct& info = compressor.info;
  jpeg_create_compress(&info);
  jpeg_mem_dest(&info, &compressor.memory, &compressor.bytes);
  info.image_width = static_cast<JDIMENSION>(size.width);
  info.image_height = static_cast<JDIMENSION>(size.height);
  info.input_components = 1;
  info.in_color_space = JCS_GRAYSCALE;
  jpeg_set_defaults(&info);
  jpeg_set_quality(&info, quality, TRUE);
  jpeg_start_compress(&info, TRUE);
  while (info.next_scanline < info.image_height) {
    const std::byte* row = pixels + static_cast<std::int64_t>(info.next_scanline) * size.width;
    auto* samples = reinterpret_cast<JSAMPROW>(const_cast<std::byte*>(row));  // libjpeg does not write to it
    jpeg_write_scanlines(&info, &samples, 1);
  }
  jpeg_finish_compress(&info);
}

bool run(Compressor& compressor, const std::byte* pixels, const ImageSize& size, int quality) {
  compressor.errors.base.error_exit = on_encode_error;
  if (setjmp(compressor.errors.escape) != 0) return false;
  encode_rows(compressor, pixels, size, quality);
  return true;
}

}  // namespace

Buffer encode_jpeg(std::span<const std::byte> pixels, const ImageSize& size, int quality) {
  Compressor compressor;
  if (!run(compressor, pixels.data(), size, quality)) {
    throw Error(Errc::io, std::string("cannot encode a JPEG: ") + compressor.errors.text);
  }
  Buffer out;
  out.append(std::as_bytes(std::span(compressor.memory, compressor.bytes)));
  return out;
}

}  // namespace catvox::detail
