#include "export_format.hpp"

#include <catvox/core/error.hpp>
#include <catvox/export/catmaid_folder.hpp>
#include <catvox/export/n5.hpp>
#include <catvox/export/npy.hpp>
#include <catvox/export/ome_zarr.hpp>
#include <catvox/export/precomputed.hpp>
#include <catvox/export/tiff.hpp>

namespace tools {

namespace {

/// Arrays count zyx.
catvox::Shape3 block_shape(const FormatOptions& options, const catvox::Shape3& usual) {
  if (options.block.empty()) return usual;
  return {options.block[2], options.block[1], options.block[0]};
}

catvox::ChunkOptions chunk_options(const FormatOptions& options) {
  return {.block_shape = block_shape(options, {64, 64, 64}),
          .compression = options.compression,
          .compression_level = options.compression_level};
}

}  // namespace

std::span<const ExportFormat> export_formats() {
  static const std::vector<ExportFormat> formats{
      {"n5", ".n5", "N5 group with datasets s0, s1, ...: BigDataViewer, n5-viewer, CATMAID (folder)",
       [](const catvox::ExportVolume& volume, const FormatOptions& options) {
         return catvox::n5_writer(volume, options.output, chunk_options(options));
       }},
      {"ome-zarr", ".zarr", "OME-Zarr 0.4 image: napari, neuroglancer, Fiji, OMERO (folder)",
       [](const catvox::ExportVolume& volume, const FormatOptions& options) {
         return catvox::ome_zarr_writer(volume, options.output, chunk_options(options), options.title);
       }},
      {"npy", ".npy", "NumPy array; its place in the world is printed only (file)",
       [](const catvox::ExportVolume& volume, const FormatOptions& options) {
         return catvox::npy_writer(volume, options.output);
       }},
      {"tiff", ".tif", "TIFF stack for ImageJ, also beyond 4 GiB (file)",
       [](const catvox::ExportVolume& volume, const FormatOptions& options) {
         return catvox::imagej_tiff_writer(volume, options.output);
       }},
      {"ome-tiff", ".ome.tif", "OME-TIFF: Bio-Formats, OMERO, tifffile (file)",
       [](const catvox::ExportVolume& volume, const FormatOptions& options) {
         return catvox::ome_tiff_writer(volume, options.output);
       }},
      {"precomputed", "", "Neuroglancer precomputed volume: neuroglancer, cloud-volume, CATMAID (folder)",
       [](const catvox::ExportVolume& volume, const FormatOptions& options) {
         return catvox::precomputed_writer(volume, options.output,
                                           {.chunk_shape = block_shape(options, {64, 64, 64}),
                                            .encoding = options.encoding,
                                            .jpeg_quality = options.jpeg_quality,
                                            .segmentation = options.segmentation,
                                            .sharded = options.sharded,
                                            .round_origin = options.round_origin});
       }},
      {"catmaid", "", "CATMAID instance: catvox, CATMAID's viewer by a web server; --images jpeg or n5 (folder)",
       [](const catvox::ExportVolume& volume, const FormatOptions& options) {
         return catvox::catmaid_folder_writer(volume, options.output,
                                              {.title = options.title,
                                               .images = options.images,
                                               .tile_side = options.block.empty() ? 512 : options.block[0],
                                               .jpeg_quality = options.jpeg_quality,
                                               .blocks = chunk_options(options),
                                               .broken_slices = options.broken_slices});
       }},
  };
  return formats;
}

std::string format_names() {
  std::string names;
  for (const ExportFormat& format : export_formats()) names += (names.empty() ? "{" : ",") + format.name;
  return names + "}";
}

const ExportFormat& find_format(const std::string& format, const std::filesystem::path& output) {
  const ExportFormat* found = nullptr;
  const std::string name = output.filename().string();
  for (const ExportFormat& candidate : export_formats()) {
    if (format == candidate.name) return candidate;
    const bool ends = !candidate.ending.empty() && name.ends_with(candidate.ending);
    if (format.empty() && ends && (found == nullptr || candidate.ending.size() > found->ending.size())) {
      found = &candidate;  // .ome.tif rather than .tif
    }
  }
  if (found != nullptr) return *found;
  throw catvox::Error(catvox::Errc::invalid_argument,
                      "cannot tell what to write to \"" + name + "\": give --format " + format_names());
}

}  // namespace tools
