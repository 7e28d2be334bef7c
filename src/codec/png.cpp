// libpng. Its errors arrive by longjmp, which runs no destructor: the functions that call setjmp, and what runs below
// them, own nothing that needs one.

#include "codec/image_decoder.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <catvox/core/detail/checked.hpp>
#include <cstring>
#include <new>
#include <optional>
#include <string>

#include <png.h>

#include "core/scratch.hpp"

namespace catvox::detail {
namespace {

struct Reader {
  explicit Reader(std::span<const std::byte> encoded);
  ~Reader() { png_destroy_read_struct(&png, &info, nullptr); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  png_structp png = nullptr;
  png_infop info = nullptr;
  std::span<const std::byte> rest;
  std::array<char, 128> message{};
};

extern "C" {

[[noreturn]] static void on_error(png_structp png, png_const_charp message) {
  auto* reader = static_cast<Reader*>(png_get_error_ptr(png));
  std::strncpy(reader->message.data(), message, reader->message.size() - 1);
  png_longjmp(png, 1);
}

// What changes pixels is an error to libpng; warnings are about the rest of the file.
static void on_warning(png_structp, png_const_charp) {}

static void read_bytes(png_structp png, png_bytep out, std::size_t count) {
  auto* reader = static_cast<Reader*>(png_get_io_ptr(png));
  if (count > reader->rest.size()) png_error(png, "the file is cut short");
  std::memcpy(out, reader->rest.data(), count);
  reader->rest = reader->rest.subspan(count);
}

}  // extern "C"

Reader::Reader(std::span<const std::byte> encoded)
    : png(png_create_read_struct(PNG_LIBPNG_VER_STRING, this, on_error, on_warning)), rest(encoded) {
  if (png != nullptr) info = png_create_info_struct(png);
  if (info == nullptr) {
    png_destroy_read_struct(&png, nullptr, nullptr);
    throw std::bad_alloc();
  }
  png_set_read_fn(png, this, read_bytes);
}

/// What rows are made of once libpng has unpacked them to a byte per sample and dropped alpha.
enum class Samples { grey, rgb, palette, as_stored };

Samples samples(const Reader& reader) {
  const auto colour = png_get_color_type(reader.png, reader.info);
  if (colour == PNG_COLOR_TYPE_PALETTE) return Samples::palette;
  return (colour & PNG_COLOR_MASK_COLOR) != 0 ? Samples::rgb : Samples::grey;
}

bool has_transparency(const Reader& reader) { return png_get_valid(reader.png, reader.info, PNG_INFO_tRNS) != 0; }

/// Reads up to the first pixels and says how rows are to be unpacked.
bool read_header(Reader& reader, PixelFormat format) {
  if (setjmp(png_jmpbuf(reader.png)) != 0) return false;
  // Texts, profiles and gamma are skipped unread: nothing in them is inflated, kept or applied.
  png_set_keep_unknown_chunks(reader.png, PNG_HANDLE_CHUNK_NEVER, nullptr, -1);
  // libpng's own limit would only say "Invalid IHDR data"; rows get no memory before check_size() has spoken.
  png_set_user_limits(reader.png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
  png_read_info(reader.png, reader.info);
  png_set_packing(reader.png);
  if (samples(reader) == Samples::grey) png_set_expand_gray_1_2_4_to_8(reader.png);
  if (format != PixelFormat::grey8) {
    const bool palette = samples(reader) == Samples::palette;
    if (palette) png_set_palette_to_rgb(reader.png);  // with alpha, where it has transparency
    if (palette && format == PixelFormat::as_stored) png_set_strip_alpha(reader.png);
    if (format == PixelFormat::with_alpha && has_transparency(reader)) png_set_tRNS_to_alpha(reader.png);
    if (std::endian::native == std::endian::little) png_set_swap(reader.png);
    return true;
  }
  png_set_scale_16(reader.png);
  png_set_strip_alpha(reader.png);
  return true;
}

/// The JPEG luma as Pillow computes its mode "L".
constexpr std::uint8_t luma(unsigned red, unsigned green, unsigned blue) noexcept {
  return static_cast<std::uint8_t>((red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16);
}

/// Grey values of the colours of a palette, and how many there are.
struct GreyPalette {
  std::array<std::uint8_t, 256> grey{};
  int size = 0;
};

GreyPalette grey_palette(const Reader& reader) {
  GreyPalette palette;
  png_colorp colours = nullptr;
  png_get_PLTE(reader.png, reader.info, &colours, &palette.size);
  std::transform(colours, colours + palette.size, palette.grey.begin(),
                 [](const png_color& colour) { return luma(colour.red, colour.green, colour.blue); });
  return palette;
}

void rgb_to_grey(const std::uint8_t* rgb, std::int64_t count, std::uint8_t* out) {
  for (std::int64_t i = 0; i < count; ++i) out[i] = luma(rgb[3 * i], rgb[3 * i + 1], rgb[3 * i + 2]);
}

void palette_to_grey(png_structp png, const GreyPalette& palette, const std::uint8_t* indices, std::int64_t count,
                     std::uint8_t* out) {
  for (std::int64_t i = 0; i < count; ++i) {
    if (indices[i] >= palette.size) png_error(png, "a pixel has a colour that is not in the palette");
    out[i] = palette.grey[indices[i]];
  }
}

/// Reads the rows of `part`, which is not empty, and leaves those below it unread.
///
/// \param scratch  nullptr to read straight into the request's rows, for grey that is not interlaced and as wide as
///                 `part`; else a row, or the whole image if it is interlaced, of unpacked samples
bool read_rows(Reader& reader, const PixelRequest& request, const ImageSize& part, std::uint8_t* scratch) {
  if (setjmp(png_jmpbuf(reader.png)) != 0) return false;
  const png_structp png = reader.png;
  const Samples kind = request.format != PixelFormat::grey8 ? Samples::as_stored : samples(reader);
  const GreyPalette palette = kind == Samples::palette ? grey_palette(reader) : GreyPalette{};
  const int passes = png_set_interlace_handling(png);
  png_read_update_info(png, reader.info);
  const auto height = static_cast<std::int64_t>(png_get_image_height(png, reader.info));
  const auto row_bytes = static_cast<std::int64_t>(png_get_rowbytes(png, reader.info));
  const std::int64_t pixel = row_bytes / static_cast<std::int64_t>(png_get_image_width(png, reader.info));
  const std::int64_t first = request.window.row;
  const std::int64_t column = request.window.column;

  for (int pass = 0; pass < passes; ++pass) {
    const bool last_pass = pass == passes - 1;
    const std::int64_t end = last_pass ? first + part.height : height;
    for (std::int64_t row = 0; row < end; ++row) {
      std::uint8_t* out = last_pass && row >= first ? request.row(row - first) : nullptr;
      std::uint8_t* line = scratch == nullptr ? out : passes == 1 ? scratch : scratch + row * row_bytes;
      png_read_row(png, line, nullptr);
      if (out == nullptr || line == out) continue;
      switch (kind) {
        case Samples::grey:
          std::copy_n(line + column, part.width, out);
          break;
        case Samples::rgb:
          rgb_to_grey(line + 3 * column, part.width, out);
          break;
        case Samples::palette:
          palette_to_grey(png, palette, line + column, part.width, out);
          break;
        case Samples::as_stored:
          std::copy_n(line + column * pixel, part.width * pixel, out);
          break;
      }
    }
  }
  return true;
}

[[noreturn]] void fail(const Reader& reader) {
  throw Error(Errc::corrupt_data, std::string("the PNG does not decode: ") + reader.message.data());
}

}  // namespace

namespace {

ImageKind kind_of(const Reader& reader, PixelFormat format) {
  const auto colour = png_get_color_type(reader.png, reader.info);
  const bool alpha =
      (colour & PNG_COLOR_MASK_ALPHA) != 0 || (format == PixelFormat::with_alpha && has_transparency(reader));
  return {{png_get_image_height(reader.png, reader.info), png_get_image_width(reader.png, reader.info)},
          ((colour & PNG_COLOR_MASK_COLOR) != 0 ? 3 : 1) + (alpha ? 1 : 0),
          png_get_bit_depth(reader.png, reader.info) == 16 ? 2 : 1};
}

}  // namespace

ImageKind png_kind(std::span<const std::byte> encoded, PixelFormat format) {
  Reader reader(encoded);
  if (!read_header(reader, format)) fail(reader);
  return kind_of(reader, format);
}

ImageSize decode_png(std::span<const std::byte> encoded, const PixelRequest& request) {
#ifdef CATVOX_WITH_GZIP
  if (request.format != PixelFormat::with_alpha) {
    if (const std::optional<ImageSize> part = decode_png_grey8(encoded, request)) return *part;
  }
#endif
  Reader reader(encoded);
  if (!read_header(reader, request.format)) fail(reader);
  const ImageKind stored = kind_of(reader, request.format);
  const ImageSize image = stored.size;
  check_size(image, request.cell);
  const ImageSize part = part_in_image(request.window, image);
  if (part.height == 0 || part.width == 0) return part;

  const bool as_stored = request.format != PixelFormat::grey8;
  const Samples kind = samples(reader);
  const bool interlaced = png_get_interlace_type(reader.png, reader.info) != PNG_INTERLACE_NONE;
  Scratch scratch;
  if ((kind != Samples::grey && !as_stored) || interlaced || part.width != image.width) {
    const std::int64_t pixel = as_stored ? stored.channels * stored.sample_bytes : kind == Samples::rgb ? 3 : 1;
    const std::int64_t row_bytes = checked_multiply(image.width, pixel, "bytes per row");
    const std::int64_t bytes = checked_multiply(row_bytes, interlaced ? image.height : 1, "bytes of image");
    if (bytes > most_image_memory) {
      throw Error(Errc::too_large, "the PNG of " + std::to_string(image.width) + " x " + std::to_string(image.height) +
                                       " pixels needs " + std::to_string(bytes >> 20) +
                                       " MiB to decode, because it is interlaced; at most " +
                                       std::to_string(most_image_memory >> 20) + " MiB are allowed");
    }
    scratch.buffer().resize(static_cast<std::size_t>(bytes));
  }
  if (!read_rows(reader, request, part, reinterpret_cast<std::uint8_t*>(scratch.data()))) fail(reader);
  return part;
}

}  // namespace catvox::detail
