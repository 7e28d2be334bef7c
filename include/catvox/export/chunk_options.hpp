#pragma once

#include <catvox/core/box.hpp>
#include <string>

namespace catvox {

/// How N5 and Zarr arrays are cut and compressed.
struct ChunkOptions {
  Shape3 block_shape{64, 64, 64};    ///< voxels of a block, slowest axis first, each > 0
  std::string compression = "gzip";  ///< "raw", "gzip", "zstd" or "blosc"
  int compression_level = 0;         ///< 1 to 9, of zstd 1 to 19; 0: 5, of zstd 3
  std::string blosc_codec =
      "zstd";  ///< inside of blosc: "blosclz", "lz4", "lz4hc", "zlib" or "zstd"; bytes are shuffled
};

}  // namespace catvox
