// N5 and OME-Zarr, read back by zarr-python and, where catvox reads it, by catvox.
#include <catvox/catmaid/stack.hpp>
#include <catvox/core/error.hpp>
#include <catvox/export/n5.hpp>
#include <catvox/export/ome_zarr.hpp>
#include <catvox/export/run_export.hpp>
#include <catvox/http/url.hpp>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "export/made_level.hpp"
#include "export/read_back.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/file_bytes.hpp"
#include "support/temp_dir.hpp"

using namespace catvox;
using catvox::test::error_of;
using catvox::test::level_of;
using catvox::test::MadeLevel;
using catvox::test::read_back;
using catvox::test::TempDir;
using catvox::test::view_of;
using Json = nlohmann::json;

namespace {

/// Whether the array is MadeLevel's voxels of that level, all of them.
template <class T>
bool is_level(const test::NpyArray& array, int level, const std::vector<std::int64_t>& shape) {
  if (array.shape != shape) return false;
  std::size_t at = 0;
  const std::vector<T> values = array.values<T>();
  for (std::int64_t z = 0; z < shape[0]; ++z) {
    for (std::int64_t y = 0; y < shape[1]; ++y) {
      for (std::int64_t x = 0; x < shape[2]; ++x) {
        if (values[at++] != static_cast<T>(MadeLevel::voxel(level, z, y, x))) return false;
      }
    }
  }
  return true;
}

bool is_level_of(DType type, const test::NpyArray& array, const std::vector<std::int64_t>& shape) {
  return visit_dtype(type, [&]<class T>(std::type_identity<T>) { return is_level<T>(array, 0, shape); });
}

Json json_file(const std::filesystem::path& name) { return Json::parse(file_bytes(name)); }

}  // namespace

TEST_CASE("zarr-python reads every element type and compression that N5 is written in", "[export][n5]") {
  const auto [type, compression, codec] = GENERATE(table<DType, std::string, std::string>({
      {DType::uint8, "gzip", ""},
      {DType::uint16, "raw", ""},
      {DType::uint32, "blosc", "lz4"},
      {DType::uint64, "blosc", "zstd"},
      {DType::int8, "raw", ""},
      {DType::int16, "gzip", ""},
      {DType::int32, "blosc", "zlib"},
      {DType::int64, "raw", ""},
      {DType::float32, "gzip", ""},
      {DType::float64, "blosc", "blosclz"},
  }));
  CAPTURE(name(type), compression, codec);
  const TempDir folder;
  const ExportVolume volume(view_of(level_of(type)));
  const auto writer = n5_writer(volume, folder.path() / "out.n5",
                                {.block_shape = {7, 33, 64}, .compression = compression, .blosc_codec = codec});
  const ExportReport report = run_export(volume, *writer);
  CHECK(report.complete());
  CHECK(report.written == 3 * 3 * 2);
  // zarr-python shows N5's axes reversed: ours as they are.
  CHECK(is_level_of(type, read_back({"n5", (folder.path() / "out.n5").string(), "s0"}), {20, 70, 100}));
}

TEST_CASE("zarr-python reads every element type and compression that OME-Zarr is written in", "[export][zarr]") {
  const auto [type, compression, codec] = GENERATE(table<DType, std::string, std::string>({
      {DType::uint8, "gzip", ""},
      {DType::uint16, "zstd", ""},
      {DType::uint32, "blosc", "lz4"},
      {DType::uint64, "blosc", "zstd"},
      {DType::int8, "raw", ""},
      {DType::int16, "gzip", ""},
      {DType::int32, "zstd", ""},
      {DType::int64, "raw", ""},
      {DType::float32, "gzip", ""},
      {DType::float64, "blosc", "lz4hc"},
  }));
  CAPTURE(name(type), compression, codec);
  const TempDir folder;
  const ExportVolume volume(view_of(level_of(type)));
  const auto writer = ome_zarr_writer(volume, folder.path() / "out.zarr",
                                      {.block_shape = {7, 33, 64}, .compression = compression, .blosc_codec = codec});
  CHECK(run_export(volume, *writer).complete());
  CHECK(is_level_of(type, read_back({"zarr", (folder.path() / "out.zarr").string(), "0"}), {20, 70, 100}));
}

