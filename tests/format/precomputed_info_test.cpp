#include <catvox/core/error.hpp>
#include <string>

#include "format/precomputed/info.hpp"
#include "format/precomputed/morton.hpp"
#include "format/precomputed/precomputed_store.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"

using namespace catvox;
using namespace catvox::detail;
using catvox::test::error_of;

namespace {

/// An info of one scale, with a text in the place of another.
std::string info_with(const std::string& from = "", const std::string& to = "") {
  std::string text = R"({"type": "image", "data_type": "uint8", "num_channels": 1, "scales": [{"key": "k",
    "size": [80, 9, 6], "resolution": [4, 4.5, 40], "voxel_offset": [-40, 3, 12], "chunk_sizes": [[9, 9, 2], [1, 1, 1]],
    "encoding": "raw", "made_up": {}, "sharding": null}]})";
  if (!from.empty()) text.replace(text.find(from), from.size(), to);
  return text;
}

PrecomputedStore store_of(const std::string& info, int level = 0) {
  const PrecomputedInfo parsed = parse_precomputed_info(info);
  return PrecomputedStore({.dtype = parsed.dtype,
                           .channels = parsed.channels,
                           .scale = parsed.scales.at(0),
                           .axes = {2, 1, 0},
                           .folder = "https://h/v/k/",
                           .query = "?q",
                           .level = level});
}

}  // namespace

TEST_CASE("an info is read as Neuroglancer reads it", "[format]") {
  const PrecomputedInfo info = parse_precomputed_info(info_with());
  CHECK(info.dtype == DType::uint8);
  CHECK(info.channels == 1);
  REQUIRE(info.scales.size() == 1);
  const PrecomputedScale& scale = info.scales[0];
  CHECK(scale.key == "k");
  CHECK(scale.size == VolumeVector{80, 9, 6});
  CHECK(scale.chunk_size == VolumeVector{9, 9, 2});
  CHECK(scale.voxel_offset == VolumeVector{-40, 3, 12});
  CHECK(scale.resolution == std::array<double, 3>{4, 4.5, 40});
  CHECK(scale.encoding == ChunkEncoding::raw);
  CHECK_FALSE(scale.sharding.has_value());
  CHECK(parse_precomputed_info(info_with(R"("voxel_offset": [-40, 3, 12], )")).scales[0].voxel_offset ==
        VolumeVector{});
  CHECK(parse_precomputed_info(info_with("uint8", "UINT64")).dtype == DType::uint64);
  CHECK(parse_precomputed_info(info_with("\"raw\"", "\"JPEG\"")).scales[0].encoding == ChunkEncoding::jpeg);
  CHECK_FALSE(parse_precomputed_info(info_with("\"raw\"", "\"jxl\"")).scales[0].encoding.has_value());
}

TEST_CASE("sharding is read with raw as the default of both encodings", "[format]") {
  const auto info = parse_precomputed_info(info_with("\"sharding\": null", R"("sharding": {
      "@type": "neuroglancer_uint64_sharded_v1", "preshift_bits": 9, "hash": "identity", "minishard_bits": 6,
      "shard_bits": 8, "minishard_index_encoding": "gzip"})"));
  REQUIRE(info.scales[0].sharding.has_value());
  const ShardingSpec& spec = *info.scales[0].sharding;
  CHECK(spec.preshift_bits == 9);
  CHECK(spec.minishard_bits == 6);
  CHECK(spec.shard_bits == 8);
  CHECK(spec.hash == ShardingSpec::Hash::identity);
  CHECK(spec.minishard_index_encoding == ShardingSpec::Encoding::gzip);
  CHECK(spec.data_encoding == ShardingSpec::Encoding::raw);
}

TEST_CASE("an info that makes no sense is an error that says why", "[format]") {
  const std::string sharding = "\"sharding\": null";
  const auto [from, to, code, text] = GENERATE_COPY(table<std::string, std::string, Errc, std::string>({
      {"\"data_type\": \"uint8\", ", "", Errc::invalid_metadata, "precomputed info: missing key \"data_type\""},
      {"uint8", "float16", Errc::unsupported, "precomputed info: \"data_type\" \"float16\" is not read"},
      {"\"num_channels\": 1", "\"num_channels\": 0", Errc::invalid_metadata,
       "precomputed info: \"num_channels\" must be an integer from 1 to 65535, got 0"},
      {"[80, 9, 6]", "[80, 9]", Errc::invalid_metadata,
       "precomputed info: \"scales[0].size\" must be a list of three numbers, got [80,9]"},
      {"[80, 9, 6]", "[80, 0, 6]", Errc::invalid_metadata,
       "precomputed info: \"scales[0].size[1]\" must be an integer from 1 to 9007199254740992, got 0"},
      {"[80, 9, 6]", "[80, 1e300, 6]", Errc::invalid_metadata,
       "precomputed info: \"scales[0].size[1]\" must be an integer from 1 to 9007199254740992, got 1e+300"},
      {"[[9, 9, 2], [1, 1, 1]]", "[]", Errc::invalid_metadata,
       "precomputed info: \"scales[0].chunk_sizes\" must be a list of at least one size, got []"},
      {"4.5", "0", Errc::invalid_metadata, "precomputed info: \"scales[0].resolution[1]\" must be a number > 0, got 0"},
      {"-40", "-9007199254740993", Errc::invalid_metadata,
       "precomputed info: \"scales[0].voxel_offset[0]\" must be an integer from -9007199254740992 to 9007199254740992, "
       "got -9007199254740993"},
      {"{\"type\"", "{\"@type\": \"neuroglancer_annotations_v1\", \"type\"", Errc::unsupported,
       "precomputed info: \"neuroglancer_annotations_v1\" is no volume"},
      {sharding, R"("sharding": {"preshift_bits": 65, "hash": "identity", "minishard_bits": 0, "shard_bits": 0})",
       Errc::invalid_metadata,
       "precomputed info: \"scales[0].sharding.preshift_bits\" must be an integer from 0 to 64, got 65"},
      {sharding, R"("sharding": {"preshift_bits": 0, "hash": "identity", "minishard_bits": 40, "shard_bits": 40})",
       Errc::invalid_metadata, "precomputed info: \"minishard_bits\" and \"shard_bits\" exceed 64"},
      {sharding, R"("sharding": {"preshift_bits": 0, "hash": "md5", "minishard_bits": 0, "shard_bits": 0})",
       Errc::invalid_metadata,
       "precomputed info: \"scales[0].sharding.hash\" must be \"identity\" or \"murmurhash3_x86_128\", got \"md5\""},
  }));
  const std::string info = info_with(from, to);
  CAPTURE(info);
  const Error error = error_of([&] { parse_precomputed_info(info); });
  CHECK(error.code() == code);
  CHECK(error.what() == text);
}

