// .npy read back by NumPy, TIFF by Pillow, which bring readers of their own.
#include <catvox/core/error.hpp>
#include <catvox/export/npy.hpp>
#include <catvox/export/run_export.hpp>
#include <catvox/export/tiff.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "export/made_level.hpp"
#include "export/read_back.hpp"
#include "export/tiff_pages.hpp"
#include "export/tree.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/temp_dir.hpp"

using namespace catvox;
using catvox::test::error_of;
using catvox::test::MadeLevel;
using catvox::test::read_back;
using catvox::test::TempDir;

namespace {

ExportView made(DType type, int number = 0) {
  const auto level = std::make_shared<MadeLevel>();
  level->type = type;
  level->number = number;
  return {level, test::whole(*level)};
}

/// How many of an array's items are not MadeLevel's; the axes are (z, [c,] y, x) or ([c,] z, y, x).
template <class T>
std::int64_t wrong(const test::NpyArray& array, std::int64_t channels, bool channels_first) {
  const auto values = array.values<T>();
  if (values.size() != static_cast<std::size_t>(channels) * 20 * 70 * 100) return -1;
  std::int64_t count = 0;
  for (std::int64_t c = 0; c < channels; ++c) {
    for (std::int64_t z = 0; z < 20; ++z) {
      for (std::int64_t y = 0; y < 70; ++y) {
        for (std::int64_t x = 0; x < 100; ++x) {
          const std::int64_t plane = channels_first ? c * 20 + z : z * channels + c;
          const T seen = values[static_cast<std::size_t>((plane * 70 + y) * 100 + x)];
          count += seen != static_cast<T>(MadeLevel::voxel(static_cast<int>(c), z, y, x)) ? 1 : 0;
        }
      }
    }
  }
  return count;
}

}  // namespace

TEST_CASE("NumPy reads a .npy that was written in pieces", "[export][npy]") {
  const TempDir folder;
  const auto file = folder.path() / "out.npy";
  const std::int64_t channels = GENERATE(1, 2);
  std::vector<ExportView> views;
  for (int c = 0; c < channels; ++c) views.push_back(made(DType::int16, c));
  const ExportVolume volume(views);
  const auto writer = npy_writer(volume, file);
  const ExportReport report = run_export(volume, *writer, {.memory_bytes = 3 * 70 * 100 * 2 * 2});
  CHECK(report.complete());
  const test::NpyArray array = read_back({"npy", file.string()});
  CHECK(array.dtype == "<i2");
  CHECK(array.shape ==
        (channels == 1 ? std::vector<std::int64_t>{20, 70, 100} : std::vector<std::int64_t>{2, 20, 70, 100}));
  CHECK(wrong<std::int16_t>(array, channels, true) == 0);
  CHECK(run_export(volume, *writer).nothing_to_do());
  std::filesystem::remove(file);
  CHECK(std::string(error_of([&] { run_export(volume, *writer); }).what()) ==
        file.string() + " is gone, though blocks of it are complete: remove " + folder.path().string() +
            "/.out.npy.catvox to write it again");
}

TEST_CASE("a file gets its name when it is complete", "[export][npy]") {
  const TempDir folder;
  const auto level = std::make_shared<MadeLevel>();
  const ExportVolume volume(ExportView(level, test::whole(*level)));
  const auto writer = npy_writer(volume, folder.path() / "out.npy");
  level->before_chunk = [](const Index3& chunk) {
    if (chunk[0] == 15) throw Error(Errc::connection, "gone");
  };
  error_of([&] { run_export(volume, *writer, {.memory_bytes = 1}); });
  CHECK_FALSE(std::filesystem::exists(folder.path() / "out.npy"));
  const auto data = folder.path() / ".out.npy.catvox/data";
  std::filesystem::rename(data, folder.path() / "elsewhere");
  level->before_chunk = [](const Index3&) {};
  CHECK(error_of([&] { run_export(volume, *npy_writer(volume, folder.path() / "out.npy")); }).code() == Errc::io);
  std::filesystem::rename(folder.path() / "elsewhere", data);
  level->before_chunk = [](const Index3&) {};
  CHECK(run_export(volume, *writer, {.memory_bytes = 1}).before == 15);
  CHECK(wrong<std::uint8_t>(read_back({"npy", writer->target().string()}), 1, true) == 0);
}

