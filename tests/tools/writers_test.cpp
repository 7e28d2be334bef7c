#include <png.h>
#include <tiffio.h>

#include <catvox/core/error.hpp>
#include <memory>

#include "support/catch.hpp"
#include "support/npy_writer.hpp"
#include "support/output_files.hpp"
#include "support/png_writer.hpp"
#include "support/temp_dir.hpp"
#include "support/tiff_writer.hpp"
#include "support/volume_file.hpp"
#include "tools/counting_volume.hpp"

namespace fs = std::filesystem;
using namespace tools;
using catvox::DType;
using catvox::Errc;
using catvox::Error;
using catvox::test::TempDir;

TEST_CASE("write_npy writes the bytes that NumPy writes", "[tools]") {
  const TempDir folder;
  const auto same = [&]<class T>(std::type_identity<T>) {
    const std::string name = std::string(catvox::name(catvox::dtype_of<T>)) + "_2x3x4.npy";
    CAPTURE(name);
    write_npy(folder.path() / name, CountingVolume<T>({2, 3, 4}).volume);
    CHECK(file_bytes(folder.path() / name) == file_bytes(fs::path(TOOLS_TEST_DATA) / name));
  };
  same(std::type_identity<std::uint8_t>{});
  same(std::type_identity<std::int16_t>{});
  same(std::type_identity<float>{});
  same(std::type_identity<std::uint64_t>{});
}

TEST_CASE("npy_header gives the length that follows its first ten bytes, a multiple of 64 in all", "[tools]") {
  const auto shape = GENERATE(catvox::Shape3{1, 1, 1}, catvox::Shape3{7063, 155648, 253952},
                              catvox::Shape3{INT64_MAX, INT64_MAX, INT64_MAX});
  const std::string header = npy_header(DType::float64, shape);
  CHECK(header.size() % 64 == 0);
  const auto byte = [&](std::size_t i) { return static_cast<unsigned>(static_cast<unsigned char>(header[i])); };
  CHECK(byte(8) + 256 * byte(9) + 10 == header.size());
  CHECK(header.back() == '\n');
}

namespace {

struct DecodedPng {
  std::int64_t height = 0, width = 0;
  int depth = 0, color_type = -1;
  std::vector<unsigned> pixels;
};

DecodedPng read_png(const fs::path& name) {
  const File file(std::fopen(name.c_str(), "rb"));
  REQUIRE(file != nullptr);
  png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  png_init_io(png, file.get());
  png_read_png(png, info, PNG_TRANSFORM_IDENTITY, nullptr);
  DecodedPng image{png_get_image_height(png, info),
                   png_get_image_width(png, info),
                   png_get_bit_depth(png, info),
                   png_get_color_type(png, info),
                   {}};
  png_bytepp rows = png_get_rows(png, info);
  for (std::int64_t y = 0; y < image.height; ++y) {
    for (std::int64_t x = 0; x < image.width; ++x) {
      // 16-bit samples are big-endian in the file.
      image.pixels.push_back(image.depth == 16 ? rows[y][2 * x] * 256U + rows[y][2 * x + 1] : rows[y][x]);
    }
  }
  png_destroy_read_struct(&png, &info, nullptr);
  return image;
}

}  // namespace

TEST_CASE("write_png_slices writes a numbered 8-bit grey PNG for each slice", "[tools]") {
  const TempDir folder;
  const CountingVolume<std::uint8_t> counting({3, 2, 4});
  const auto names = png_slice_names(folder.path() / "crop.v2.png", 3);
  REQUIRE(names == std::vector{folder.path() / "crop.v2_0000.png", folder.path() / "crop.v2_0001.png",
                               folder.path() / "crop.v2_0002.png"});
  write_png_slices(names, counting.volume);
  const DecodedPng last = read_png(names[2]);
  CHECK(last.height == 2);
  CHECK(last.width == 4);
  CHECK(last.depth == 8);
  CHECK(last.color_type == PNG_COLOR_TYPE_GRAY);
  CHECK(last.pixels == std::vector<unsigned>{16, 17, 18, 19, 20, 21, 22, 23});
}

TEST_CASE("png_slice_names numbers a single slice, too, and takes as many digits as there are", "[tools]") {
  CHECK(png_slice_names("out.png", 1) == std::vector<fs::path>{"out_0000.png"});
  CHECK(png_slice_names("a/out.png", 10001).front() == "a/out_00000.png");
  CHECK(png_slice_names("a/out.png", 10001).back() == "a/out_10000.png");
}

