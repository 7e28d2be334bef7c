#include "support/tiff_writer.hpp"

#include <tiffio.h>

#include <algorithm>
#include <catvox/core/error.hpp>
#include <charconv>
#include <cmath>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <limits>
#include <memory>
#include <optional>
#include <utility>

#include "support/output_files.hpp"

namespace tools {
namespace fs = std::filesystem;
using catvox::DType;
using catvox::Errc;
using catvox::Error;

namespace {

/// The shortest decimal that reads back to the same number, whatever the locale.
std::string shortest(double value) {
  char text[32];
  const auto end = std::to_chars(std::begin(text), std::end(text), value).ptr;
  return {text, end};
}

/// Smallest and largest finite voxel; nullopt if there is none.
template <class T>
std::optional<std::pair<double, double>> range_of(std::span<const std::byte> voxels) {
  std::optional<std::pair<double, double>> range;
  for (std::size_t at = 0; at < voxels.size(); at += sizeof(T)) {
    T voxel;
    std::memcpy(&voxel, voxels.data() + at, sizeof(T));
    const auto value = static_cast<double>(voxel);
    if (!std::isfinite(value)) continue;
    if (!range) range = {value, value};
    range->first = std::min(range->first, value);
    range->second = std::max(range->second, value);
  }
  return range;
}

/// What ImageJ shows as black and as white.
std::optional<std::pair<double, double>> display_range(const Volume& volume) {
  if (volume.dtype == DType::uint8) return std::pair(0.0, 255.0);
  auto range =
      catvox::visit_dtype(volume.dtype, [&]<class T>(std::type_identity<T>) { return range_of<T>(volume.voxels); });
  if (range && volume.dtype == DType::int16) {  // ImageJ keeps int16 as uint16 with an offset, and its range likewise
    range->first += 32768;
    range->second += 32768;
  }
  return range;
}

struct CloseTiff {
  void operator()(TIFF* tiff) const noexcept { TIFFClose(tiff); }
};
using Tiff = std::unique_ptr<TIFF, CloseTiff>;

struct FreeOptions {
  void operator()(TIFFOpenOptions* options) const noexcept { TIFFOpenOptionsFree(options); }
};

/// What libtiff said last.
struct Complaint {
  char text[256] = "";
};

int on_tiff_error(TIFF*, void* user_data, const char*, const char* format, va_list arguments) {
  auto& complaint = *static_cast<Complaint*>(user_data);
  std::vsnprintf(complaint.text, sizeof complaint.text, format, arguments);
  return 1;  // handled: nothing goes to stderr
}

Tiff open_tiff(const fs::path& name, const char* mode, Complaint& complaint) {
  const std::unique_ptr<TIFFOpenOptions, FreeOptions> options(TIFFOpenOptionsAlloc());
  if (options == nullptr) throw std::bad_alloc();
  TIFFOpenOptionsSetErrorHandlerExtR(options.get(), on_tiff_error, &complaint);
  return Tiff(TIFFOpenExt(name.c_str(), mode, options.get()));
}

/// Writes the header of one page, with the place of its pixels still open.
bool write_header(TIFF* tiff, const Volume& volume, const std::string& description) {
  const std::string_view type = catvox::name(volume.dtype);
  const int format = type[0] == 'u' ? SAMPLEFORMAT_UINT : type[0] == 'i' ? SAMPLEFORMAT_INT : SAMPLEFORMAT_IEEEFP;
  const auto height = static_cast<std::uint32_t>(volume.shape[1]);
  return TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, static_cast<std::uint32_t>(volume.shape[2])) == 1 &&
         TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, height) == 1 &&
         TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, static_cast<int>(8 * catvox::item_size(volume.dtype))) == 1 &&
         TIFFSetField(tiff, TIFFTAG_SAMPLEFORMAT, format) == 1 && TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, 1) == 1 &&
         TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISBLACK) == 1 &&
         TIFFSetField(tiff, TIFFTAG_COMPRESSION, COMPRESSION_NONE) == 1 &&
         TIFFSetField(tiff, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG) == 1 &&
         TIFFSetField(tiff, TIFFTAG_ROWSPERSTRIP, height) == 1 &&
         TIFFSetField(tiff, TIFFTAG_XRESOLUTION, 1 / volume.voxel_size[2]) == 1 &&
         TIFFSetField(tiff, TIFFTAG_YRESOLUTION, 1 / volume.voxel_size[1]) == 1 &&
         TIFFSetField(tiff, TIFFTAG_RESOLUTIONUNIT, RESUNIT_NONE) == 1 &&
         (description.empty() || TIFFSetField(tiff, TIFFTAG_IMAGEDESCRIPTION, description.c_str()) == 1) &&
         TIFFDeferStrileArrayWriting(tiff) == 1 && TIFFWriteCheck(tiff, 0, "write_tiff") == 1 &&
         TIFFWriteDirectory(tiff) == 1;
}

