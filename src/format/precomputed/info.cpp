#include "format/precomputed/info.hpp"

#include <algorithm>
#include <catvox/core/error.hpp>
#include <catvox/core/text.hpp>
#include <span>

#include "bytes/json.hpp"
#include "format/sizes.hpp"

namespace catvox::detail {
namespace {

constexpr std::string_view document = "precomputed info";
constexpr std::int64_t max_size = std::int64_t{1} << 53;
constexpr std::int64_t max_channels = 65535;
constexpr std::size_t max_scales = 64;

constexpr std::array<std::string_view, 5> encoding_names{"raw", "jpeg", "png", "compressed_segmentation", "compresso"};

/// As Neuroglancer compares names of types and encodings.
std::string lower_case(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

[[noreturn]] void throw_invalid(const std::string& why) {
  throw Error(Errc::invalid_metadata, std::string(document) + ": " + why);
}

VolumeVector parse_vector(const JsonNode& node, std::int64_t min, std::int64_t max) {
  const auto items = node.items();
  if (items.size() != 3) node.complain("a list of three numbers");
  return {items[0].integer(min, max), items[1].integer(min, max), items[2].integer(min, max)};
}

DType parse_dtype(const JsonNode& object) {
  const std::string type = object.at("data_type").string();
  for (int i = 0; i <= static_cast<int>(DType::float64); ++i) {
    if (const auto dtype = static_cast<DType>(i); catvox::name(dtype) == lower_case(type)) return dtype;
  }
  throw Error(Errc::unsupported, std::string(document) + ": \"data_type\" " + in_quotes(type) + " is not read");
}

ShardingSpec parse_sharding(const JsonNode& node) {
  if (const auto type = node.find("@type"); type && type->string() != "neuroglancer_uint64_sharded_v1") {
    throw Error(Errc::unsupported,
                std::string(document) + ": sharding of type " + in_quotes(type->string()) + " is not read");
  }
  const auto bits = [&](const char* key) { return static_cast<int>(node.at(key).integer(0, 64)); };
  const auto encoding = [&](const char* key) {
    const auto found = node.find(key);
    const std::string text = found ? found->string() : "raw";
    if (text != "raw" && text != "gzip") found->complain("\"raw\" or \"gzip\"");
    return text == "gzip" ? ShardingSpec::Encoding::gzip : ShardingSpec::Encoding::raw;
  };
  const JsonNode hash = node.at("hash");
  if (hash.string() != "identity" && hash.string() != "murmurhash3_x86_128") {
    hash.complain("\"identity\" or \"murmurhash3_x86_128\"");
  }
  ShardingSpec spec{
      .preshift_bits = bits("preshift_bits"),
      .minishard_bits = bits("minishard_bits"),
      .shard_bits = bits("shard_bits"),
      .hash = hash.string() == "identity" ? ShardingSpec::Hash::identity : ShardingSpec::Hash::murmurhash3_x86_128,
      .minishard_index_encoding = encoding("minishard_index_encoding"),
      .data_encoding = encoding("data_encoding")};
  if (spec.minishard_bits + spec.shard_bits > 64) throw_invalid("\"minishard_bits\" and \"shard_bits\" exceed 64");
  return spec;
}

PrecomputedScale parse_scale(const JsonNode& node, const PrecomputedInfo& info) {
  PrecomputedScale scale;
  scale.key = node.at("key").string();
  scale.size = parse_vector(node.at("size"), 1, max_size);
  const auto chunk_sizes = node.at("chunk_sizes").items();
  if (chunk_sizes.empty()) node.at("chunk_sizes").complain("a list of at least one size");
  scale.chunk_size = parse_vector(chunk_sizes.front(), 1, max_size);
  // A volume smaller than its chunks has no chunk larger than itself.
  VolumeVector largest{};
  for (std::size_t i = 0; i < 3; ++i) largest[i] = std::min(scale.chunk_size[i], scale.size[i]);
  const auto voxel_bytes = static_cast<std::int64_t>(item_size(info.dtype)) * info.channels;
  if (!bounded_product(voxel_bytes, largest, max_chunk_bytes)) {
    throw Error(Errc::too_large, std::string(document) + ": chunks of " + sizes_text(largest) + " voxels of " +
                                     std::to_string(voxel_bytes) + " bytes are larger than the " +
                                     std::to_string(max_chunk_bytes) + " bytes that a chunk may have");
  }
  if (const auto offset = node.find("voxel_offset")) scale.voxel_offset = parse_vector(*offset, -max_size, max_size);
  const auto resolution = node.at("resolution").items();
  if (resolution.size() != 3) node.at("resolution").complain("a list of three numbers");
  for (std::size_t i = 0; i < 3; ++i) scale.resolution[i] = resolution[i].positive();
  scale.encoding_name = node.at("encoding").string();
  const auto found = std::ranges::find(encoding_names, lower_case(scale.encoding_name));
  if (found != encoding_names.end()) scale.encoding = static_cast<ChunkEncoding>(found - encoding_names.begin());
  if (scale.encoding == ChunkEncoding::compressed_segmentation) {
    constexpr std::int64_t largest_block = std::int64_t{1} << 20;
    scale.segmentation_block = parse_vector(node.at("compressed_segmentation_block_size"), 1, largest_block);
    if (!bounded_product(1, scale.segmentation_block, std::int64_t{1} << 30)) {
      throw_invalid("\"compressed_segmentation_block_size\" is too large");
    }
  }
  if (const auto sharding = node.find("sharding")) scale.sharding = parse_sharding(*sharding);
  return scale;
}

}  // namespace

std::string_view name(ChunkEncoding encoding) noexcept { return encoding_names[static_cast<std::size_t>(encoding)]; }

PrecomputedInfo parse_precomputed_info(std::string_view text) {
  const Json json = parse_json(text, document);
  const JsonNode node(json, document);
  if (const auto type = node.find("@type"); type && type->string() != "neuroglancer_multiscale_volume") {
    throw Error(Errc::unsupported, std::string(document) + ": " + in_quotes(type->string()) + " is no volume");
  }
  PrecomputedInfo info;
  info.dtype = parse_dtype(node);
  info.channels = static_cast<int>(node.at("num_channels").integer(1, max_channels));
  const auto scales = node.at("scales").items();
  if (scales.empty() || scales.size() > max_scales) {
    node.at("scales").complain("a list of 1 to " + std::to_string(max_scales) + " scales");
  }
  for (const JsonNode& scale : scales) info.scales.push_back(parse_scale(scale, info));
  return info;
}

}  // namespace catvox::detail
