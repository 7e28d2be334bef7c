// Stack on a type 11 mirror: what the N5 store's own tests cannot see, from the stack info to voxels.
#include <catvox/catmaid/stack.hpp>
#include <catvox/core/error.hpp>
#include <cstdint>
#include <string>

#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/http_server.hpp"
#include "support/n5_fixtures.hpp"

using namespace catvox;
using catvox::test::error_of;
using Voxels = xt::xtensor<std::uint16_t, 3>;

namespace {

// The dataset "odd" of python3-zarr: N5 dimensions 11 x 7 x 5, uint16, blocks of 4 x 3 x 2.
std::uint16_t written(std::int64_t a, std::int64_t b, std::int64_t c) {
  return n5_fixtures::voxel<std::uint16_t>(a + 11 * (b + 7 * c));
}

// A stack whose mirror has s0 = "odd" and s1, by hand: 5 x 3 x 5 uint8 in blocks of 4 x 3 x 2, of which one exists.
struct Volume {
  Volume() {
    server.serve_folder("/vol/s0", n5_fixtures::root() / "zarr" / "odd");
    server.add(
        "/vol/s1/attributes.json",
        R"({"dimensions": [5, 3, 5], "blockSize": [4, 3, 2], "dataType": "uint8", "compression": {"type": "raw"}})");
    // Mode 0, 3 dimensions, 4 x 3 x 2, then 24 voxels counting from 1.
    std::string block("\0\0\0\3\0\0\0\4\0\0\0\3\0\0\0\2", 16);
    for (int i = 1; i <= 24; ++i) block += static_cast<char>(i);
    server.add("/vol/s1/0/0/1", block);
  }

  [[nodiscard]] StackInfo info(const std::string& axes, StackDimension dimension) const {
    StackInfo info;
    info.stitle = "vol";
    info.dimension = dimension;
    info.resolution = {4, 5, 40};
    info.translation = {100, 200, 300};
    info.num_zoom_levels = 1;
    info.downsample_factors = {{1, 1, 1}, {2, 2, 1}};
    info.mirrors.push_back({1, "n5", server.url("/vol/%SCALE_DATASET%/" + axes), 4, 3, 11, "", 0});
    return info;
  }

  [[nodiscard]] static StackOptions options() {
    StackOptions options;
    options.session = HttpSession(HttpOptions{.threads = 2, .retry = {.max_attempts = 1}});
    return options;
  }

  test::HttpServer server;
};

}  // namespace