/// First all headers, then all pixels: see write_tiff().
bool write_pages(TIFF* tiff, const Volume& volume) {
  const std::int64_t pages = volume.shape[0] * volume.channels;
  for (std::int64_t page = 0; page < pages; ++page) {
    if (!write_header(tiff, volume, page == 0 ? imagej_description(volume) : std::string())) return false;
  }
  for (std::int64_t page = 0; page < pages; ++page) {
    // TIFFSetDirectory(page) would walk the list of pages from its start each time.
    if ((page == 0 ? TIFFSetDirectory(tiff, 0) : TIFFReadDirectory(tiff)) != 1) return false;
    const auto slice = volume.slice(page / volume.channels, page % volume.channels);
    // libtiff takes void*, and swaps bytes in place only for files of the other byte order.
    auto* pixels = const_cast<std::byte*>(slice.data());
    if (TIFFWriteRawStrip(tiff, 0, pixels, static_cast<tmsize_t>(slice.size())) < 0) return false;
    if (TIFFForceStrileArrayWriting(tiff) != 1) return false;
  }
  return true;
}

}  // namespace

void check_tiff_dtype(DType dtype) {
  if (catvox::item_size(dtype) <= 4 && dtype != DType::int8) return;
  throw Error(Errc::invalid_argument, "a TIFF for ImageJ cannot hold " + std::string(catvox::name(dtype)) +
                                          " voxels, only uint8, (u)int16, (u)int32 and float32: write a .npy instead");
}

bool needs_big_tiff(const Volume& volume) {
  // A page's header takes 230 bytes, the description of the first one less than 300 more.
  const double pages = static_cast<double>(volume.shape[0]) * static_cast<double>(volume.channels);
  const double bytes = pages * (static_cast<double>(volume.slice_bytes()) + 256) + 4096;
  return bytes > static_cast<double>(std::numeric_limits<std::uint32_t>::max());
}

std::string imagej_description(const Volume& volume) {
  const std::string slices = std::to_string(volume.shape[0]);
  const std::string images = std::to_string(volume.shape[0] * volume.channels);
  const std::string channels =
      volume.channels > 1 ? "channels=" + std::to_string(volume.channels) + "\n" : std::string();
  std::string text = "ImageJ=1.53t\nimages=" + images + "\n" + channels + "slices=" + slices +
                     (volume.channels > 1 ? "\nhyperstack=true\nmode=composite" : "") +
                     "\nunit=nm\nspacing=" + shortest(volume.voxel_size[0]) + "\nloop=false\n";
  if (const auto range = display_range(volume)) {
    text += "min=" + shortest(range->first) + "\nmax=" + shortest(range->second) + "\n";
  }
  // ImageJ's world = (voxel - origin) * size: its origin is where the world's zero lies, in voxels.
  const auto zero = [&](std::size_t axis) { return shortest(0 - volume.origin[axis] / volume.voxel_size[axis]); };
  return text + "xorigin=" + zero(2) + "\nyorigin=" + zero(1) + "\nzorigin=" + zero(0) + "\n";
}

void write_tiff(const fs::path& name, const Volume& volume) {
  check_tiff_dtype(volume.dtype);
  if (std::max(volume.shape[1], volume.shape[2]) > std::numeric_limits<std::uint32_t>::max()) {
    throw Error(Errc::too_large, "a TIFF cannot have pages of " + std::to_string(volume.shape[1]) + " x " +
                                     std::to_string(volume.shape[2]) + " pixels, only up to 4294967295 a side");
  }
  Complaint complaint;
  const Tiff tiff = open_tiff(name, needs_big_tiff(volume) ? "w8" : "w", complaint);
  if (tiff == nullptr) throw_cannot_write(name);
  // TIFFClose() does not tell whether the last bytes were taken.
  if (!write_pages(tiff.get(), volume) || TIFFFlush(tiff.get()) != 1) {
    throw Error(Errc::io, "cannot write " + name.string() + ": " + complaint.text);
  }
}

}  // namespace tools
