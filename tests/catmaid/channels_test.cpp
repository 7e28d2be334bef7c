// Channels of stacks, from the stack info to voxels. Volumes and what they hold: tests/data/precomputed/README.md; JPEG and
// its pixels: tests/data/channels/make.py.
#include <catvox/catmaid/stack.hpp>
#include <catvox/core/error.hpp>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>
#include <xtensor/xview.hpp>

#include "support/catch.hpp"
#include "support/colour_png.hpp"
#include "support/error_of.hpp"
#include "support/http_server.hpp"
#include "support/npy.hpp"

using namespace catvox;
using catvox::test::error_of;
using catvox::test::HttpServer;
using xt::placeholders::_;
namespace fs = std::filesystem;

namespace {

Stack stack_of(const std::string& base, int type, const StackDimension& dimension, std::int64_t tile_width,
               std::int64_t tile_height, std::size_t cache_bytes = std::size_t{64} << 20,
               Orientation orientation = Orientation::xy, std::map<std::int64_t, std::int64_t> broken = {}) {
  StackInfo info;
  info.stitle = "em";
  info.orientation = orientation;
  info.dimension = dimension;
  info.resolution = {4, 5, 40};
  info.translation = {100, 200, 300};
  info.num_zoom_levels = 0;
  info.broken_slices = std::move(broken);
  info.mirrors.push_back({1, "m", base, tile_width, tile_height, type, "png", 0});
  return Stack(info, {.session = HttpSession(HttpOptions{.threads = 2, .retry = {.max_attempts = 1}}),
                      .cache_bytes = cache_bytes});
}

// ------------------------------------------------------------------------------------------------- precomputed volumes

// Channel c of stack voxel (z, y, x) of an expected array, (z, y, x, c) in the volume's axes.
template <class T>
T expected_at(const test::NpyArray& array, const std::vector<T>& values, const std::string& suffix, std::int64_t c,
              const Index3& zyx) {
  std::array<std::int64_t, 3> volume{};  // x, y, z
  for (std::size_t axis = 0; axis < 3; ++axis) volume[static_cast<std::size_t>(suffix[2 * axis] - '0')] = zyx[2 - axis];
  const auto at = ((volume[2] * array.shape[1] + volume[1]) * array.shape[2] + volume[0]) * array.shape[3] + c;
  return values[static_cast<std::size_t>(at)];
}

// Every axis order; every chunk requested once, however many channels are read, and never again.
template <class T>
void check_volume(const std::string& name, const std::string& expected) {
  const fs::path folder = fs::path(CATVOX_TEST_DATA) / "precomputed";
  const auto array = test::read_npy(folder / "expected" / expected);
  const auto values = array.template values<T>();
  const std::int64_t channels = array.shape[3];
  HttpServer server;
  server.serve_folder("/v", folder);
  for (const std::string suffix : {"0_1_2", "0_2_1", "2_1_0"}) {
    CAPTURE(name, suffix);
    StackDimension dimension{array.shape[2], array.shape[1], array.shape[0]};
    if (suffix == "0_2_1") dimension = {array.shape[2], array.shape[0], array.shape[1]};
    if (suffix == "2_1_0") dimension = {array.shape[0], array.shape[1], array.shape[2]};
    const auto base = server.url("/v/" + name + "/%SCALE_DATASET%/" + suffix);
    const Stack stack = stack_of(base, 14, dimension, 8, 8);
    CHECK(stack.channels() == channels);
    CHECK(stack.warnings() ==
          std::vector<std::string>{"the volume has " + std::to_string(channels) + " channels; the first is read"});
    const auto all = stack.scale<T, 4>();
    server.reset_log();
    ReadStatistics statistics;
    xt::xtensor<T, 4> voxels(all.shape());
    statistics = all.read_into(voxels);
    const auto requested = server.count_prefix();
    CHECK(statistics.requests == static_cast<std::int64_t>(requested));
    CHECK(statistics.chunks == statistics.requests);
    std::size_t wrong = 0;
    for (std::int64_t c = 0; c < channels; ++c) {
      for (std::size_t z = 0; z < voxels.shape(1); ++z) {
        for (std::size_t y = 0; y < voxels.shape(2); ++y) {
          for (std::size_t x = 0; x < voxels.shape(3); ++x) {
            const Index3 zyx{static_cast<std::int64_t>(z), static_cast<std::int64_t>(y), static_cast<std::int64_t>(x)};
            wrong += voxels(static_cast<std::size_t>(c), z, y, x) != expected_at<T>(array, values, suffix, c, zyx);
          }
        }
      }
    }
    CHECK(wrong == 0);
    for (std::int64_t c = 0; c < channels; ++c) {
      CHECK((stack.scale<T>(0, {.channel = c}).load() == xt::view(voxels, c)));
    }
    CHECK((stack.scale<T>().load() == xt::view(voxels, 0)));
    CHECK((stack.scale<T, 4>().slice(xt::range(_, _, -1), 1, xt::range(2, _, 3)).load() ==
           xt::view(voxels, xt::range(_, _, -1), 1, xt::range(2, _, 3))));
    CHECK(server.count_prefix() == requested);  // all of it was in the cache
  }
}

// -------------------------------------------------------------------------------------------------------- colour tiles

// A stack of 40 x 24 x 9 voxels in tiles of 16 x 8: every sample of a voxel differs from the others.
constexpr StackDimension size{40, 24, 9};

std::uint8_t sample(std::int64_t c, std::int64_t z, std::int64_t y, std::int64_t x) {
  return static_cast<std::uint8_t>(1 + (c * 61 + x * 3 + y * 7 + z * 29) % 255);
}

// Colour PNG with alpha; grey where column + row is odd in slice 7; nothing at slice 3, row 1, column 1.
struct Tiles {
  Tiles() {
    for (std::int64_t z = 0; z < size.z; ++z) {
      for (std::int64_t row = 0; row < 3; ++row) {
        for (std::int64_t column = 0; column < 3; ++column) {
          if (z == 3 && row == 1 && column == 1) continue;
          const bool grey = z == 7 && (row + column) % 2 == 1;
          std::vector<std::uint8_t> samples;
          for (std::int64_t y = row * 8; y < row * 8 + 8; ++y) {
            for (std::int64_t x = column * 16; x < column * 16 + 16; ++x) {
              for (std::int64_t c = 0; c < (grey ? 1 : 4); ++c) samples.push_back(sample(c, z, y, x));
            }
          }
          server.add("/t/" + std::to_string(z) + "/" + std::to_string(row) + "_" + std::to_string(column) + "_0.png",
                     test::png_of(samples, 8, 16, grey ? PNG_FORMAT_GRAY : PNG_FORMAT_RGBA), "image/png");
        }
      }
    }
  }
  [[nodiscard]] std::string base() const { return server.url("/t/"); }

