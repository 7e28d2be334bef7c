#include <cstdio>  // jpeglib.h needs it first

#include <jpeglib.h>
#include <png.h>

#include <algorithm>
#include <catvox/catmaid/stack_info.hpp>
#include <catvox/geometry/level_geometry.hpp>
#include <cmath>
#include <cstdlib>
#include <map>
#include <set>

#include "demo_instance/demo_instance.hpp"
#include "support/catch.hpp"
#include "support/temp_dir.hpp"
#include "tools/counting_volume.hpp"

namespace fs = std::filesystem;
using namespace tools;
using catvox::StackDimension;
using catvox::StackInfo;
using catvox::test::TempDir;

namespace {

const fs::path demo = TOOLS_DEMO;

struct Image {
  std::int64_t height = 0, width = 0;
  std::vector<std::uint8_t> pixels;
};

Image decode_png(const fs::path& name) {
  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  REQUIRE(png_image_begin_read_from_file(&png, name.c_str()) != 0);
  REQUIRE(png.format == PNG_FORMAT_GRAY);
  Image image{png.height, png.width, std::vector<std::uint8_t>(std::size_t{png.height} * png.width)};
  REQUIRE(png_image_finish_read(&png, nullptr, image.pixels.data(), 0, nullptr) != 0);
  return image;
}

Image decode_jpeg(const fs::path& name) {
  const std::string bytes = file_bytes(name);
  jpeg_decompress_struct jpeg;
  jpeg_error_mgr errors;
  jpeg.err = jpeg_std_error(&errors);
  jpeg_create_decompress(&jpeg);
  jpeg_mem_src(&jpeg, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  jpeg_read_header(&jpeg, TRUE);
  REQUIRE(jpeg.num_components == 1);
  jpeg_start_decompress(&jpeg);
  Image image{jpeg.output_height, jpeg.output_width,
              std::vector<std::uint8_t>(std::size_t{jpeg.output_height} * jpeg.output_width)};
  while (jpeg.output_scanline < jpeg.output_height) {
    JSAMPROW row = image.pixels.data() + std::size_t{jpeg.output_scanline} * jpeg.output_width;
    jpeg_read_scanlines(&jpeg, &row, 1);
  }
  jpeg_destroy_decompress(&jpeg);
  return image;
}

/// The largest difference between a tile and the part of the section where it belongs; pixels beyond the section
/// count as 0 there.
int largest_difference(const Image& tile, const Section& section, std::int64_t row, std::int64_t column) {
  int largest = 0;
  for (std::int64_t y = 0; y < tile.height; ++y) {
    for (std::int64_t x = 0; x < tile.width; ++x) {
      const bool inside = row + y < section.height && column + x < section.width;
      const int expected =
          inside ? section.pixels[static_cast<std::size_t>((row + y) * section.width + column + x)] : 0;
      largest = std::max(largest, std::abs(tile.pixels[static_cast<std::size_t>(y * tile.width + x)] - expected));
    }
  }
  return largest;
}

/// Means of 2 x 2 pixels, halves rounded up.
Section halved(const Section& section) {
  Section half{section.height / 2, section.width / 2, {}};
  const auto at = [&](std::int64_t y, std::int64_t x) {
    return static_cast<double>(section.pixels[static_cast<std::size_t>(y * section.width + x)]);
  };
  for (std::int64_t y = 0; y < half.height; ++y) {
    for (std::int64_t x = 0; x < half.width; ++x) {
      const double sum = at(2 * y, 2 * x) + at(2 * y, 2 * x + 1) + at(2 * y + 1, 2 * x) + at(2 * y + 1, 2 * x + 1);
      half.pixels.push_back(static_cast<std::uint8_t>(std::floor(sum / 4 + 0.5)));
    }
  }
  return half;
}

std::uint32_t fnv1a(const std::vector<std::uint8_t>& bytes) {
  std::uint32_t hash = 2166136261U;
  for (const std::uint8_t byte : bytes) hash = (hash ^ byte) * 16777619U;
  return hash;
}

std::map<std::string, std::string> files_below(const fs::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) files[fs::relative(entry.path(), folder)] = file_bytes(entry.path());
  }
  return files;
}

}  // namespace

TEST_CASE("a pixel of the texture depends on its place alone", "[tools]") {
  const Section large = em_section(3, 120, 200), small = em_section(3, 50, 60);
  for (std::int64_t y = 0; y < 50; ++y) {
    REQUIRE(
        std::equal(small.pixels.begin() + y * 60, small.pixels.begin() + (y + 1) * 60, large.pixels.begin() + y * 200));
  }
  CHECK(em_section(4, 50, 60).pixels != small.pixels);
}

TEST_CASE("the texture is the same with every compiler", "[tools]") {
  CHECK(fnv1a(em_section(0, 300, 400).pixels) == 0x1b4528d0);
  CHECK(fnv1a(em_section(11, 300, 400).pixels) == 0x198619d6);
}

TEST_CASE("demo_section gives the section of each level", "[tools]") {
  const Section full = demo_section(4, 0), quarter = demo_section(4, 2);
  CHECK(full.height == 605);
  CHECK(full.width == 810);
  CHECK(quarter.height == 151);
  CHECK(quarter.width == 202);
  CHECK(quarter.pixels == halved(halved(full)).pixels);
}

