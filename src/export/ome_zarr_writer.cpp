#include <bit>
#include <catvox/core/error.hpp>
#include <catvox/export/ome_zarr.hpp>
#include <utility>

#include "export/chunked_writer.hpp"

namespace catvox {
namespace {

using namespace detail;

Json compressor_json(const Compressor& compressor) {
  switch (compressor.compression) {
    case Compression::raw:
      return nullptr;
    case Compression::blosc:
      return {{"id", "blosc"},
              {"cname", compressor.blosc_codec},
              {"clevel", compressor.level},
              {"shuffle", 1},
              {"blocksize", 0}};
    default:
      return {{"id", name(compressor.compression)}, {"level", compressor.level}};
  }
}

/// NumPy's type string; chunks are little-endian.
std::string dtype_text(DType dtype) {
  const std::size_t size = item_size(dtype);
  return {size == 1 ? '|' : '<', name(dtype).front(), static_cast<char>('0' + size)};
}

class OmeZarrWriter final : public ChunkedWriter {
 public:
  OmeZarrWriter(const ExportVolume& volume, std::filesystem::path folder, const ChunkOptions& options,
                std::string title)
      : ChunkedWriter(volume, std::move(folder)),
        block_(options.block_shape),
        compressor_(compressor_of(options)),
        title_(std::move(title)) {
    constexpr std::int64_t largest = 0x7fffffff;  // of numcodecs' compressors
    const std::int64_t bytes =
        checked_multiply(catvox::volume(block_), static_cast<std::int64_t>(item()), "a Zarr chunk");
    if (bytes > largest) {
      throw Error(Errc::too_large, "a Zarr chunk of " + std::to_string(bytes) + " bytes; readers take at most " +
                                       std::to_string(largest));
    }
  }

  [[nodiscard]] std::string settings() const override {
    return "ome-zarr 0.4 " + json_text(compressor_json(compressor_)) + " " + title_;
  }
  [[nodiscard]] Shape3 block_shape(std::size_t) const override { return block_; }
  [[nodiscard]] double expected_ratio() const noexcept override {
    return compressor_.compression == Compression::raw ? 1 : 0.5;
  }

 private:
  /// With a channel first, where there are several.
  template <class Values>
  [[nodiscard]] Json with_channel(const Values& values, const Json& channel) const {
    Json list = Json::array();
    if (has_channels()) list.push_back(channel);
    for (const auto& value : values) list.push_back(value);
    return list;
  }

  [[nodiscard]] Metadata metadata() const override {
    Metadata files{{".zgroup", {{"zarr_format", 2}}}};
    Json axes = Json::array();
    if (has_channels()) axes.push_back({{"name", "c"}, {"type", "channel"}});
    for (const std::string& axis : volume().first().place.axes) {
      axes.push_back({{"name", axis}, {"type", "space"}, {"unit", "nanometer"}});
    }
    Json datasets = Json::array();
    for (std::size_t i = 0; i < volume().levels().size(); ++i) {
      const ArrayPlace& place = volume().levels()[i].place;
      std::array<double, 3> centre{};
      for (std::size_t axis = 0; axis < 3; ++axis) centre[axis] = place.corner[axis] + place.voxel_size[axis] / 2;
      const std::string path = std::to_string(i);
      datasets.push_back({{"path", path},
                          {"coordinateTransformations",
                           {{{"type", "scale"}, {"scale", with_channel(place.voxel_size, 1.0)}},
                            {{"type", "translation"}, {"translation", with_channel(centre, 0.0)}}}}});
      files.push_back({path + "/.zarray",
                       {{"zarr_format", 2},
                        {"shape", with_channel(place.shape, volume().channels())},
                        {"chunks", with_channel(block_, 1)},
                        {"dtype", dtype_text(volume().dtype())},
                        {"compressor", compressor_json(compressor_)},
                        {"fill_value", 0},
                        {"order", "C"},
                        {"filters", nullptr},
                        {"dimension_separator", "/"}}});
    }
    Json image{{"version", "0.4"}, {"name", title_}, {"axes", axes}, {"datasets", datasets}};
    const auto& levels = volume().levels();
    if (levels.back().channels.empty()) {
      image["type"] = levels.back().downsampling == Downsampling::average ? "mean" : "mode";
    }
    files.push_back({".zattrs", {{"multiscales", Json::array({image})}}});
    return files;
  }

  [[nodiscard]] std::string chunk_name(const OutputBlock& block, std::int64_t channel) const override {
    std::string path = std::to_string(block.level);
    if (has_channels()) path += "/" + std::to_string(channel);
    for (const std::int64_t position : block.position) path += "/" + std::to_string(position);
    return path;
  }

  [[nodiscard]] Buffer encode(const OutputBlock& block, const BlockVoxels& voxels,
                              std::int64_t channel) const override {
    Buffer payload = contiguous(voxels, channel, block.box.shape(), block_, item());
    if constexpr (std::endian::native == std::endian::big) swap_items(writable(payload), item());
    return compress(compressor_, payload.bytes(), item());
  }

  void decode(const OutputBlock& block, std::span<const std::byte> encoded, const BlockVoxels& voxels,
              std::int64_t channel) const override {
    Buffer payload;
    payload.resize(static_cast<std::size_t>(catvox::volume(block_)) * item());
    decompress(compressor_.compression, encoded, writable(payload));
    if constexpr (std::endian::native == std::endian::big) swap_items(writable(payload), item());
    spread(payload.bytes(), block_, voxels, channel, block.box.shape(), item());
  }

  Shape3 block_;
  Compressor compressor_;
  std::string title_;
};

}  // namespace

std::unique_ptr<BlockWriter> ome_zarr_writer(const ExportVolume& volume, std::filesystem::path folder,
                                             const ChunkOptions& options, const std::string& title) {
  return std::make_unique<OmeZarrWriter>(volume, std::move(folder), options, title);
}

}  // namespace catvox