TEST_CASE("each suffix opens: no .n5 component, no root, a slash at the end or not", "[client][n5]") {
  const Volume volume;
  // Stack x, y, z = N5 dimensions (a, b, c) of the suffix. 1_2_0 and 2_0_1 are not their own inverses.
  const auto [axes, shape] = GENERATE(table<std::string, std::array<std::size_t, 3>>({
      {"0_1_2", {5, 7, 11}},
      {"0_2_1/", {7, 5, 11}},
      {"1_0_2", {5, 11, 7}},
      {"1_2_0", {11, 5, 7}},
      {"2_0_1/", {7, 11, 5}},
      {"2_1_0", {11, 7, 5}},
  }));
  CAPTURE(axes);
  const auto dimension = [&](int i) { return static_cast<std::int64_t>(shape[static_cast<std::size_t>(i)]); };
  const Stack stack(volume.info(axes, {dimension(2), dimension(1), dimension(0)}), Volume::options());
  CHECK(stack.dtype(0) == DType::uint16);
  CHECK(stack.warnings().empty());
  const Voxels got = stack.scale<std::uint16_t>(0);
  REQUIRE(got.shape() == shape);
  const std::size_t n5_axis[] = {static_cast<std::size_t>(axes[0] - '0'), static_cast<std::size_t>(axes[2] - '0'),
                                 static_cast<std::size_t>(axes[4] - '0')};
  std::size_t wrong = 0;
  for (std::size_t z = 0; z < shape[0]; ++z) {
    for (std::size_t y = 0; y < shape[1]; ++y) {
      for (std::size_t x = 0; x < shape[2]; ++x) {
        std::int64_t at[3] = {};
        at[n5_axis[0]] = static_cast<std::int64_t>(x);
        at[n5_axis[1]] = static_cast<std::int64_t>(y);
        at[n5_axis[2]] = static_cast<std::int64_t>(z);
        wrong += got(z, y, x) != written(at[0], at[1], at[2]);
      }
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("levels above 0 have their own size, type and blocks; absent blocks are zero", "[client][n5]") {
  Volume volume;
  const Stack stack(volume.info("0_1_2", {11, 7, 5}), Volume::options());
  CHECK(stack.levels() == 2);
  const auto level = stack.scale<std::uint8_t>(1);
  REQUIRE(level.shape() == std::array<std::size_t, 3>{5, 3, 5});
  CHECK(level.voxel_size() == std::array<double, 3>{40, 10, 8});
  volume.server.reset_log();
  const xt::xtensor<std::uint8_t, 3> got = level;
  CHECK(volume.server.count_prefix() == 3 * 1 * 2);  // blocks in z, y and x
  for (std::size_t z = 0; z < 5; ++z) {
    for (std::size_t y = 0; y < 3; ++y) {
      for (std::size_t x = 0; x < 5; ++x) {
        CAPTURE(z, y, x);
        const bool there = x < 4 && z >= 2 && z < 4;
        CHECK(got(z, y, x) == (there ? 1 + x + 4 * (y + 3 * (z - 2)) : 0));
      }
    }
  }
}

TEST_CASE("broken slices of a volume take the slices that stand in, of each block once", "[client][n5]") {
  Volume volume;
  StackInfo info = volume.info("0_1_2", {11, 7, 5});
  info.broken_slices = {{2, 1}, {3, 1}};
  const Stack stack(info, Volume::options());
  const auto level = stack.scale<std::uint16_t>(0);
  volume.server.reset_log();
  const Voxels got = level;
  CHECK(volume.server.count_prefix() == 2 * 3 * 3);  // the layer of blocks that holds 2 and 3 is not asked for
  for (const auto& [z, source] : {std::pair{0, 0}, {1, 1}, {2, 1}, {3, 4}, {4, 4}}) {
    CAPTURE(z);
    CHECK(got(static_cast<std::size_t>(z), 6, 10) == written(10, 6, source));
  }
}

TEST_CASE("world boxes of a volume", "[client][n5]") {
  const Volume volume;
  const Stack stack(volume.info("0_1_2", {11, 7, 5}), Volume::options());
  // x 3..8, y 2..4, z 1..3
  const Voxels got = stack.scale<std::uint16_t>(0).world({{112, 210, 340}, {132, 220, 420}});
  REQUIRE(got.shape() == std::array<std::size_t, 3>{2, 2, 5});
  CHECK(got(0, 0, 0) == written(3, 2, 1));
  CHECK(got(1, 1, 4) == written(7, 3, 2));
}

TEST_CASE("a volume of another size than the stack says wins, and says so", "[client][n5]") {
  const Volume volume;
  const Stack stack(volume.info("0_1_2", {12, 7, 6}), Volume::options());
  CHECK(stack.scale<std::uint16_t>(0).shape() == std::array<std::size_t, 3>{5, 7, 11});
  REQUIRE(stack.warnings().size() == 1);
  CHECK(stack.warnings()[0] ==
        "the volume has 11 x 7 x 5 voxels (x, y, z), the stack's dimension says 12 x 7 x 6; the volume's own size is "
        "used");
}

TEST_CASE("a volume behind Basic opens with set_mirror_auth", "[client][n5]") {
  Volume volume;
  volume.server.protect("/vol/", "em", "section20");
  Stack stack(volume.info("0_1_2", {11, 7, 5}), Volume::options());
  const Error refused = error_of([&] { (void)stack.levels(); });
  CHECK(refused.code() == Errc::unauthorized);
  CHECK(std::string(refused.what()) == "cannot open mirror \"n5\" of stack \"vol\", image_base \"" +
                                           stack.info().mirrors[0].image_base + "\": cannot fetch " +
                                           volume.server.url("/vol/s0/attributes.json") +
                                           ": HTTP 401 (a user and password are needed)");
  stack.set_mirror_auth(1, {"em", "section20"});
  const Voxels got = stack.scale<std::uint16_t>(0);
  CHECK(got(4, 6, 10) == written(10, 6, 4));
}

TEST_CASE("a block that is corrupt is an error that names it, never zero", "[client][n5]") {
  Volume volume;
  const auto [name, body] = GENERATE(table<std::string, std::string>({
      {"empty", ""},
      {"HTML", "<!DOCTYPE html><p>Not here</p>"},
      {"header alone", std::string("\0\0\0\3\0\0\0\4\0\0\0\3\0\0\0\2", 16)},
      {"absurd", std::string("\0\0\0\3\x7f\xff\xff\xff\x7f\xff\xff\xff\x7f\xff\xff\xff", 16)},
  }));
  CAPTURE(name);
  volume.server.add("/vol/s0/0/1/0", body);
  const Stack stack(volume.info("0_1_2", {11, 7, 5}), Volume::options());
  const Error error = error_of([&] { (void)stack.scale<std::uint16_t>(0).load(); });
  CHECK(error.code() == (name == "absurd" ? Errc::too_large : Errc::corrupt_data));
  CHECK(error.context().url == volume.server.url("/vol/s0/0/1/0"));
  const std::string text = error.what();
  CAPTURE(text);
  CHECK(text.find("cannot decode block 0/1/0 (level 0) from " + volume.server.url("/vol/s0/0/1/0") + ": ") == 0);
}

TEST_CASE("a server without the volume is an error, not an empty array", "[client][n5]") {
  const Volume volume;
  StackInfo info = volume.info("0_1_2", {11, 7, 5});
  info.mirrors[0].image_base = volume.server.url("/none/%SCALE_DATASET%/0_1_2");
  CHECK(error_of([&] { (void)Stack(info, Volume::options()).levels(); }).code() == Errc::not_found);
}

TEST_CASE("attributes that make no sense are an error that says where they lie", "[client][n5]") {
  Volume volume;
  volume.server.add("/vol/s0/attributes.json", R"({"dimensions": [5, 3, 5], "dataType": "uint8"})");
  const StackInfo info = volume.info("0_1_2", {11, 7, 5});
  const Error error = error_of([&] { (void)Stack(info, Volume::options()).levels(); });
  CHECK(error.code() == Errc::invalid_metadata);
  const std::string text = error.what();
  CAPTURE(text);
  CHECK(text.find("cannot open mirror \"n5\" of stack \"vol\", image_base \"" + info.mirrors[0].image_base +
                  "\": level 0: ") == 0);
  CHECK(text.find("blockSize") != std::string::npos);
}

TEST_CASE("a view of the wrong type names both", "[client][n5]") {
  const Volume volume;
  const Stack stack(volume.info("0_1_2", {11, 7, 5}), Volume::options());
  CHECK(std::string(error_of([&] { (void)stack.scale<std::uint8_t>(0); }).what()) ==
        "cannot view level 0 as uint8: its voxels are uint16");
  CHECK(stack.visit_scale(1, [](const auto& view) { return view.dtype(); }) == DType::uint8);
  CHECK(xt::xtensor<float, 3>(stack.scale<std::uint16_t>(0).cast<float>())(4, 6, 10) ==
        static_cast<float>(written(10, 6, 4)));
}
