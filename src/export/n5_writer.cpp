#include <bit>
#include <catvox/core/error.hpp>
#include <catvox/export/n5.hpp>
#include <cmath>
#include <utility>
#include "format/n5/n5_block.hpp"

#include "export/chunked_writer.hpp"

namespace catvox {
namespace {

using namespace detail;

/// N5 counts the fastest axis first.
template <class Values>
Json reversed(const Values& values) {
  Json list = Json::array();
  for (std::size_t axis = 3; axis-- > 0;) list.push_back(values[axis]);
  return list;
}

Json compression_json(const Compressor& compressor) {
  Json json{{"type", name(compressor.compression)}};
  switch (compressor.compression) {
    case Compression::gzip:
      json["useZlib"] = false;
      [[fallthrough]];
    case Compression::zstd:
      json["level"] = compressor.level;
      break;
    case Compression::blosc:
      json.update({{"cname", compressor.blosc_codec}, {"clevel", compressor.level}, {"shuffle", 1}, {"blocksize", 0}});
      break;
    default:
      break;
  }
  return json;
}

class N5Writer final : public ChunkedWriter {
 public:
  N5Writer(const ExportVolume& volume, std::filesystem::path folder, const ChunkOptions& options)
      : ChunkedWriter(volume, std::move(folder)), block_(options.block_shape), compressor_(compressor_of(options)) {
    const std::int64_t bytes =
        checked_multiply(catvox::volume(block_), static_cast<std::int64_t>(item()), "an N5 block");
    if (bytes > n5_max_block_bytes) {
      throw Error(Errc::too_large, "an N5 block of " + std::to_string(bytes) + " bytes; readers take at most " +
                                       std::to_string(n5_max_block_bytes));
    }
  }

  [[nodiscard]] std::string settings() const override { return "n5 " + json_text(compression_json(compressor_)); }
  [[nodiscard]] Shape3 block_shape(std::size_t) const override { return block_; }
  [[nodiscard]] double expected_ratio() const noexcept override {
    return compressor_.compression == Compression::raw ? 1 : 0.5;
  }

 private:
  [[nodiscard]] Metadata metadata() const override {
    const ArrayPlace& first = volume().first().place;
    Json root{{"n5", "2.5.1"},
              {"axes", reversed(first.axes)},
              {"units", {"nm", "nm", "nm"}},
              {"resolution", reversed(first.voxel_size)},
              {"pixelResolution", {{"unit", "nm"}, {"dimensions", reversed(first.voxel_size)}}},
              {"downsamplingFactors", Json::array()}};
    Json datasets = Json::array();
    Metadata files;
    for (std::size_t i = 0; i < volume().levels().size(); ++i) {
      const ArrayPlace& place = volume().levels()[i].place;
      const std::string path = "s" + std::to_string(i);
      std::array<double, 3> factors{}, centre{};
      for (std::size_t axis = 0; axis < 3; ++axis) {
        factors[axis] = place.voxel_size[axis] / first.voxel_size[axis];
        centre[axis] = place.corner[axis] + place.voxel_size[axis] / 2;
      }
      const Json transform{
          {"axes", place.axes}, {"units", {"nm", "nm", "nm"}}, {"scale", place.voxel_size}, {"translate", centre}};
      Json dataset{{"dimensions", reversed(place.shape)},
                   {"blockSize", reversed(block_)},
                   {"dataType", name(volume().dtype())},
                   {"compression", compression_json(compressor_)},
                   {"axes", reversed(place.axes)},
                   {"units", {"nm", "nm", "nm"}},
                   {"resolution", reversed(place.voxel_size)},
                   {"pixelResolution", {{"unit", "nm"}, {"dimensions", reversed(place.voxel_size)}}},
                   {"downsamplingFactors", reversed(factors)},
                   {"corner", reversed(place.corner)}};
      if (has_channels()) {
        dataset["dimensions"].push_back(volume().channels());
        dataset["blockSize"].push_back(1);
        dataset["axes"].push_back("c");
        dataset["units"].push_back("");
      } else {
        dataset["transform"] = transform;
      }
      root["downsamplingFactors"].push_back(reversed(factors));
      datasets.push_back({{"path", path}, {"transform", transform}});
      files.emplace_back(path + "/attributes.json", std::move(dataset));
    }
    root["multiscales"] = Json::array({{{"name", ""}, {"datasets", datasets}}});
    files.emplace_back("attributes.json", std::move(root));
    return files;
  }

  [[nodiscard]] std::string chunk_name(const OutputBlock& block, std::int64_t channel) const override {
    std::string path = "s" + std::to_string(block.level);
    for (std::size_t axis = 3; axis-- > 0;) path += "/" + std::to_string(block.position[axis]);
    if (has_channels()) path += "/" + std::to_string(channel);
    return path;
  }

  [[nodiscard]] Buffer encode(const OutputBlock& block, const BlockVoxels& voxels,
                              std::int64_t channel) const override {
    const Shape3 shape = block.box.shape();
    Buffer payload = contiguous(voxels, channel, shape, shape, item());
    if constexpr (std::endian::native == std::endian::little) swap_items(writable(payload), item());
    std::vector<std::byte> header;
    const auto put = [&](std::uint32_t value, int bytes) {
      for (int i = bytes; i-- > 0;) header.push_back(static_cast<std::byte>(value >> (8 * i) & 0xff));
    };
    put(0, 2);  // voxels, in blocks cut off where the volume ends
    put(has_channels() ? 4 : 3, 2);
    for (std::size_t axis = 3; axis-- > 0;) put(static_cast<std::uint32_t>(shape[axis]), 4);
    if (has_channels()) put(1, 4);
    Buffer out;
    out.append(header);
    out.append(compress(compressor_, payload.bytes(), item()).bytes());
    return out;
  }

  void decode(const OutputBlock& block, std::span<const std::byte> encoded, const BlockVoxels& voxels,
              std::int64_t channel) const override {
    const Shape3& shape = volume().levels()[block.level].place.shape;
    N5Attributes attributes{.dimensions = {shape[2], shape[1], shape[0]},
                            .block_size = {block_[2], block_[1], block_[0]},
                            .dtype = volume().dtype(),
                            .compression = compressor_.compression};
    if (has_channels()) {
      attributes.dimensions.push_back(volume().channels());
      attributes.block_size.push_back(1);
    }
    decode_n5_block(attributes, {2, 1, 0}, encoded, {{0, 0, 0}, block.box.shape()},
                    {voxels.data + channel * voxels.channel_stride, voxels.strides});
  }

  Shape3 block_;
  Compressor compressor_;
};

}  // namespace

std::unique_ptr<BlockWriter> n5_writer(const ExportVolume& volume, std::filesystem::path folder,
                                       const ChunkOptions& options) {
  return std::make_unique<N5Writer>(volume, std::move(folder), options);
}

}  // namespace catvox