  static std::uint8_t expected(std::int64_t c, std::int64_t z, std::int64_t y, std::int64_t x) {
    if (z == 3 && y / 8 == 1 && x / 16 == 1) return 0;
    if (z == 7 && (y / 8 + x / 16) % 2 == 1) return c == 3 ? std::uint8_t{255} : sample(0, z, y, x);
    return sample(c, z, y, x);
  }

  HttpServer server;
};

std::size_t wrong_voxels(const xt::xtensor<std::uint8_t, 4>& voxels, const std::vector<std::int64_t>& slices) {
  std::size_t wrong = 0;
  for (std::size_t c = 0; c < voxels.shape(0); ++c) {
    for (std::size_t z = 0; z < voxels.shape(1); ++z) {
      for (std::size_t y = 0; y < voxels.shape(2); ++y) {
        for (std::size_t x = 0; x < voxels.shape(3); ++x) {
          wrong += voxels(c, z, y, x) != Tiles::expected(static_cast<std::int64_t>(c), slices[z],
                                                         static_cast<std::int64_t>(y), static_cast<std::int64_t>(x));
        }
      }
    }
  }
  return wrong;
}

}  // namespace

TEST_CASE("channels of precomputed volumes: each chunk once, all axis orders", "[client][channels]") {
  check_volume<std::uint16_t>("raw_u16_c2", "raw_u16_c2.s0.npy");
  check_volume<std::uint8_t>("jpeg_rgb", "jpeg_rgb.s0.npy");
  check_volume<std::uint8_t>("png_rgb", "rgb.npy");
  check_volume<std::uint16_t>("png_u16_c2", "raw_u16_c2.s0.npy");
  check_volume<std::uint32_t>("cseg_u32_c2", "cseg_u32_c2.s0.npy");
}

