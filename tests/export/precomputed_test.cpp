// Precomputed volumes, read back by catvox's own reader of type 14, whose tests are against tensorstore's and
// cloud-volume's files.
#include <catvox/catmaid/stack.hpp>
#include <catvox/core/error.hpp>
#include <catvox/export/precomputed.hpp>
#include <catvox/export/run_export.hpp>
#include <catvox/http/url.hpp>
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>

#include "export/made_level.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/file_bytes.hpp"
#include "support/temp_dir.hpp"

using namespace catvox;
using catvox::test::error_of;
using catvox::test::level_of;
using catvox::test::MadeLevel;
using catvox::test::TempDir;
using catvox::test::view_of;
using Json = nlohmann::json;

namespace {

Stack stack_of(const std::filesystem::path& folder) {
  StackInfo info;
  info.dimension = {100, 70, 20};
  info.downsample_factors = {{1, 1, 1}, {2, 2, 1}};
  info.num_zoom_levels = 1;
  info.mirrors.push_back({1, "ng", file_url(folder.string()) + "/%SCALE_DATASET%/0_1_2", 64, 64, 14, "", 0});
  return Stack(info, {.allow_file = true});
}

/// The largest difference to MadeLevel's voxels.
template <class T>
double largest_difference(const Stack& stack) {
  const xt::xtensor<T, 3> voxels = stack.scale<T>(0);
  double largest = 0;
  for (std::int64_t z = 0; z < 20; ++z) {
    for (std::int64_t y = 0; y < 70; ++y) {
      for (std::int64_t x = 0; x < 100; ++x) {
        const double difference = static_cast<double>(voxels(z, y, x)) - MadeLevel::voxel(0, z, y, x);
        largest = std::max(largest, std::abs(difference));
      }
    }
  }
  return largest;
}

}  // namespace

TEST_CASE("catvox reads the precomputed volume that it wrote", "[export][precomputed]") {
  const auto [type, encoding, sharded] = GENERATE(table<DType, std::string, bool>({
      {DType::uint8, "raw", false},
      {DType::uint8, "raw", true},
      {DType::uint16, "raw", true},
      {DType::float32, "raw", false},
      {DType::uint32, "compressed_segmentation", false},
      {DType::uint64, "compressed_segmentation", true},
      {DType::uint8, "jpeg", false},
      {DType::uint8, "jpeg", true},
  }));
  CAPTURE(name(type), encoding, sharded);
  const TempDir folder;
  ExportVolume volume(view_of(level_of(type)));
  volume.make_levels(1, Downsampling::mode);
  const auto writer =
      precomputed_writer(volume, folder.path() / "out",
                         {.chunk_shape = {8, 32, 16}, .encoding = encoding, .jpeg_quality = 100, .sharded = sharded});
  const ExportReport report = run_export(volume, *writer);
  CHECK(report.complete());
  CHECK(report.blocks == (sharded ? 2 : 3 * 3 * 7 + 3 * 2 * 4));
  // A JPEG of noise is off by a few grey values even at quality 100.
  visit_dtype(type, [&]<class T>(std::type_identity<T>) {
    CHECK(largest_difference<T>(stack_of(folder.path() / "out")) <= (encoding == "jpeg" ? 4 : 0));
    if (encoding == "jpeg") return;
    const T seen = stack_of(folder.path() / "out").scale<T>(1).at(19, 34, 49);
    std::array<std::uint8_t, 4> cell{};
    for (int i = 0; i < 4; ++i) cell[static_cast<std::size_t>(i)] = MadeLevel::voxel(0, 19, 68 + i / 2, 98 + i % 2);
    std::ranges::sort(cell);
    CHECK(seen == static_cast<T>(cell[0] == cell[1]   ? cell[0]
                                 : cell[1] == cell[2] ? cell[1]
                                 : cell[2] == cell[3] ? cell[2]
                                                      : cell[0]));
  });
}

TEST_CASE("info says what a precomputed volume is", "[export][precomputed]") {
  const TempDir folder;
  ExportVolume volume(view_of(level_of(DType::uint64)));
  const auto writer = precomputed_writer(
      volume, folder.path() / "out",
      {.chunk_shape = {8, 32, 16}, .encoding = "compressed_segmentation", .segmentation = true, .sharded = true});
  run_export(volume, *writer);
  // 7 x 3 x 3 chunks: 3 + 2 + 2 bits, all in one shard.
  CHECK(Json::parse(file_bytes(folder.path() / "out/info")) ==
        Json{{"@type", "neuroglancer_multiscale_volume"},
             {"type", "segmentation"},
             {"data_type", "uint64"},
             {"num_channels", 1},
             {"scales",
              {{{"key", "4_5_40"},
                {"size", {100, 70, 20}},
                {"voxel_offset", {250, 400, 75}},
                {"resolution", {4.0, 5.0, 40.0}},
                {"chunk_sizes", {{16, 32, 8}}},
                {"encoding", "compressed_segmentation"},
                {"compressed_segmentation_block_size", {8, 8, 8}},
                {"sharding",
                 {{"@type", "neuroglancer_uint64_sharded_v1"},
                  {"hash", "identity"},
                  {"preshift_bits", 6},
                  {"minishard_bits", 1},
                  {"shard_bits", 0},
                  {"minishard_index_encoding", "raw"},
                  {"data_encoding", "gzip"}}}}}}});
  CHECK(std::filesystem::exists(folder.path() / "out/4_5_40/0.shard"));
}

TEST_CASE("what a precomputed volume cannot hold is an error before anything is written", "[export][precomputed]") {
  const TempDir folder;
  const auto out = folder.path() / "out";
  const auto message = [&](const std::shared_ptr<MadeLevel>& level, const PrecomputedOptions& options) {
    return std::string(error_of([&] { precomputed_writer(view_of(level), out, options); }).what());
  };
  CHECK(message(level_of(DType::float64), {}) == "precomputed volumes cannot hold float64 voxels");
  CHECK(message(level_of(DType::uint16), {.encoding = "jpeg"}) ==
        "jpeg chunks are for uint8 with 1 channel, not for uint16 with 1");
  CHECK(message(level_of(DType::uint8), {.encoding = "png"}) ==
        "precomputed chunks are written raw, jpeg or compressed_segmentation, not in \"png\"");
  const auto between = level_of(DType::uint8);
  between->place =
      LevelGeometry({.resolution = {4, 5, 40}, .translation = {1001, 2000, 3000}}, {1, 1, 1}, {20, 70, 100});
  CHECK(message(between, {}) ==
        "precomputed volumes begin at a whole voxel: x begins at 1001 nm, which is 250.25 voxels of 4 nm; the nearest "
        "can be "
        "taken (round_origin)");
  CHECK_FALSE(std::filesystem::exists(out));
  CHECK_NOTHROW(precomputed_writer(view_of(between), out, {.round_origin = true}));
}
