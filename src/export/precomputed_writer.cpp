#include <algorithm>
#include <bit>
#include <catvox/core/detail/checked.hpp>
#include <catvox/core/error.hpp>
#include <catvox/core/text.hpp>
#include <catvox/export/precomputed.hpp>
#include <cmath>
#include <optional>
#include <utility>

#include "codec/compress.hpp"
#include "codec/compression.hpp"
#include "codec/encode_jpeg.hpp"
#include "codec/encode_segmentation.hpp"
#include "core/endian.hpp"
#include "export/block_plan.hpp"
#include "export/chunked_writer.hpp"
#include "export/shard_file.hpp"
#include "format/precomputed/info.hpp"
#include "format/precomputed/morton.hpp"
#include "format/precomputed/precomputed_chunk.hpp"

namespace catvox {
namespace {

using namespace detail;

constexpr Shape3 segmentation_block{8, 8, 8};
constexpr std::int64_t most_shard_bytes = std::int64_t{32} << 20;

ChunkEncoding encoding_of(const std::string& encoding) {
  for (const ChunkEncoding known : {ChunkEncoding::raw, ChunkEncoding::jpeg, ChunkEncoding::compressed_segmentation}) {
    if (name(known) == encoding) return known;
  }
  throw Error(Errc::invalid_argument,
              "precomputed chunks are written raw, jpeg or compressed_segmentation, not in " + in_quotes(encoding, 60));
}

/// One level, in the format's words.
struct Scale {
  std::string key;
  VolumeVector offset{};  // xyz, voxels of the scale
  VolumeVector size{};
  VolumeVector grid{};
  std::optional<ShardGrid> shards;
};

/// Several chunks of one scale are one block where they are one shard.
class PrecomputedWriter final : public BlockWriter {
 public:
  PrecomputedWriter(ExportVolume volume, std::filesystem::path folder, const PrecomputedOptions& options)
      : volume_(std::move(volume)),
        folder_(std::move(folder)),
        files_(state_folder() / "unfinished"),
        options_(options),
        encoding_(encoding_of(options.encoding)) {
    const DType dtype = volume_.dtype();
    if (dtype == DType::int64 || dtype == DType::float64) {
      throw Error(Errc::invalid_argument, "precomputed volumes cannot hold " + std::string(name(dtype)) + " voxels");
    }
    const auto channels = static_cast<int>(volume_.channels());
    const bool grey = dtype == DType::uint8 && channels == 1;
    if (encoding_ == ChunkEncoding::jpeg && !grey) {
      throw Error(Errc::invalid_argument, "jpeg chunks are for uint8 with 1 channel, not for " +
                                              std::string(name(dtype)) + " with " + std::to_string(channels));
    }
    if (const auto expected = contradiction(encoding_, dtype, channels); !expected.empty()) {
      throw Error(Errc::invalid_argument, options.encoding + " chunks are for " + std::string(expected) + ", not for " +
                                              std::string(name(dtype)) + " with " + std::to_string(channels));
    }
    for (const std::int64_t side : options_.chunk_shape) {
      if (side < 1) throw Error(Errc::invalid_argument, "export: the sides of a block must be > 0");
    }
    const auto item = static_cast<std::int64_t>(item_size(dtype));
    chunk_bytes_ = checked_multiply(catvox::volume(options_.chunk_shape), item * channels, "a chunk");
    if (chunk_bytes_ > max_chunk_bytes) {
      throw Error(Errc::too_large, "a chunk of " + std::to_string(chunk_bytes_) + " bytes; readers take at most " +
                                       std::to_string(max_chunk_bytes));
    }
    const auto& [depth, height, width] = options_.chunk_shape;
    if (encoding_ == ChunkEncoding::jpeg && std::max(width, depth * height) > max_jpeg_side) {
      throw Error(Errc::too_large, "a chunk of so many rows is too high for a JPEG: choose smaller ones");
    }
    if (encoding_ == ChunkEncoding::jpeg && (options.jpeg_quality < 1 || options.jpeg_quality > 100)) {
      throw Error(Errc::invalid_argument,
                  "a JPEG has the qualities 1 to 100, got " + std::to_string(options.jpeg_quality));
    }
    if (options.sharded && gzips()) check_compressor(gzip_);
    for (const auto& level : volume_.levels()) scales_.push_back(scale_of(level.place));
  }