TEST_CASE("catvox reads the N5 that it wrote, as tile source type 11", "[export][n5]") {
  const auto compression = GENERATE("raw", "gzip", "zstd", "blosc");
  CAPTURE(compression);
  const TempDir folder;
  const ExportVolume volume(view_of(level_of(DType::uint16)));
  const auto writer =
      n5_writer(volume, folder.path() / "out.n5", {.block_shape = {8, 32, 48}, .compression = compression});
  run_export(volume, *writer);
  StackInfo info;
  info.dimension = {100, 70, 20};
  info.num_zoom_levels = 0;
  info.mirrors.push_back(
      {1, "n5", file_url((folder.path() / "out.n5").string()) + "/%SCALE_DATASET%/0_1_2", 48, 32, 11, "", 0});
  const xt::xtensor<std::uint16_t, 3> voxels = Stack(info, {.allow_file = true}).scale<std::uint16_t>(0);
  std::int64_t wrong = 0;
  for (std::int64_t z = 0; z < 20; ++z) {
    for (std::int64_t y = 0; y < 70; ++y) {
      for (std::int64_t x = 0; x < 100; ++x) wrong += voxels(z, y, x) != MadeLevel::voxel(0, z, y, x);
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("levels are copied from the source", "[export][zarr]") {
  const TempDir folder;
  const auto fine = level_of(DType::uint8), coarse = level_of(DType::uint8);
  coarse->number = 1;
  coarse->place = LevelGeometry({.resolution = {4, 5, 40}, .translation = {1000, 2000, 3000}}, {2, 2, 1}, {20, 35, 50});
  fine->coarser = coarse;
  ExportVolume volume(view_of(fine));
  volume.copy_levels(5);
  REQUIRE(volume.levels().size() == 2);
  const auto writer = ome_zarr_writer(volume, folder.path() / "out.zarr", {.block_shape = {16, 16, 16}}, "em");
  CHECK(run_export(volume, *writer).complete());
  CHECK(is_level<std::uint8_t>(read_back({"zarr", writer->target().string(), "1"}), 1, {20, 35, 50}));

  // Worked by hand: centres of the first voxels, (z, y, x).
  const Json scale = {{"type", "scale"}, {"scale", {40.0, 5.0, 4.0}}};
  const Json shift = {{"type", "translation"}, {"translation", {3020.0, 2002.5, 1002.0}}};
  const Json scale1 = {{"type", "scale"}, {"scale", {40.0, 10.0, 8.0}}};
  const Json shift1 = {{"type", "translation"}, {"translation", {3020.0, 2005.0, 1004.0}}};
  const Json axis = {{"type", "space"}, {"unit", "nanometer"}};
  Json axes = Json::array({axis, axis, axis});
  for (std::size_t i = 0; i < 3; ++i) axes[i]["name"] = std::string(1, "zyx"[i]);
  CHECK(json_file(folder.path() / "out.zarr/.zattrs") ==
        Json{{"multiscales",
              {{{"version", "0.4"},
                {"name", "em"},
                {"axes", axes},
                {"datasets",
                 {{{"path", "0"}, {"coordinateTransformations", {scale, shift}}},
                  {{"path", "1"}, {"coordinateTransformations", {scale1, shift1}}}}}}}}});
}

TEST_CASE("N5 attributes say where a view lies", "[export][n5]") {
  const TempDir folder;
  const auto level = level_of(DType::uint8);
  const std::array<Slice, 3> slices{Slice{.start = 2, .stop = 20, .step = 3}, Slice{.start = 10}, Slice{.start = 1}};
  const ExportVolume volume(ExportView(level, test::whole(*level).sliced(slices)));
  const auto writer = n5_writer(volume, folder.path() / "out.n5", {.block_shape = {4, 8, 16}, .compression = "raw"});
  run_export(volume, *writer);
  // z 3000 + 2 * 40, every third of 40; y 2000 + 10 * 5; x 1000 + 4
  CHECK(json_file(folder.path() / "out.n5/s0/attributes.json") ==
        Json{{"dimensions", {99, 60, 6}},
             {"blockSize", {16, 8, 4}},
             {"dataType", "uint8"},
             {"compression", {{"type", "raw"}}},
             {"axes", {"x", "y", "z"}},
             {"units", {"nm", "nm", "nm"}},
             {"resolution", {4.0, 5.0, 120.0}},
             {"pixelResolution", {{"unit", "nm"}, {"dimensions", {4.0, 5.0, 120.0}}}},
             {"downsamplingFactors", {1.0, 1.0, 1.0}},
             {"corner", {1004.0, 2050.0, 3080.0}},
             {"transform",
              {{"axes", {"z", "y", "x"}},
               {"units", {"nm", "nm", "nm"}},
               {"scale", {120.0, 5.0, 4.0}},
               {"translate", {3140.0, 2052.5, 1006.0}}}}});
  const auto array = read_back({"n5", writer->target().string(), "s0"});
  REQUIRE(array.shape == std::vector<std::int64_t>{6, 60, 99});
  CHECK(array.values<std::uint8_t>()[(4 * 60 + 7) * 99 + 5] == MadeLevel::voxel(0, 14, 17, 6));
}

TEST_CASE("coarser levels are averages or modes, as NumPy makes them", "[export][zarr]") {
  const auto [type, how, name] = GENERATE(table<DType, Downsampling, std::string>({
      {DType::uint8, Downsampling::average, "average"},
      {DType::uint16, Downsampling::average, "average"},
      {DType::int16, Downsampling::average, "average"},
      {DType::float64, Downsampling::average, "average"},
      {DType::uint64, Downsampling::mode, "mode"},
      {DType::uint8, Downsampling::mode, "mode"},
  }));
  const std::string format = GENERATE("n5", "zarr");
  CAPTURE(catvox::name(type), name, format);
  const TempDir folder;
  ExportVolume volume(view_of(level_of(type)));
  volume.make_levels(5, how);
  // 4 x 5 x 40 nm: y and x are halved until they are coarser than half of z.
  REQUIRE(volume.levels().size() == 6);
  CHECK(volume.levels()[1].factors == Shape3{1, 2, 2});
  CHECK(volume.levels()[3].place.voxel_size == std::array<double, 3>{40, 40, 32});
  CHECK(volume.levels()[4].factors == Shape3{2, 2, 2});
  CHECK(volume.levels()[5].place.shape == Shape3{5, 3, 4});
  const auto out = folder.path() / "out";
  const ChunkOptions options{.block_shape = {5, 16, 24}};
  const auto writer = format == "n5" ? n5_writer(volume, out, options) : ome_zarr_writer(volume, out, options);
  CHECK(run_export(volume, *writer).complete());
  std::vector<std::string> arguments{name, format, out.string()};
  for (std::size_t i = 1; i < 6; ++i) {
    const Shape3& f = volume.levels()[i].factors;
    arguments.push_back(std::to_string(f[0]) + "," + std::to_string(f[1]) + "," + std::to_string(f[2]));
  }
  CHECK(read_back(arguments).values<std::uint8_t>() == std::vector<std::uint8_t>{1, 1, 1, 1, 1});
}

TEST_CASE("channels become an axis", "[export]") {
  const TempDir folder;
  const auto red = level_of(DType::uint8), green = level_of(DType::uint8);
  green->number = 1;
  const ExportVolume volume(std::vector<ExportView>{view_of(red), view_of(green)});
  const std::string format = GENERATE("n5", "zarr");
  const ChunkOptions options{.block_shape = {16, 40, 40}};
  const auto out = folder.path() / "out";
  const auto writer = format == "n5" ? n5_writer(volume, out, options) : ome_zarr_writer(volume, out, options);
  CHECK(run_export(volume, *writer).complete());
  const test::NpyArray array = read_back({format, out.string(), format == "n5" ? "s0" : "0"});
  REQUIRE(array.shape == std::vector<std::int64_t>{2, 20, 70, 100});
  const auto values = array.values<std::uint8_t>();
  for (int c = 0; c < 2; ++c) CHECK(values[((c * 20 + 13) * 70 + 69) * 100 + 99] == MadeLevel::voxel(c, 13, 69, 99));
}

TEST_CASE("the axes of an XZ stack are brought into the world's order", "[export]") {
  const TempDir folder;
  const auto level = level_of(DType::uint8);
  level->place =
      LevelGeometry({.resolution = {4, 5, 40}, .translation = {1000, 2000, 3000}, .orientation = Orientation::xz},
                    {1, 1, 1}, {20, 70, 100});
  const ExportView view = view_of(level).in_world_order();
  CHECK(view.place() == ArrayPlace{{70, 20, 100}, {"z", "y", "x"}, {5, 40, 4}, {3000, 2000, 1000}});
  const ExportVolume volume(view);
  const auto writer = ome_zarr_writer(volume, folder.path() / "out.zarr", {.block_shape = {16, 16, 16}});
  CHECK(run_export(volume, *writer).complete());
  const test::NpyArray array = read_back({"zarr", writer->target().string(), "0"});
  REQUIRE(array.shape == std::vector<std::int64_t>{70, 20, 100});
  const auto values = array.values<std::uint8_t>();
  std::int64_t wrong = 0;
  for (std::int64_t z = 0; z < 70; ++z) {
    for (std::int64_t y = 0; y < 20; ++y) {
      for (std::int64_t x = 0; x < 100; ++x) {
        wrong += values[static_cast<std::size_t>((z * 20 + y) * 100 + x)] != MadeLevel::voxel(0, y, z, x);
      }
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("what cannot be written is an error before anything is", "[export]") {
  const TempDir folder;
  const ExportVolume volume(view_of(level_of(DType::uint64)));
  const auto out = folder.path() / "out";
  const auto message = [&](const ChunkOptions& options) {
    return std::string(error_of([&] { n5_writer(volume, out, options); }).what());
  };
  CHECK(message({.compression = "lzma"}) == "unknown compression \"lzma\"");
  CHECK(message({.compression = "xz"}) == "blocks are written raw or in gzip, zstd or blosc, not in xz");
  CHECK(message({.compression_level = 12}) == "gzip has the levels 1 to 9, got 12");
  CHECK(message({.compression = "blosc", .blosc_codec = "snappy"}) ==
        "blosc has no codec \"snappy\", only blosclz, lz4, lz4hc, zlib and zstd");
  CHECK(message({.block_shape = {0, 1, 1}}) == "export: the sides of a block must be > 0");
  CHECK(message({.block_shape = {1024, 1024, 1024}}) ==
        "an N5 block of 8589934592 bytes; readers take at most 1073741824");
  CHECK_FALSE(std::filesystem::exists(out));
}
