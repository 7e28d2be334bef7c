#pragma once

#include <catvox/core/export.hpp>
#include <catvox/export/block_writer.hpp>
#include <catvox/export/chunk_options.hpp>
#include <catvox/export/export_volume.hpp>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace catvox {

/// What a CATMAID instance in a folder says of itself, and how its images lie.
struct CatmaidFolderOptions {
  std::string title = "export";                          ///< of the project and of its one stack
  std::vector<std::string> channel_titles{};             ///< of the stacks, where there are several channels
  std::string images = "jpeg";                           ///< "jpeg" (tiles, uint8) or "n5" (blocks, every type)
  std::int64_t tile_side = 512;                          ///< of tiles
  int jpeg_quality = 90;                                 ///< 1 to 100
  ChunkOptions blocks{};                                 ///< of N5
  std::map<std::int64_t, std::int64_t> broken_slices{};  ///< of the exported level: slice -> the server's value
  std::string comment{};                                 ///< of the stacks
};

/// A CATMAID instance in a folder, project 1: `CatmaidClient({.server = "file:///…"})` opens it, and over a web server
/// its answers are those of CATMAID. A stack for each channel, stack 1 and on, in one stack group; each with one mirror:
/// tiles of tile source type 1 at tiles/STACK/, or N5 at n5/STACK/.
///
/// World coordinates, orientation and broken slices stay what they were. Tiles that the source has nothing of are absent.
/// \throws Error{invalid_argument} for axes that no orientation of CATMAID has, levels with corners of their own, voxels
///         that tiles cannot hold
CATVOX_EXPORT std::unique_ptr<BlockWriter> catmaid_folder_writer(const ExportVolume& volume,
                                                                 std::filesystem::path folder,
                                                                 const CatmaidFolderOptions& options = {});

}  // namespace catvox
