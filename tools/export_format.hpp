#pragma once

#include <catvox/export/block_writer.hpp>
#include <catvox/export/export_volume.hpp>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace tools {

/// What `catvox export` may be told of the files.
struct FormatOptions {
  std::filesystem::path output;
  std::string title;                ///< of the stack
  std::vector<std::int64_t> block;  ///< x y z, or empty
  std::string compression = "gzip";
  int compression_level = 0;
  std::string encoding = "raw";
  int jpeg_quality = 85;
  bool segmentation = false;
  bool sharded = false;
  bool round_origin = false;
  std::string images = "jpeg";
  std::map<std::int64_t, std::int64_t> broken_slices;  ///< of what is exported, where its first axis are slices
};

/// A file format that `catvox export` writes.
struct ExportFormat {
  std::string name;    ///< as --format takes it
  std::string ending;  ///< of a file name that means it; may be empty
  std::string help;    ///< a line
  std::function<std::unique_ptr<catvox::BlockWriter>(const catvox::ExportVolume&, const FormatOptions&)> open;
};

/// Every one.
std::span<const ExportFormat> export_formats();

/// "{n5,ome-zarr,…}"
std::string format_names();

/// By --format, or else by the ending of the name.
/// \throws Error{invalid_argument} if neither says
const ExportFormat& find_format(const std::string& format, const std::filesystem::path& output);

}  // namespace tools
