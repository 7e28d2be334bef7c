#include "export/chunked_writer.hpp"

#include <algorithm>
#include <catvox/core/error.hpp>
#include <cstring>
#include <utility>

#include "core/endian.hpp"

namespace catvox::detail {
namespace {

std::byte* row(const BlockVoxels& voxels, std::int64_t channel, std::int64_t z, std::int64_t y) {
  return voxels.data + channel * voxels.channel_stride + z * voxels.strides[0] + y * voxels.strides[1];
}

template <class U>
void swap_all(std::span<std::byte> items) {
  for (std::size_t at = 0; at + sizeof(U) <= items.size(); at += sizeof(U)) {
    U value;
    std::memcpy(&value, items.data() + at, sizeof(U));
    value = swap_bytes(value);
    std::memcpy(items.data() + at, &value, sizeof(U));
  }
}

}  // namespace

Compressor compressor_of(const ChunkOptions& options) {
  for (const std::int64_t side : options.block_shape) {
    if (side < 1) throw Error(Errc::invalid_argument, "export: the sides of a block must be > 0");
  }
  Compressor compressor;
  compressor.compression = compression_from_name(options.compression);
  const int usual = compressor.compression == Compression::zstd ? 3 : 5;
  compressor.level = options.compression_level == 0 ? usual : options.compression_level;
  compressor.blosc_codec = options.blosc_codec;
  check_compressor(compressor);
  return compressor;
}

Buffer contiguous(const BlockVoxels& voxels, std::int64_t channel, const Shape3& shape, const Shape3& padded,
                  std::size_t item) {
  Buffer out;
  out.resize(static_cast<std::size_t>(catvox::volume(padded)) * item);
  if (shape != padded) std::memset(out.data(), 0, out.size());
  for (std::int64_t z = 0; z < shape[0]; ++z) {
    for (std::int64_t y = 0; y < shape[1]; ++y) {
      std::memcpy(out.data() + static_cast<std::size_t>((z * padded[1] + y) * padded[2]) * item,
                  row(voxels, channel, z, y), static_cast<std::size_t>(shape[2]) * item);
    }
  }
  return out;
}

void spread(std::span<const std::byte> contiguous, const Shape3& padded, const BlockVoxels& voxels,
            std::int64_t channel, const Shape3& shape, std::size_t item) {
  for (std::int64_t z = 0; z < shape[0]; ++z) {
    for (std::int64_t y = 0; y < shape[1]; ++y) {
      std::memcpy(row(voxels, channel, z, y),
                  contiguous.data() + static_cast<std::size_t>((z * padded[1] + y) * padded[2]) * item,
                  static_cast<std::size_t>(shape[2]) * item);
    }
  }
}

void zero(const BlockVoxels& voxels, std::int64_t channel, const Shape3& shape, std::size_t item) {
  for (std::int64_t z = 0; z < shape[0]; ++z) {
    for (std::int64_t y = 0; y < shape[1]; ++y) {
      std::memset(row(voxels, channel, z, y), 0, static_cast<std::size_t>(shape[2]) * item);
    }
  }
}

void swap_items(std::span<std::byte> items, std::size_t item) {
  if (item == 2) swap_all<std::uint16_t>(items);
  if (item == 4) swap_all<std::uint32_t>(items);
  if (item == 8) swap_all<std::uint64_t>(items);
}

ChunkedWriter::ChunkedWriter(ExportVolume volume, std::filesystem::path folder)
    : volume_(std::move(volume)), folder_(std::move(folder)), files_(folder_ / ".catvox" / "unfinished") {}

void ChunkedWriter::create(bool) {
  for (const auto& [name, content] : metadata()) files_.write(folder_ / name, json_text(content) + "\n");
}

std::int64_t ChunkedWriter::write(const OutputBlock& block, const BlockVoxels& voxels) {
  std::int64_t bytes = 0;
  for (std::int64_t channel = 0; channel < volume_.channels(); ++channel) {
    const Buffer encoded = encode(block, voxels, channel);
    files_.write(folder_ / chunk_name(block, channel), encoded.bytes());
    bytes += static_cast<std::int64_t>(encoded.size());
  }
  return bytes;
}

bool ChunkedWriter::read(const OutputBlock& block, const BlockVoxels& voxels) {
  bool there = false;
  std::string encoded;
  for (std::int64_t channel = 0; channel < volume_.channels(); ++channel) {
    if (read_whole_file(folder_ / chunk_name(block, channel), encoded)) {
      decode(block, std::as_bytes(std::span(encoded)), voxels, channel);
      there = true;
    } else {
      zero(voxels, channel, block.box.shape(), item());
    }
  }
  return there;
}

}  // namespace catvox::detail