  [[nodiscard]] const std::filesystem::path& target() const noexcept override { return folder_; }
  [[nodiscard]] std::filesystem::path state_folder() const override { return folder_ / ".catvox"; }
  [[nodiscard]] std::string settings() const override { return "precomputed " + json_text(info()); }
  [[nodiscard]] Shape3 block_shape(std::size_t level) const override {
    Shape3 shape = options_.chunk_shape;
    if (const auto& shards = scales_[level].shards) {
      for (std::size_t axis = 0; axis < 3; ++axis) shape[axis] *= shards->chunks[2 - axis];
    }
    return shape;
  }
  [[nodiscard]] double expected_ratio() const noexcept override {
    return encoding_ == ChunkEncoding::raw ? 1 : encoding_ == ChunkEncoding::jpeg ? 0.3 : 0.1;
  }

  void create(bool) override { files_.write(folder_ / "info", json_text(info()) + "\n"); }
  void finish() override {}

  std::int64_t write(const OutputBlock& block, const BlockVoxels& voxels) override {
    const Scale& scale = scales_[block.level];
    Buffer content;
    if (scale.shards) {
      std::map<std::uint64_t, Buffer> chunks;
      for_each_chunk(block, [&](std::uint64_t number, const Box& box) {
        const Buffer encoded = encode(box, at(block, voxels, box));
        chunks.emplace(number, gzips() ? compress(gzip_, encoded.bytes(), 1) : copy(encoded));
      });
      content = encode_shard(scale.shards->sharding, chunks);
    } else {
      content = encode(block.box, voxels);
    }
    files_.write(file_name(block), content.bytes());
    return static_cast<std::int64_t>(content.size());
  }

  bool write_absent(const OutputBlock&) override { return true; }

  bool read(const OutputBlock& block, const BlockVoxels& voxels) override {
    const Scale& scale = scales_[block.level];
    std::string content;
    if (!read_whole_file(file_name(block), content)) {
      for (std::int64_t channel = 0; channel < volume_.channels(); ++channel) {
        zero(voxels, channel, block.box.shape(), item_size(volume_.dtype()));
      }
      return false;
    }
    const auto bytes = std::as_bytes(std::span(content));
    if (!scale.shards) {
      decode(bytes, block.box, voxels);
      return true;
    }
    for_each_chunk(block, [&](std::uint64_t number, const Box& box) {
      const auto encoded = find_in_shard(scale.shards->sharding, bytes, number);
      if (gzips()) {
        const Buffer plain = gunzip(encoded);
        decode(plain.bytes(), box, at(block, voxels, box));
      } else {
        decode(encoded, box, at(block, voxels, box));
      }
    });
    return true;
  }

