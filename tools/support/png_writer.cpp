#include <png.h>

#include <algorithm>
#include <bit>
#include <catvox/core/detail/checked.hpp>
#include <catvox/core/error.hpp>
#include <cmath>
#include <csetjmp>
#include <cstring>
#include <memory>
#include <string>

#include "support/output_files.hpp"
#include "support/png_writer.hpp"

namespace tools {
namespace fs = std::filesystem;
using catvox::DType;
using catvox::Errc;
using catvox::Error;

namespace {

constexpr std::int64_t max_side = 0x7fffffff;

/// What libpng said last.
struct Complaint {
  char text[160] = "";
};

[[noreturn]] void on_png_error(png_structp png, png_const_charp message) {
  auto& complaint = *static_cast<Complaint*>(png_get_error_ptr(png));
  std::strncpy(complaint.text, message, sizeof complaint.text - 1);
  png_longjmp(png, 1);
}

void on_png_warning(png_structp, png_const_charp) {}

struct PngWriter {
  Complaint complaint;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &complaint, on_png_error, on_png_warning);
  png_infop info = png == nullptr ? nullptr : png_create_info_struct(png);

  PngWriter() = default;
  PngWriter(const PngWriter&) = delete;
  PngWriter& operator=(const PngWriter&) = delete;
  ~PngWriter() { png_destroy_write_struct(&png, &info); }
};

void encode_rows(png_structp png, png_infop info, std::FILE* file, const GreyImage& image) {
  const int depth = image.dtype == DType::uint16 ? 16 : 8;
  const auto row_bytes = static_cast<std::size_t>(image.width) * catvox::item_size(image.dtype);
  png_init_io(png, file);
  png_set_user_limits(png, max_side, max_side);  // libpng's own default is a million
  png_set_IHDR(png, info, static_cast<png_uint_32>(image.width), static_cast<png_uint_32>(image.height), depth,
               PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_set_compression_level(png, 4);  // noise hardly shrinks further, and 6 takes twice the time
  png_write_info(png, info);
  if (depth == 16 && std::endian::native == std::endian::little) png_set_swap(png);
  for (std::int64_t row = 0; row < image.height; ++row) {
    png_write_row(png,
                  reinterpret_cast<png_const_bytep>(image.pixels.data()) + static_cast<std::size_t>(row) * row_bytes);
  }
  png_write_end(png, info);
}

// libpng leaves encode_rows() by longjmp: neither function owns anything.
bool encode(png_structp png, png_infop info, std::FILE* file, const GreyImage& image) {
  if (setjmp(png_jmpbuf(png)) != 0) return false;
  encode_rows(png, info, file, image);
  return true;
}

}  // namespace

void check_png_dtype(DType dtype) {
  if (dtype == DType::uint8 || dtype == DType::uint16) return;
  throw Error(Errc::invalid_argument, "a PNG cannot hold " + std::string(catvox::name(dtype)) +
                                          " voxels, only uint8 and uint16: write a .npy or .tif instead");
}

void write_png(const fs::path& name, const GreyImage& image) {
  check_png_dtype(image.dtype);
  if (image.height > max_side || image.width > max_side) {
    throw Error(Errc::too_large, "a PNG cannot have " + std::to_string(image.height) + " x " +
                                     std::to_string(image.width) + " pixels, only up to 2147483647 a side");
  }
  File file = create_file(name);
  PngWriter writer;
  if (writer.info == nullptr) throw std::bad_alloc();
  if (!encode(writer.png, writer.info, file.get(), image)) {
    throw Error(Errc::io, "cannot write " + name.string() + ": " + writer.complaint.text);
  }
  close_file(std::move(file), name);
}

namespace {
constexpr std::size_t least_digits = 4;

std::size_t digits_for(std::int64_t slices) {
  return std::max(least_digits, std::to_string(std::max<std::int64_t>(slices - 1, 0)).size());
}

fs::path slice_name(const fs::path& name, std::int64_t z, std::size_t digits) {
  std::string number = std::to_string(z);
  if (number.size() < digits) number.insert(0, digits - number.size(), '0');
  return name.parent_path() / (name.stem().string() + "_" + number + name.extension().string());
}
}  // namespace

std::vector<fs::path> png_slice_names(const fs::path& name, std::int64_t slices) {
  std::vector<fs::path> names;
  for (std::int64_t z = 0; z < slices; ++z) names.push_back(slice_name(name, z, digits_for(slices)));
  return names;
}

std::vector<fs::path> remove_later_png_slices(const fs::path& name, std::int64_t slices) {
  std::vector<fs::path> removed;
  // A row with another number of digits is of another crop as a whole.
  for (std::size_t digits = least_digits; digits < least_digits + 6; ++digits) {
    for (std::int64_t z = digits == digits_for(slices) ? slices : 0;; ++z) {
      const fs::path file = slice_name(name, z, digits);
      std::error_code error;
      if (!fs::remove(file, error) && !error) break;
      if (error) throw Error(Errc::io, "cannot remove " + file.string() + ": " + error.message());
      removed.push_back(file);
    }
  }
  return removed;
}

void write_png_slices(std::span<const fs::path> names, const Volume& volume) {
  for (std::int64_t z = 0; z < volume.shape[0]; ++z) {
    write_png(names[static_cast<std::size_t>(z)], {volume.shape[1], volume.shape[2], volume.dtype, volume.slice(z)});
  }
}

void write_png_montage(const fs::path& name, const Volume& volume) {
  check_png_dtype(volume.dtype);
  constexpr std::int64_t line = 2;  // pixels between slices
  const auto [slices, height, width] = volume.shape;
  const double square =
      std::sqrt(static_cast<double>(slices) * static_cast<double>(height) / static_cast<double>(width));
  const std::int64_t columns = std::clamp<std::int64_t>(std::llround(square), 1, slices);
  const std::int64_t rows = catvox::detail::ceil_div(slices, columns);

  GreyImage image{rows * (height + line) - line, columns * (width + line) - line, volume.dtype, {}};
  const auto item = static_cast<std::int64_t>(catvox::item_size(volume.dtype));
  const std::int64_t row_bytes = image.width * item;
  std::vector<std::byte> pixels(
      static_cast<std::size_t>(catvox::detail::checked_multiply(image.height, row_bytes, "bytes of a montage")),
      std::byte{0xff});
  for (std::int64_t z = 0; z < slices; ++z) {
    const std::byte* from = volume.slice(z).data();
    std::byte* to = pixels.data() + z / columns * (height + line) * row_bytes + z % columns * (width + line) * item;
    for (std::int64_t y = 0; y < height; ++y, from += width * item, to += row_bytes)
      std::copy_n(from, width * item, to);
  }
  image.pixels = pixels;
  write_png(name, image);
}

}  // namespace tools
