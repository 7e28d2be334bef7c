#include "n5_blocks.hpp"

#include <blosc.h>
#include <libdeflate.h>
#include <lz4.h>
#include <zstd.h>

#include <cstdint>
#include <span>

#include "demo_instance/em_texture.hpp"

namespace bench {

using catvox::Shape3;
using catvox::detail::Compression;

std::vector<Bytes> em_blocks(const Shape3& block, std::size_t count) {
  const auto [depth, height, width] = block;
  std::vector<Bytes> blocks(count);
  for (std::int64_t z = 0; z < depth; ++z) {
    const auto section = tools::em_section(z, height, width * static_cast<std::int64_t>(count));
    const auto pixels = std::as_bytes(std::span(section.pixels));
    for (std::int64_t row = 0; row < height; ++row) {
      for (std::size_t i = 0; i < count; ++i) {
        const auto at = static_cast<std::size_t>(row * section.width) + i * static_cast<std::size_t>(width);
        const auto from = pixels.subspan(at, static_cast<std::size_t>(width));
        blocks[i].insert(blocks[i].end(), from.begin(), from.end());
      }
    }
  }
  return blocks;
}

Bytes compress(Compression compression, const Bytes& from, std::size_t item) {
  Bytes to(2 * from.size() + 1024);
  auto* out = reinterpret_cast<char*>(to.data());
  const auto* in = reinterpret_cast<const char*>(from.data());
  std::size_t size = 0;
  switch (compression) {
    case Compression::gzip: {
      libdeflate_compressor* const compressor = libdeflate_alloc_compressor(6);
      size = libdeflate_gzip_compress(compressor, in, from.size(), out, to.size());
      libdeflate_free_compressor(compressor);
      break;
    }
    case Compression::lz4:
      size = static_cast<std::size_t>(
          LZ4_compress_default(in, out, static_cast<int>(from.size()), static_cast<int>(to.size())));
      break;
    case Compression::zstd:
      size = ZSTD_compress(out, to.size(), in, from.size(), 3);
      break;
    case Compression::blosc:
      size = static_cast<std::size_t>(
          blosc_compress_ctx(5, BLOSC_SHUFFLE, item, from.size(), in, out, to.size(), "lz4", 0, 1));
      break;
    default:
      return from;
  }
  to.resize(size);
  return to;
}

std::string block_file(const Shape3& block, const Bytes& payload) {
  std::string file("\0\0\0\3", 4);  // mode 0, three dimensions
  for (const std::int64_t extent : {block[2], block[1], block[0]}) {
    for (const int shift : {24, 16, 8, 0}) file += static_cast<char>(extent >> shift & 0xff);
  }
  return file.append(reinterpret_cast<const char*>(payload.data()), payload.size());
}

std::string n5_attributes(const Shape3& shape, const Shape3& block, catvox::DType dtype, Compression compression) {
  const auto list = [](const Shape3& zyx) {
    return '[' + std::to_string(zyx[2]) + ", " + std::to_string(zyx[1]) + ", " + std::to_string(zyx[0]) + ']';
  };
  return R"({"dimensions": )" + list(shape) + R"(, "blockSize": )" + list(block) + R"(, "dataType": ")" +
         std::string(name(dtype)) + R"(", "compression": {"type": ")" + std::string(name(compression)) + R"("}})";
}

}  // namespace bench