TEST_CASE("Pillow reads every page of a TIFF", "[export][tiff]") {
  const auto [type, ome, channels] = GENERATE(table<DType, bool, std::int64_t>({
      {DType::uint8, false, 1},
      {DType::uint8, false, 2},
      {DType::uint16, false, 1},
      {DType::float32, false, 1},
      {DType::int32, true, 1},
      {DType::uint8, true, 2},
  }));
  CAPTURE(name(type), ome, channels);
  const TempDir folder;
  const auto file = folder.path() / "out.tif";
  std::vector<ExportView> views;
  for (int c = 0; c < channels; ++c) views.push_back(made(type, c));
  const ExportVolume volume(views);
  const auto writer = ome ? ome_tiff_writer(volume, file) : imagej_tiff_writer(volume, file);
  CHECK(run_export(volume, *writer, {.memory_bytes = 100'000}).complete());
  const test::NpyArray array = read_back({"tiff", file.string()});
  const std::int64_t pages = channels;
  visit_dtype(type, [&]<class T>(std::type_identity<T>) { CHECK(wrong<T>(array, pages, false) == 0); });
}

TEST_CASE("the description tells ImageJ of channels, voxel size and the world", "[export][tiff]") {
  const TempDir folder;
  const ExportVolume volume(std::vector<ExportView>{made(DType::uint8), made(DType::uint8, 1)});
  const auto writer = imagej_tiff_writer(volume, folder.path() / "out.tif");
  run_export(volume, *writer);
  // 4 x 5 x 40 nm from (1000, 2000, 3000): ImageJ's origin is where the world's zero lies, in voxels.
  CHECK(file_bytes(writer->target())
            .find("ImageJ=1.54f\nimages=40\nchannels=2\nslices=20\nhyperstack=true\nmode=grayscale\n"
                  "unit=nm\nspacing=40\nloop=false\nmin=0.0\nmax=255.0\n"
                  "xorigin=-250\nyorigin=-400\nzorigin=-75\n") != std::string::npos);
}

TEST_CASE("a TIFF for ImageJ beyond 4 GiB has one header for all pages", "[export][tiff]") {
  detail::TiffPages pages{.pages = 300, .headers = 1, .height = 4096, .width = 4096, .dtype = DType::uint8};
  CHECK(detail::exceeds_classic_tiff(pages));
  CHECK_FALSE(detail::exceeds_classic_tiff(
      {.pages = 255, .headers = 255, .height = 4096, .width = 4096, .dtype = DType::uint8}));
  const std::string header = detail::tiff_header(pages);
  CHECK(header.substr(0, 8) == std::string("II\x2a\0\x08\0\0\0", 8));
  CHECK(header.size() < 512);
  pages.big = true;
  pages.headers = 300;
  CHECK(detail::tiff_header(pages).substr(0, 16) == std::string("II\x2b\0\x08\0\0\0\x10\0\0\0\0\0\0\0", 16));
}

TEST_CASE("what a single file cannot hold is an error before anything is written", "[export]") {
  const TempDir folder;
  const auto out = folder.path() / "out.tif";
  CHECK(std::string(error_of([&] { imagej_tiff_writer(made(DType::int8), out); }).what()) ==
        "a TIFF for ImageJ cannot hold int8 voxels, only uint8, (u)int16, (u)int32 and float32");
  CHECK(std::string(error_of([&] { ome_tiff_writer(made(DType::uint64), out); }).what()) ==
        "an OME-TIFF cannot hold uint64 voxels, only integers of 32 bits");
  ExportVolume levels(made(DType::uint8));
  levels.make_levels(1, Downsampling::average);
  CHECK(std::string(error_of([&] { npy_writer(levels, "out.npy"); }).what()) == "out.npy can hold one level, got 2");
  const auto level = std::make_shared<MadeLevel>();
  level->place = LevelGeometry({}, {1, 1, 1}, {1, 70'000, 70'000});
  CHECK(std::string(error_of([&] { imagej_tiff_writer(ExportView(level, test::whole(*level)), out); }).what()) ==
        "ImageJ cannot open pages of 70000 x 70000 pixels, only of less than 2^31 and 4 GiB");
  CHECK(std::filesystem::is_empty(folder.path()));
}