TEST_CASE("colour tiles: four channels, one request a tile, in every orientation", "[client][channels]") {
  const auto orientation = GENERATE(Orientation::xy, Orientation::xz, Orientation::zy);
  Tiles tiles;
  const Stack stack = stack_of(tiles.base(), 1, size, 16, 8, std::size_t{64} << 20, orientation);
  CHECK(stack.channels() == 4);
  CHECK(stack.warnings().empty());
  const auto all = stack.scale<std::uint8_t, 4>();
  const std::array<std::string_view, 4> names[] = {{"c", "z", "y", "x"}, {"c", "y", "z", "x"}, {"c", "x", "y", "z"}};
  CHECK(all.dims() == names[static_cast<std::size_t>(orientation)]);
  xt::xtensor<std::uint8_t, 4> voxels(all.shape());
  const ReadStatistics statistics = all.read_into(voxels, {.missing = Missing::report});
  CHECK(statistics.requests == 81);
  CHECK(statistics.missing == 1);
  CHECK(tiles.server.count_prefix() == 81);
  CHECK(wrong_voxels(voxels, {0, 1, 2, 3, 4, 5, 6, 7, 8}) == 0);
  for (std::int64_t c = 0; c < 4; ++c) {
    CHECK((stack.scale<std::uint8_t>(0, {.channel = c}).load() == xt::view(voxels, c)));
  }
  // Without a channel it is luma, as Pillow rounds it.
  const auto grey = stack.scale<std::uint8_t>().load();
  std::size_t wrong = 0;
  for (std::size_t z = 0; z < 9; ++z) {
    for (std::size_t y = 0; y < 24; ++y) {
      for (std::size_t x = 0; x < 40; ++x) {
        const unsigned r = voxels(0, z, y, x), g = voxels(1, z, y, x), b = voxels(2, z, y, x);
        wrong += grey(z, y, x) != (r * 19595 + g * 38470 + b * 7471 + 0x8000) >> 16;
      }
    }
  }
  CHECK(wrong == 0);
  CHECK(tiles.server.count_prefix() == 81);
  CHECK(std::string(error_of([&] { (void)stack.scale<std::uint8_t>(0, {.channel = 4}); }).what()) ==
        "level 0 has no channel 4, but 4 channels");
}

TEST_CASE("channels follow broken slices, windows and points of the world", "[client][channels]") {
  Tiles tiles;
  const auto kept = GENERATE(std::size_t{0}, std::size_t{64} << 20);
  Stack stack = stack_of(tiles.base(), 1, size, 16, 8, kept, Orientation::xy, {{4, 1}, {5, 1}});
  const auto all = stack.scale<std::uint8_t, 4>();
  CHECK(wrong_voxels(all.load(), {0, 1, 2, 3, 3, 6, 6, 7, 8}) == 0);
  CHECK(tiles.server.count_prefix() == 63);
  stack.set_broken_slices(BrokenSlicePolicy::fill);
  const auto filled = stack.scale<std::uint8_t, 4>().slice(xt::all(), xt::range(4, 7)).load();
  CHECK(xt::amax(xt::view(filled, xt::all(), xt::range(0, 2)))() == 0);
  CHECK(wrong_voxels(xt::view(filled, xt::all(), xt::range(2, 3)), {6}) == 0);

  const auto cube = stack.scale<std::uint8_t, 4>().cube_around({100, 200, 300}, {3, 5, 5}, 9).load();
  CHECK(cube(3, 0, 0, 0) == 9);
  CHECK(cube(2, 1, 2, 2) == sample(2, 0, 0, 0));
  CHECK(cube(1, 2, 4, 4) == sample(1, 1, 2, 2));
  CHECK(stack.scale<std::uint8_t>(0, {.channel = 1}).at_world({108, 215, 340}) == sample(1, 1, 3, 2));
}

TEST_CASE("a cut of channels decodes no more than it needs, and the cache serves the rest", "[client][channels]") {
  Tiles tiles;
  const Stack stack = stack_of(tiles.base(), 1, size, 16, 8);
  const auto all = stack.scale<std::uint8_t, 4>();
  const auto part = all.slice(xt::range(1, 4, 2), xt::range(0, 2), xt::range(5, 11), xt::range(9, 20));
  const auto whole = xt::xtensor<std::uint8_t, 4>(all);
  const auto requested = tiles.server.count_prefix();
  for (int round = 0; round < 3; ++round) {
    CHECK((part.load() == xt::view(whole, xt::range(1, 4, 2), xt::range(0, 2), xt::range(5, 11), xt::range(9, 20))));
  }
  CHECK((xt::xtensor<std::uint8_t, 3>(all.slice(2, xt::range(0, 2), xt::range(5, 11), xt::range(9, 20))) ==
         xt::view(whole, 2, xt::range(0, 2), xt::range(5, 11), xt::range(9, 20))));
  CHECK(all.at(3, 8, 23, 39) == sample(3, 8, 23, 39));
  CHECK(tiles.server.count_prefix() == requested);
}