TEST_CASE("write_png keeps 16-bit values", "[tools]") {
  const TempDir folder;
  const std::vector<std::uint16_t> values{0, 1, 255, 256, 0x1234, 0xffff};
  write_png(folder.path() / "out.png", {2, 3, DType::uint16, std::as_bytes(std::span(values))});
  const DecodedPng image = read_png(folder.path() / "out.png");
  CHECK(image.depth == 16);
  CHECK(image.pixels == std::vector<unsigned>{0, 1, 255, 256, 0x1234, 0xffff});
}

TEST_CASE("write_png_montage lays the slices out in rows, with two white pixels between them", "[tools]") {
  const TempDir folder;
  const CountingVolume<std::uint8_t> counting({3, 2, 2});  // 0 1 / 2 3, 4 5 / 6 7, 8 9 / 10 11
  write_png_montage(folder.path() / "out.png", counting.volume);
  const DecodedPng image = read_png(folder.path() / "out.png");
  REQUIRE(image.height == 6);
  REQUIRE(image.width == 6);
  const unsigned w = 255;
  CHECK(image.pixels == std::vector<unsigned>{0,  1,  w, w, 4, 5,  //
                                              2,  3,  w, w, 6, 7,  //
                                              w,  w,  w, w, w, w,  //
                                              w,  w,  w, w, w, w,  //
                                              8,  9,  w, w, w, w,  //
                                              10, 11, w, w, w, w});
}

TEST_CASE("a PNG of another dtype is refused with advice", "[tools]") {
  CHECK_NOTHROW(check_png_dtype(DType::uint8));
  CHECK_NOTHROW(check_png_dtype(DType::uint16));
  CHECK_THROWS_WITH(check_png_dtype(DType::float32),
                    "a PNG cannot hold float32 voxels, only uint8 and uint16: write a .npy or .tif instead");
}