 private:
  [[nodiscard]] Scale scale_of(const ArrayPlace& place) const {
    constexpr std::array<std::string_view, 3> order{"z", "y", "x"};
    Scale scale;
    for (std::size_t d = 0; d < 3; ++d) {
      const std::size_t axis = 2 - d;
      if (place.axes[axis] != order[axis]) {
        throw Error(Errc::invalid_argument, "precomputed volumes have the axes of the world, (z, y, x), got (" +
                                                place.axes[0] + ", " + place.axes[1] + ", " + place.axes[2] + ")");
      }
      const double offset = place.corner[axis] / place.voxel_size[axis];
      const double whole = std::round(offset);
      constexpr double far = 9007199254740992.0;  // 2^53
      if (std::abs(whole) > far || (!options_.round_origin && std::abs(offset - whole) > 1e-6)) {
        throw Error(Errc::invalid_argument,
                    "precomputed volumes begin at a whole voxel: " + place.axes[axis] + " begins at " +
                        number_text(place.corner[axis]) + " nm, which is " + number_text(offset) + " voxels of " +
                        number_text(place.voxel_size[axis]) + " nm; the nearest can be taken (round_origin)");
      }
      scale.offset[d] = static_cast<std::int64_t>(whole);
      scale.size[d] = place.shape[axis];
      scale.grid[d] = ceil_div(place.shape[axis], options_.chunk_shape[axis]);
      scale.key += (d > 0 ? "_" : "") + number_text(place.voxel_size[axis]);
    }
    if (options_.sharded) scale.shards = plan_shards(scale.grid, chunk_bytes_, most_shard_bytes);
    return scale;
  }

  /// "4", not "4.0"
  static std::string number_text(double number) {
    std::string text = json_text(Json(number));
    if (text.ends_with(".0")) text.resize(text.size() - 2);
    return text;
  }

  /// Whether chunks in shards are compressed: JPEGs are.
  [[nodiscard]] bool gzips() const noexcept { return encoding_ != ChunkEncoding::jpeg; }

  static Buffer copy(const Buffer& buffer) {
    Buffer result;
    result.append(buffer.bytes());
    return result;
  }

  /// What compress() made; its last four bytes are its size.
  static Buffer gunzip(std::span<const std::byte> encoded) {
    if (encoded.size() < 4) throw Error(Errc::corrupt_data, "a shard lacks a chunk");
    Buffer plain;
    plain.resize(load_le<std::uint32_t>(encoded.data() + encoded.size() - 4));
    decompress(Compression::gzip, encoded, writable(plain));
    return plain;
  }

  [[nodiscard]] Json info() const {
    Json scales = Json::array();
    for (std::size_t i = 0; i < scales_.size(); ++i) {
      const Scale& scale = scales_[i];
      const ArrayPlace& place = volume_.levels()[i].place;
      const Shape3& chunk = options_.chunk_shape;
      Json json{{"key", scale.key},
                {"size", scale.size},
                {"voxel_offset", scale.offset},
                {"resolution", {place.voxel_size[2], place.voxel_size[1], place.voxel_size[0]}},
                {"chunk_sizes", {{chunk[2], chunk[1], chunk[0]}}},
                {"encoding", name(encoding_)}};
      if (encoding_ == ChunkEncoding::jpeg) json["jpeg_quality"] = options_.jpeg_quality;
      if (encoding_ == ChunkEncoding::compressed_segmentation) {
        json["compressed_segmentation_block_size"] = segmentation_block;
      }
      if (scale.shards) {
        json["sharding"] = {{"@type", "neuroglancer_uint64_sharded_v1"},
                            {"hash", "identity"},
                            {"preshift_bits", scale.shards->sharding.preshift_bits},
                            {"minishard_bits", scale.shards->sharding.minishard_bits},
                            {"shard_bits", scale.shards->sharding.shard_bits},
                            {"minishard_index_encoding", "raw"},
                            {"data_encoding", gzips() ? "gzip" : "raw"}};
      }
      scales.push_back(std::move(json));
    }
    return {{"@type", "neuroglancer_multiscale_volume"},
            {"type", options_.segmentation ? "segmentation" : "image"},
            {"data_type", name(volume_.dtype())},
            {"num_channels", volume_.channels()},
            {"scales", scales}};
  }

