#include "support/volume_file.hpp"

#include <algorithm>
#include <catvox/core/error.hpp>
#include <cctype>
#include <string>

#include "support/npy_writer.hpp"
#include "support/png_writer.hpp"
#include "support/tiff_writer.hpp"

namespace tools {
namespace fs = std::filesystem;

FileFormat file_format(const fs::path& name, bool montage) {
  std::string extension = name.extension().string();
  std::ranges::transform(extension, extension.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (extension == ".png") return montage ? FileFormat::png_montage : FileFormat::png_slices;
  if (montage) throw catvox::Error(catvox::Errc::invalid_argument, "a montage can only be written as .png");
  if (extension == ".npy") return FileFormat::npy;
  if (extension == ".tif" || extension == ".tiff") return FileFormat::tiff;
  throw catvox::Error(catvox::Errc::invalid_argument, "cannot tell what to write to \"" + name.string() +
                                                          "\": its name must end in .npy, .png or .tif");
}

void check_dtype(FileFormat format, catvox::DType dtype) {
  switch (format) {
    case FileFormat::npy:
      return;
    case FileFormat::png_slices:
    case FileFormat::png_montage:
      return check_png_dtype(dtype);
    case FileFormat::tiff:
      return check_tiff_dtype(dtype);
  }
}

void check_channels(FileFormat format, std::int64_t channels) {
  if (channels == 1 || format == FileFormat::npy || format == FileFormat::tiff) return;
  throw catvox::Error(catvox::Errc::invalid_argument,
                      "a .png holds one channel: give one --channel, or write a .tif or .npy");
}

std::vector<fs::path> file_names(FileFormat format, const fs::path& name, std::int64_t slices) {
  if (format == FileFormat::png_slices) return png_slice_names(name, slices);
  return {name};
}

std::vector<fs::path> remove_later_slices(FileFormat format, const fs::path& name, std::int64_t slices) {
  if (format != FileFormat::png_slices) return {};
  return remove_later_png_slices(name, slices);
}

void write_volume(FileFormat format, std::span<const fs::path> names, const Volume& volume) {
  switch (format) {
    case FileFormat::npy:
      return write_npy(names.front(), volume);
    case FileFormat::png_slices:
      return write_png_slices(names, volume);
    case FileFormat::png_montage:
      return write_png_montage(names.front(), volume);
    case FileFormat::tiff:
      return write_tiff(names.front(), volume);
  }
}

}  // namespace tools