TEST_CASE("a volume of 2^60 voxels costs nothing, a chunk of as many is refused", "[format]") {
  const std::string large = info_with("[80, 9, 6]", "[1048576, 1048576, 1048576]");
  const PrecomputedStore store = store_of(large);
  CHECK(store.shape() == Shape3{1048576, 1048576, 1048576});
  CHECK(store.request({524287, 116508, 116508}).key ==
        "https://h/v/k/1048532-1048536_1048575-1048579_1048586-1048588?q");
  std::string chunk = large;
  chunk.replace(chunk.find("[9, 9, 2]"), 9, "[1048576, 1048576, 1048576]");
  const Error error = error_of([&] { parse_precomputed_info(chunk); });
  CHECK(error.code() == Errc::too_large);
  CHECK(error.what() ==
        std::string("precomputed info: chunks of 1048576 x 1048576 x 1048576 voxels of 1 bytes are larger "
                    "than the 1073741824 bytes that a chunk may have"));
}

TEST_CASE("chunks are named by their voxels, clamped to the volume", "[format]") {
  const PrecomputedStore store = store_of(info_with(), 2);
  CHECK(store.chunk_shape() == Shape3{2, 9, 9});
  CHECK(store.request({0, 0, 0}).key == "https://h/v/k/-40--31_3-12_12-14?q");
  CHECK(store.request({2, 0, 8}).key == "https://h/v/k/32-40_3-12_16-18?q");
  CHECK(store.request({0, 0, 0}).max_bytes == 1048576 / 2 * 3 + 65536);
  CHECK(store.describe({2, 0, 8}) == "chunk 32-40_3-12_16-18 (level 2)");
}

TEST_CASE("an encoding that cannot hold the elements is refused", "[format]") {
  const auto [dtype, encoding, text] = GENERATE(table<std::string, std::string, std::string>({
      {"uint16", "jpeg", "encoding \"jpeg\" is for uint8 with 1 or 3 channels, not for uint16 with 1"},
      {"float32", "png", "encoding \"png\" is for uint8 and uint16 with 1 to 4 channels, not for float32 with 1"},
      {"int32", "compresso", "encoding \"compresso\" is for unsigned integers with 1 channel, not for int32 with 1"},
      {"uint8", "jxl", "encoding \"jxl\" is not read"},
  }));
  std::string info = info_with("uint8", dtype);
  info.replace(info.find("\"raw\""), 5, '"' + encoding + '"');
  const Error error = error_of([&] { store_of(info); });
  CHECK(error.code() == Errc::unsupported);
  CHECK(error.what() == text);
}

TEST_CASE("a chunk's number takes bits of x, y and z in turn, as long as the grid has them", "[format]") {
  // By hand: the grid 9 x 1 x 3 has 4 bits of x, none of y, 2 of z; the number is x3 x2 z1 x1 z0 x0.
  const VolumeVector grid{9, 1, 3};
  const auto [position, code] = GENERATE(table<VolumeVector, std::uint64_t>({
      {{0, 0, 0}, 0b000000},
      {{1, 0, 0}, 0b000001},
      {{0, 0, 1}, 0b000010},
      {{2, 0, 0}, 0b000100},
      {{0, 0, 2}, 0b001000},
      {{4, 0, 0}, 0b010000},
      {{8, 0, 0}, 0b100000},
      {{7, 0, 2}, 0b011101},
  }));
  CHECK(morton_code(grid, position) == code);
  constexpr std::int64_t large = std::int64_t{1} << 53;
  CHECK(morton_code({large, 1 << 11, 1}, {large - 1, 0, 0}).has_value());
  CHECK_FALSE(morton_code({large, 1 << 12, 1}, {0, 0, 0}).has_value());
}