TEST_CASE("a JPEG's colours are Pillow's, and its grey stays its own luma", "[client][channels]") {
  const auto file = [](const std::string& name) {
    std::ifstream in(std::string(CATVOX_TEST_DATA) + name, std::ios::binary);
    return std::string{std::istreambuf_iterator<char>(in), {}};
  };
  const std::string expected = file("/channels/ycbcr_420.jpg.rgba");
  HttpServer server;
  server.add("/t/0/0_0_0.png", file("/images/ycbcr_420.jpg"), "image/jpeg");
  const Stack stack = stack_of(server.url("/t/"), 1, {67, 53, 1}, 67, 53);
  const auto voxels = stack.scale<std::uint8_t, 4>().load();
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    wrong += voxels(i % 4, 0, i / 4 / 67, i / 4 % 67) != static_cast<std::uint8_t>(expected[i]);
  }
  CHECK(wrong == 0);
  const std::string grey = file("/images/ycbcr_420.pgm");
  const auto luma = stack.scale<std::uint8_t>().load();
  CHECK((std::memcmp(luma.data(), grey.data() + grey.size() - luma.size(), luma.size()) == 0));
  CHECK(server.count_prefix() == 1);
}

TEST_CASE("tiles of 16 bits are read as they are stored, or rounded to 8", "[client][channels]") {
  const auto stored = [](std::int64_t z, std::int64_t y, std::int64_t x) {
    return static_cast<std::uint16_t>(1 + z * 20011 + y * 911 + x * 17);
  };
  HttpServer server;
  for (std::int64_t z = 0; z < 3; ++z) {
    std::vector<std::uint16_t> samples;
    for (std::int64_t i = 0; i < 8 * 16; ++i) samples.push_back(stored(z, i / 16, i % 16));
    server.add("/t/" + std::to_string(z) + "/0_0_0.png", test::png_of(samples, 8, 16, PNG_FORMAT_LINEAR_Y),
               "image/png");
  }
  Stack stack = stack_of(server.url("/t/"), 1, {16, 8, 4}, 16, 8);  // slice 3 is missing
  const auto sixteen = stack.scale<std::uint16_t>().load();
  const auto eight = stack.scale<std::uint8_t>().load();
  const auto red = stack.scale<std::uint16_t>(0, {.channel = 0}).load();
  const auto all = stack.scale<std::uint16_t, 4>().load();
  std::size_t wrong = 0;
  for (std::int64_t z = 0; z < 4; ++z) {
    for (std::int64_t y = 0; y < 8; ++y) {
      for (std::int64_t x = 0; x < 16; ++x) {
        const std::uint16_t value = z < 3 ? stored(z, y, x) : std::uint16_t{0};
        const auto alpha = static_cast<std::uint16_t>(z < 3 ? 65535 : 0);
        wrong += sixteen(z, y, x) != value || red(z, y, x) != value || all(2, z, y, x) != value;
        wrong += eight(z, y, x) != (value + 128) / 257 || all(3, z, y, x) != alpha;
      }
    }
  }
  CHECK(wrong == 0);
  CHECK(stack.dtype() == DType::uint8);
  CHECK((stack.scale<std::uint16_t>().rescale(0).load() == sixteen));
  CHECK(error_of([&] { (void)stack.scale<float>(); }).code() == Errc::invalid_argument);

  Tiles tiles;
  const Stack narrow = stack_of(tiles.base(), 1, size, 16, 8);
  CHECK(std::string(error_of([&] { (void)narrow.scale<std::uint16_t>().slice(0, 0, 0).load(); }).what()) ==
        "cannot decode tile (level 0, slice 0, row 0, column 0) from " + tiles.base() +
            "0/0_0_0.png: expected an image of 16 bits a sample, got 8: it is to be read as uint8");
}