TEST_CASE("the texture has the contrast of a micrograph: light cells, few dark membranes", "[tools]") {
  const Section section = em_section(7, demo_shape[1], demo_shape[2]);
  const auto share = [&](int from, int to) {
    const auto count = std::ranges::count_if(section.pixels, [&](int value) { return value >= from && value < to; });
    return static_cast<double>(count) / static_cast<double>(section.pixels.size());
  };
  CHECK(share(0, 100) > 0.05);
  CHECK(share(0, 100) < 0.25);
  CHECK(share(140, 220) > 0.6);
}

TEST_CASE("the demo instance holds each section as JPEG and PNG tiles", "[tools]") {
  const fs::path tiles = demo / "tiles";
  std::set<std::string> missing;
  for (std::int64_t z = 0; z < demo_shape[0]; ++z) {
    Section section = demo_section(z, 0);
    for (int level = 0; level < demo_levels; ++level) {
      if (level > 0) section = halved(section);
      for (std::int64_t r = 0; 256 * r < section.height; ++r) {
        for (std::int64_t c = 0; 256 * c < section.width; ++c) {
          const std::string name = "jpeg/" + std::to_string(z) + "/" + std::to_string(r) + "_" + std::to_string(c) +
                                   "_" + std::to_string(level) + ".jpg";
          CAPTURE(name);
          if (!fs::exists(tiles / name)) {
            missing.insert(name);
            continue;
          }
          const Image tile = decode_jpeg(tiles / name);
          REQUIRE(tile.height == 256);
          REQUIRE(tile.width == 256);
          REQUIRE(largest_difference(tile, section, 256 * r, 256 * c) < 60);
        }
      }
      for (std::int64_t r = 0; 192 * r < section.height; ++r) {
        for (std::int64_t c = 0; 320 * c < section.width; ++c) {
          const std::string name = "png/" + std::to_string(level) + "/" + std::to_string(z) + "/" + std::to_string(r) +
                                   "/" + std::to_string(c) + ".png";
          CAPTURE(name);
          if (!fs::exists(tiles / name)) {
            missing.insert(name);
            continue;
          }
          const Image tile = decode_png(tiles / name);
          REQUIRE(tile.height == std::min<std::int64_t>(192, section.height - 192 * r));
          REQUIRE(tile.width == std::min<std::int64_t>(320, section.width - 320 * c));
          REQUIRE(largest_difference(tile, section, 192 * r, 320 * c) == 0);
        }
      }
    }
  }
  CHECK(missing == std::set<std::string>{"jpeg/8/2_2_0.jpg", "jpeg/8/2_3_0.jpg", "png/0/8/3/2.png"});
}

TEST_CASE("a label holds its cell, and 0 the membranes between cells, which are dark", "[tools]") {
  const Section section = demo_section(0, 0);
  const std::vector<std::uint64_t> labels = demo_labels(0);
  REQUIRE(labels.size() == 302 * 405);
  double dark = 0, light = 0, membrane = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const double pixel = section.pixels[2 * (i / 405) * 810 + 2 * (i % 405)];
    (labels[i] == 0 ? dark : light) += pixel;
    membrane += labels[i] == 0 ? 1 : 0;
  }
  CHECK(dark / membrane < 0.7 * light / (302 * 405 - membrane));
}

TEST_CASE("the demo instance is the same each time", "[tools]") {
  const TempDir again;
  write_demo_instance(again.path());
  CHECK(files_below(again.path()) == files_below(demo));
}

TEST_CASE("the demo's metadata is what its documentation says", "[tools]") {
  const auto projects = catvox::ProjectSummary::list_from_json(file_bytes(demo / "projects.json"));
  REQUIRE(projects.size() == 1);
  CHECK(projects[0].stacks.size() == 3);
  const auto stacks = catvox::StackSummary::list_from_json(file_bytes(demo / "1/stacks"));
  REQUIRE(stacks.size() == 3);
  CHECK(stacks[1].title == "demo EM, XZ");

  const StackInfo xy = StackInfo::from_json(file_bytes(demo / "1/stack/1/info"));
  CHECK(xy.dimension == StackDimension{demo_shape[2], demo_shape[1], demo_shape[0]});
  CHECK(xy.orientation == catvox::Orientation::xy);
  CHECK(catvox::scale_factors(xy.scale_levels()).size() == demo_levels);
  CHECK(xy.mirrors.size() == 2);
  CHECK(xy.broken_slices.size() == demo_broken_slices.size());
  for (const std::int64_t z : demo_broken_slices) CHECK(xy.broken_slices.contains(z));

  const StackInfo xz = StackInfo::from_json(file_bytes(demo / "1/stack/2/info"));
  CHECK(xz.orientation == catvox::Orientation::xz);
  CHECK(xz.mirrors.at(0).image_base == xy.mirrors.at(0).image_base);

  const StackInfo labels = StackInfo::from_json(file_bytes(demo / "1/stack/3/info"));
  CHECK(labels.dimension == StackDimension{demo_labels_shape[2], demo_labels_shape[1], demo_labels_shape[0]});
  CHECK(labels.mirrors.at(0).tile_source_type == 11);
}