  [[nodiscard]] std::filesystem::path file_name(const OutputBlock& block) const {
    const Scale& scale = scales_[block.level];
    std::string file;
    if (scale.shards) {
      VolumeVector first{};
      for (std::size_t d = 0; d < 3; ++d) first[d] = block.box.min[2 - d] / options_.chunk_shape[2 - d];
      const ShardingSpec& sharding = scale.shards->sharding;
      const int below = sharding.preshift_bits + sharding.minishard_bits;
      file = shard_name(sharding, below < 64 ? *morton_code(scale.grid, first) >> below : 0);
    } else {
      for (std::size_t d = 0; d < 3; ++d) {
        file += (d > 0 ? "_" : "") + std::to_string(scale.offset[d] + block.box.min[2 - d]) + "-" +
                std::to_string(scale.offset[d] + block.box.max[2 - d]);
      }
    }
    return folder_ / scale.key / file;
  }

  /// Calls f with the number and the voxels of each chunk of a shard.
  template <class F>
  void for_each_chunk(const OutputBlock& block, F&& f) const {
    const Scale& scale = scales_[block.level];
    const Shape3& shape = volume_.levels()[block.level].place.shape;
    Box chunks;
    for (std::size_t axis = 0; axis < 3; ++axis) {
      chunks.min[axis] = block.box.min[axis] / options_.chunk_shape[axis];
      chunks.max[axis] = ceil_div(block.box.max[axis], options_.chunk_shape[axis]);
    }
    for_each_index(chunks, [&](const Index3& chunk) {
      Box box;
      for (std::size_t axis = 0; axis < 3; ++axis) {
        box.min[axis] = chunk[axis] * options_.chunk_shape[axis];
        box.max[axis] = std::min(box.min[axis] + options_.chunk_shape[axis], shape[axis]);
      }
      f(*morton_code(scale.grid, {chunk[2], chunk[1], chunk[0]}), box);
    });
  }

  static BlockVoxels at(const OutputBlock& block, BlockVoxels voxels, const Box& box) {
    for (std::size_t axis = 0; axis < 3; ++axis) {
      voxels.data += (box.min[axis] - block.box.min[axis]) * voxels.strides[axis];
    }
    return voxels;
  }

  [[nodiscard]] Buffer encode(const Box& box, const BlockVoxels& voxels) const {
    const std::size_t item = item_size(volume_.dtype());
    const Shape3 shape = box.shape();
    Buffer all;
    for (std::int64_t channel = 0; channel < volume_.channels(); ++channel) {
      all.append(contiguous(voxels, channel, shape, shape, item).bytes());
    }
    switch (encoding_) {
      case ChunkEncoding::jpeg:
        return encode_jpeg(all.bytes(), {shape[0] * shape[1], shape[2]}, options_.jpeg_quality);
      case ChunkEncoding::compressed_segmentation:
        return encode_compressed_segmentation(all.bytes(),
                                              {item, static_cast<int>(volume_.channels()), shape, segmentation_block});
      default:
        if constexpr (std::endian::native == std::endian::big) swap_items(writable(all), item);
        return all;
    }
  }

  void decode(std::span<const std::byte> encoded, const Box& box, const BlockVoxels& voxels) const {
    const PrecomputedChunk chunk{volume_.dtype(), static_cast<int>(volume_.channels()), encoding_, box.shape(),
                                 segmentation_block};
    decode_precomputed_chunk(chunk, {{0, 1, chunk.channels}, voxels.channel_stride}, encoded, {{0, 0, 0}, box.shape()},
                             {voxels.data, voxels.strides}, 2);
  }

  ExportVolume volume_;
  std::filesystem::path folder_;
  WholeFiles files_;
  PrecomputedOptions options_;
  ChunkEncoding encoding_;
  std::int64_t chunk_bytes_ = 0;
  std::vector<Scale> scales_;
  Compressor gzip_{};
};

}  // namespace

std::unique_ptr<BlockWriter> precomputed_writer(const ExportVolume& volume, std::filesystem::path folder,
                                                const PrecomputedOptions& options) {
  return std::make_unique<PrecomputedWriter>(volume, std::move(folder), options);
}

}  // namespace catvox