namespace {

struct CloseTiff {
  void operator()(TIFF* tiff) const noexcept { TIFFClose(tiff); }
};

struct DecodedTiff {
  std::vector<std::uint64_t> offsets;  ///< of the pages' pixels in the file
  std::string pixels;                  ///< of all pages
  std::uint32_t width = 0, height = 0;
  std::uint16_t bits = 0, format = 0, unit = 0, compression = 0, photometric = 0;
  float x_resolution = 0, y_resolution = 0;
  std::string description;  ///< of the first page
  bool big = false;
};

DecodedTiff read_tiff(const fs::path& name) {
  const std::unique_ptr<TIFF, CloseTiff> tiff(TIFFOpen(name.c_str(), "r"));
  REQUIRE(tiff != nullptr);
  DecodedTiff result;
  const char* description = nullptr;
  if (TIFFGetField(tiff.get(), TIFFTAG_IMAGEDESCRIPTION, &description) == 1) result.description = description;
  do {
    CHECK(TIFFGetField(tiff.get(), TIFFTAG_IMAGEWIDTH, &result.width) == 1);
    CHECK(TIFFGetField(tiff.get(), TIFFTAG_IMAGELENGTH, &result.height) == 1);
    CHECK(TIFFGetField(tiff.get(), TIFFTAG_BITSPERSAMPLE, &result.bits) == 1);
    CHECK(TIFFGetField(tiff.get(), TIFFTAG_SAMPLEFORMAT, &result.format) == 1);
    CHECK(TIFFGetField(tiff.get(), TIFFTAG_RESOLUTIONUNIT, &result.unit) == 1);
    CHECK(TIFFGetField(tiff.get(), TIFFTAG_COMPRESSION, &result.compression) == 1);
    CHECK(TIFFGetField(tiff.get(), TIFFTAG_PHOTOMETRIC, &result.photometric) == 1);
    CHECK(TIFFGetField(tiff.get(), TIFFTAG_XRESOLUTION, &result.x_resolution) == 1);
    CHECK(TIFFGetField(tiff.get(), TIFFTAG_YRESOLUTION, &result.y_resolution) == 1);
    REQUIRE(TIFFNumberOfStrips(tiff.get()) == 1);
    std::string page(static_cast<std::size_t>(TIFFStripSize(tiff.get())), '\0');
    CHECK(TIFFReadEncodedStrip(tiff.get(), 0, page.data(), -1) == static_cast<tmsize_t>(page.size()));
    result.pixels += page;
    result.offsets.push_back(TIFFGetStrileOffset(tiff.get(), 0));
  } while (TIFFReadDirectory(tiff.get()) == 1);
  result.big = file_bytes(name)[2] == 43;
  return result;
}

template <class T>
std::string bytes_of(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

}  // namespace

TEMPLATE_TEST_CASE("write_tiff writes a page for each slice", "[tools]", std::uint8_t, std::uint16_t, std::uint32_t,
                   std::int16_t, std::int32_t, float) {
  const TempDir folder;
  const CountingVolume<TestType> counting({3, 2, 5});
  write_tiff(folder.path() / "out.tif", counting.volume);
  const DecodedTiff tiff = read_tiff(folder.path() / "out.tif");
  CHECK(tiff.offsets.size() == 3);
  CHECK(tiff.width == 5);
  CHECK(tiff.height == 2);
  CHECK(tiff.bits == 8 * sizeof(TestType));
  CHECK(tiff.format == (std::is_floating_point_v<TestType> ? SAMPLEFORMAT_IEEEFP
                        : std::is_signed_v<TestType>       ? SAMPLEFORMAT_INT
                                                           : SAMPLEFORMAT_UINT));
  CHECK(tiff.compression == COMPRESSION_NONE);
  CHECK(tiff.photometric == PHOTOMETRIC_MINISBLACK);
  CHECK(tiff.pixels == bytes_of(counting.voxels));
  CHECK_FALSE(tiff.big);
}

TEST_CASE("several channels are a hyperstack: slice by slice, channel by channel", "[tools]") {
  const TempDir folder;
  CountingVolume<std::uint8_t> counting({6, 2, 5});  // two channels of three slices
  counting.volume.shape[0] = 3;
  counting.volume.channels = 2;
  write_tiff(folder.path() / "out.tif", counting.volume);
  const DecodedTiff tiff = read_tiff(folder.path() / "out.tif");
  // What ImageJ's FileInfo and HyperStackConverter read: channels go before slices (xyczt).
  CHECK(
      tiff.description.starts_with("ImageJ=1.53t\nimages=6\nchannels=2\nslices=3\nhyperstack=true\nmode=composite\n"));
  const std::string voxels = bytes_of(counting.voxels);
  std::string expected;
  for (const std::size_t page : {0, 3, 1, 4, 2, 5}) expected += voxels.substr(page * 10, 10);
  CHECK(tiff.pixels == expected);
  CHECK(npy_header(catvox::DType::uint8, {3, 2, 5}, 2).find("'shape': (2, 3, 2, 5), }") != std::string::npos);
  CHECK_THROWS_WITH(check_channels(FileFormat::png_montage, 2),
                    "a .png holds one channel: give one --channel, or write a .tif or .npy");
}

TEST_CASE("write_tiff leaves no gap between the slices' pixels, which ImageJ counts on", "[tools]") {
  const TempDir folder;
  const CountingVolume<std::uint16_t> counting({40, 3, 7});
  write_tiff(folder.path() / "out.tif", counting.volume);
  const DecodedTiff tiff = read_tiff(folder.path() / "out.tif");
  REQUIRE(tiff.offsets.size() == 40);
  for (std::size_t z = 0; z < 40; ++z) CHECK(tiff.offsets[z] == tiff.offsets[0] + z * 3 * 7 * 2);
}

TEST_CASE("write_tiff tells ImageJ the voxel size, the unit and the place in the world", "[tools]") {
  const TempDir folder;
  CountingVolume<std::uint8_t> counting({2, 3, 4});
  counting.volume.voxel_size = {50, 3.8, 4.6};
  counting.volume.origin = {6050, 0, -9.2};
  write_tiff(folder.path() / "out.tif", counting.volume);
  const DecodedTiff tiff = read_tiff(folder.path() / "out.tif");
  CHECK(tiff.unit == RESUNIT_NONE);
  CHECK(1 / tiff.x_resolution == Approx(4.6).epsilon(1e-6));
  CHECK(1 / tiff.y_resolution == Approx(3.8).epsilon(1e-6));
  CHECK(tiff.description ==
        "ImageJ=1.53t\nimages=2\nslices=2\nunit=nm\nspacing=50\nloop=false\nmin=0\nmax=255\n"
        "xorigin=2\nyorigin=0\nzorigin=-121\n");
}

TEST_CASE("ImageJ's display range is that of the finite voxels", "[tools]") {
  const auto range_line = [](const Volume& volume) {
    const std::string text = imagej_description(volume);
    const auto from = text.find("min=");
    return from == std::string::npos ? "" : text.substr(from, text.find("xorigin") - from);
  };
  CountingVolume<float> floats({1, 2, 3});
  floats.voxels = {0.5F, -1.25F, 7, std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(), 0};
  CHECK(range_line(floats.volume) == "min=-1.25\nmax=7\n");
  floats.voxels.assign(6, std::numeric_limits<float>::quiet_NaN());
  CHECK(range_line(floats.volume).empty());
  CHECK(range_line(CountingVolume<std::uint32_t>({1, 2, 3}).volume) == "min=0\nmax=5\n");
  // ImageJ keeps int16 as uint16 and subtracts 32768 again.
  CHECK(range_line(CountingVolume<std::int16_t>({1, 2, 3}).volume) == "min=32768\nmax=32773\n");
}

TEST_CASE("a TIFF of 4 GiB and more is a BigTIFF", "[tools]") {
  Volume volume;
  volume.shape = {4, 32767, 32767};
  CHECK_FALSE(needs_big_tiff(volume));
  volume.shape = {4, 32768, 32768};
  CHECK(needs_big_tiff(volume));
  volume.shape = {1, 65536, 65535};  // 65 536 bytes below the limit
  CHECK_FALSE(needs_big_tiff(volume));
  volume.shape = {1, 32769, 131068};  // 1 028 bytes above the limit minus headers
  CHECK(needs_big_tiff(volume));
}

TEST_CASE("a TIFF of a type that ImageJ would misread is refused with advice", "[tools]") {
  const auto dtype = GENERATE(DType::uint64, DType::int64, DType::float64, DType::int8);
  CHECK_THROWS_WITH(check_tiff_dtype(dtype),
                    "a TIFF for ImageJ cannot hold " + std::string(catvox::name(dtype)) +
                        " voxels, only uint8, (u)int16, (u)int32 and float32: write a .npy instead");
}

TEST_CASE("a writer says which file it cannot write, and why", "[tools]") {
  const CountingVolume<std::uint8_t> counting({1, 1, 1});
  const Volume& volume = counting.volume;
  const std::string npy = "cannot write /nonexistent/out.npy: No such file or directory";
  CHECK_THROWS_WITH(write_npy("/nonexistent/out.npy", volume), npy);
  CHECK_THROWS_WITH(write_png_montage("/nonexistent/out.png", volume),
                    "cannot write /nonexistent/out.png: No such file or directory");
  CHECK_THROWS_WITH(write_tiff("/nonexistent/out.tif", volume),
                    "cannot write /nonexistent/out.tif: No such file or directory");
}

TEST_CASE("a full disk is an error of every writer", "[tools]") {
  const CountingVolume<std::uint8_t> counting({1, 300, 300});
  CHECK_THROWS_WITH(write_npy("/dev/full", counting.volume), "cannot write /dev/full: No space left on device");
  CHECK_THROWS_AS(write_png_montage("/dev/full", counting.volume), Error);
  CHECK_THROWS_AS(write_tiff("/dev/full", counting.volume), Error);
}

TEST_CASE("OutputFiles leaves nothing behind unless committed, and older files as they were", "[tools]") {
  const TempDir folder;
  std::ofstream(folder.path() / "a") << "old";
  {
    const OutputFiles files({folder.path() / "a", folder.path() / "b"});
    std::ofstream(files.partial()[0]) << "new";
    CHECK(file_bytes(folder.path() / "a.partial") == "new");
    CHECK(fs::exists(folder.path() / "b.partial"));
  }
  CHECK(file_bytes(folder.path() / "a") == "old");
  CHECK(std::distance(fs::directory_iterator(folder.path()), {}) == 1);
}

TEST_CASE("OutputFiles gives each file its name on commit", "[tools]") {
  const TempDir folder;
  std::ofstream(folder.path() / "a") << "old";
  {
    OutputFiles files({folder.path() / "a", folder.path() / "b"});
    std::ofstream(files.partial()[0]) << "new a";
    std::ofstream(files.partial()[1]) << "new b";
    files.commit();
  }
  CHECK(file_bytes(folder.path() / "a") == "new a");
  CHECK(file_bytes(folder.path() / "b") == "new b");
  CHECK(std::distance(fs::directory_iterator(folder.path()), {}) == 2);
}

TEST_CASE("OutputFiles fails before any work where nothing can be written", "[tools]") {
  const TempDir folder;
  const auto open = [](std::vector<fs::path> names) { return OutputFiles(std::move(names)); };
  CHECK_THROWS_WITH(open({folder.path() / "a", folder.path() / "no/b"}),
                    "cannot write " + (folder.path() / "no/b.partial").string() + ": No such file or directory");
  CHECK(fs::is_empty(folder.path()));
  CHECK_THROWS_WITH(open({folder.path()}), "cannot write " + folder.path().string() + ": Is a directory");
}
