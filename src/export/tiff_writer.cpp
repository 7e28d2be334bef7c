#include <algorithm>
#include <catvox/core/error.hpp>
#include <catvox/export/tiff.hpp>
#include <charconv>
#include <iterator>
#include <limits>
#include <utility>

#include "export/single_file_writer.hpp"
#include "export/tiff_pages.hpp"

namespace catvox {
namespace {

using namespace detail;

/// The shortest decimal that reads back to the same number, whatever the locale.
std::string shortest(double value) {
  char text[32];
  const auto end = std::to_chars(std::begin(text), std::end(text), value).ptr;
  return {text, end};
}

TiffPages pages_of(const ExportVolume& volume) {
  const ArrayPlace& place = volume.first().place;
  constexpr std::int64_t largest = std::numeric_limits<std::uint32_t>::max();
  if (std::max(place.shape[1], place.shape[2]) > largest) {
    throw Error(Errc::too_large, "a TIFF cannot have pages of " + std::to_string(place.shape[1]) + " x " +
                                     std::to_string(place.shape[2]) + " pixels, only up to 4294967295 a side");
  }
  const std::int64_t pages = checked_multiply(place.shape[0], volume.channels(), "pages of a TIFF");
  return {.pages = pages,
          .headers = pages,
          .height = place.shape[1],
          .width = place.shape[2],
          .dtype = volume.dtype(),
          .pixel_height = place.voxel_size[1],
          .pixel_width = place.voxel_size[2]};
}

std::unique_ptr<BlockWriter> writer(const ExportVolume& volume, std::filesystem::path file, const TiffPages& pages,
                                    std::string description) {
  return std::make_unique<SingleFileWriter>(
      volume, std::move(file),
      FileLayout{.header = tiff_header(pages), .channels_within_slices = true, .description = std::move(description)});
}

/// What ImageJ reads from the first page: ij/io/FileOpener.java, decodeDescription() and setCalibration().
std::string imagej_description(const ExportVolume& volume) {
  const ArrayPlace& place = volume.first().place;
  std::string text = "ImageJ=1.54f\nimages=" + std::to_string(place.shape[0] * volume.channels()) + "\n";
  if (volume.channels() > 1) text += "channels=" + std::to_string(volume.channels()) + "\n";
  text += "slices=" + std::to_string(place.shape[0]) + "\n";
  if (volume.channels() > 1) text += "hyperstack=true\nmode=grayscale\n";
  text += "unit=nm\nspacing=" + shortest(place.voxel_size[0]) + "\nloop=false\n";
  if (volume.dtype() == DType::uint8) text += "min=0.0\nmax=255.0\n";
  // ImageJ's world = (voxel - origin) * size: its origin is where the world's zero lies, in voxels.
  constexpr std::array<const char*, 3> names{"zorigin=", "yorigin=", "xorigin="};
  for (std::size_t axis = 3; axis-- > 0;) {
    text += names[axis] + shortest(0 - place.corner[axis] / place.voxel_size[axis]) + "\n";
  }
  return text;
}

std::string ome_type(DType dtype) {
  if (dtype == DType::float32) return "float";
  if (dtype == DType::float64) return "double";
  return std::string(name(dtype));
}

std::string ome_description(const ExportVolume& volume, const std::string& file) {
  const ArrayPlace& place = volume.first().place;
  const std::int64_t channels = volume.channels();
  const auto attribute = [](const std::string& key, const std::string& value) {
    return " " + key + "=\"" + value + "\"";
  };
  std::string text =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?><OME xmlns=\"http://www.openmicroscopy.org/Schemas/OME/2016-06\" "
      "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" "
      "xsi:schemaLocation=\"http://www.openmicroscopy.org/Schemas/OME/2016-06 "
      "http://www.openmicroscopy.org/Schemas/OME/2016-06/ome.xsd\"><Image ID=\"Image:0\" Name=\"" +
      file + "\"><StageLabel Name=\"corner of the first voxel\"";
  constexpr std::array<const char*, 3> axes{"Z", "Y", "X"};
  for (std::size_t axis = 3; axis-- > 0;) {
    text += attribute(axes[axis], shortest(place.corner[axis])) + attribute(std::string(axes[axis]) + "Unit", "nm");
  }
  text += "/><Pixels ID=\"Pixels:0\" DimensionOrder=\"XYCZT\" Type=\"" + ome_type(volume.dtype()) +
          "\" BigEndian=\"false\" SizeC=\"" + std::to_string(channels) + "\" SizeT=\"1\"";
  for (std::size_t axis = 3; axis-- > 0;) {
    const std::string name = axes[axis];
    text += attribute("Size" + name, std::to_string(place.shape[axis])) +
            attribute("PhysicalSize" + name, shortest(place.voxel_size[axis])) +
            attribute("PhysicalSize" + name + "Unit", "nm");
  }
  text += ">";
  for (std::int64_t c = 0; c < channels; ++c) {
    text += "<Channel ID=\"Channel:0:" + std::to_string(c) + "\" SamplesPerPixel=\"1\"/>";
  }
  return text + "<TiffData IFD=\"0\" PlaneCount=\"" + std::to_string(place.shape[0] * channels) +
         "\"/></Pixels></Image></OME>";
}

/// A file name as text of XML.
std::string xml(const std::string& text) {
  std::string safe;
  for (const char c : text) {
    const bool plain = c >= ' ' && c <= '~' && c != '<' && c != '>' && c != '&' && c != '"';
    safe += plain ? c : '_';
  }
  return safe;
}

}  // namespace

std::unique_ptr<BlockWriter> imagej_tiff_writer(const ExportVolume& volume, std::filesystem::path file) {
  const DType dtype = volume.dtype();
  if (item_size(dtype) > 4 || dtype == DType::int8) {
    throw Error(Errc::invalid_argument, "a TIFF for ImageJ cannot hold " + std::string(name(dtype)) +
                                            " voxels, only uint8, (u)int16, (u)int32 and float32");
  }
  TiffPages pages = pages_of(volume);
  const double pixels = static_cast<double>(pages.height) * static_cast<double>(pages.width);
  if (pixels >= 2147483648.0 || pixels * static_cast<double>(item_size(dtype)) >= 4294967296.0) {
    throw Error(Errc::too_large, "ImageJ cannot open pages of " + std::to_string(pages.height) + " x " +
                                     std::to_string(pages.width) + " pixels, only of less than 2^31 and 4 GiB");
  }
  pages.description = imagej_description(volume);
  if (exceeds_classic_tiff(pages)) pages.headers = 1;
  return writer(volume, std::move(file), pages, "tiff for ImageJ");
}

std::unique_ptr<BlockWriter> ome_tiff_writer(const ExportVolume& volume, std::filesystem::path file) {
  if (volume.dtype() == DType::int64 || volume.dtype() == DType::uint64) {
    throw Error(Errc::invalid_argument,
                "an OME-TIFF cannot hold " + std::string(name(volume.dtype())) + " voxels, only integers of 32 bits");
  }
  TiffPages pages = pages_of(volume);
  pages.description = ome_description(volume, xml(file.filename().string()));
  pages.big = exceeds_classic_tiff(pages);
  return writer(volume, std::move(file), pages, "ome-tiff");
}

}  // namespace catvox
