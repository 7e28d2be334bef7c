// What the servers of the tile source types answer beside tiles of grey: that nothing is there, that a name is wrong, colour,
// 16 bits, and nothing at all. As the servers' own code has it.
#include <atomic>
#include <catvox/catmaid/catmaid_client.hpp>
#include <catvox/core/error.hpp>
#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/colour_png.hpp"
#include "support/error_of.hpp"
#include "support/fault_server.hpp"
#include "support/http_server.hpp"

using namespace catvox;
using catvox::test::Answer;
using catvox::test::error_of;
using catvox::test::FaultServer;
using catvox::test::HttpServer;
using catvox::test::Received;

namespace {

StackInfo info_of(int type, const std::string& base, const std::string& extension = "png", std::int64_t width = 16,
                  std::int64_t height = 16, const StackDimension& dimension = {20, 24, 3},
                  Orientation orientation = Orientation::xy) {
  StackInfo info;
  info.sid = 2;
  info.pid = 1;
  info.stitle = "em";
  info.orientation = orientation;
  info.dimension = dimension;
  info.num_zoom_levels = 0;
  info.mirrors.push_back({1, "m", base, width, height, type, extension, 0});
  return info;
}

HttpSession session(int attempts = 1) {
  return HttpSession(
      HttpOptions{.threads = 1, .retry = {.max_attempts = attempts, .initial_delay = std::chrono::milliseconds(1)}});
}

// The stack as the server's client opens it: types 3 and 13 are served by CATMAID itself.
Stack open(HttpServer& server, const StackInfo& info) {
  server.add("/1/stack/2/info", info.to_json());
  return CatmaidClient({.server = server.url("/"), .project_id = 1, .session = session()}).stack(2);
}

}  // namespace

TEST_CASE("404 is fill where a type's server says so of what is not there, and an error elsewhere", "[client][tiles]") {
  const auto [type, base, missing] = GENERATE(table<int, std::string, bool>({
      {1, "/x/", true},
      {2, "/x", false},
      {3, "em", false},
      {4, "/x/", true},
      {5, "/x/", true},
      {6, "/x/raw/xy/", false},
      {7, "/x/S/", false},
      {8, "/x/tiles/tile/", true},
      {9, "/x/", true},
      {10, "/x/v/%SCALE_DATASET%/0_1/16_16/%AXIS_0%/%AXIS_1%/%AXIS_2%", false},
      {11, "/x/n5/%SCALE_DATASET%/0_1_2", true},
      {12, "/x/C/E/L/", false},
      {13, "precomputed://gs://b/v", false},
      {14, "/x/pre/%SCALE_DATASET%/0_1_2", true},
  }));
  CAPTURE(type);
  HttpServer server;
  server.add_prefix("/x/", [](const Received&) { return Answer{.status = 404}; });
  server.add("/x", Answer{.status = 404});
  server.add_prefix("/1/stack/2/tile", [](const Received&) { return Answer{.status = 404}; });
  server.add("/x/tiles/metadata", R"({"Levels": {"0": {"Resolution": [4.0, 4.0, 40.0], "TileSize": [16, 16, 16]}}})");
  server.add("/x/n5/s0/attributes.json", R"({"dimensions": [20, 24, 3], "blockSize": [16, 16, 3], "dataType": "uint8",
                                              "compression": {"type": "raw"}})");
  server.add("/x/pre/info", R"({"type": "image", "data_type": "uint8", "num_channels": 1, "scales": [{"key": "k",
      "size": [20, 24, 3], "resolution": [4, 4, 40], "chunk_sizes": [[16, 16, 3]], "encoding": "raw"}]})");
  const bool by_name = type == 3 || type == 13;
  const Stack stack = open(server, info_of(type, by_name ? base : server.url(base)));
  const auto level = stack.scale<std::uint8_t>();
  xt::xtensor<std::uint8_t, 3> voxels(level.shape());
  if (missing) {
    const auto statistics = level.read_into(voxels);
    CHECK(statistics.missing == statistics.chunks);
    CHECK(xt::amax(voxels)() == 0);
  } else {
    const Error error = error_of([&] { level.read_into(voxels); });
    CHECK(error.code() == Errc::http_status);
    CHECK(error.context().http_status == 404);
  }
}

TEST_CASE("render sends colour with alpha where nothing is, and every tile asks for more than outlines",
          "[client][tiles]") {
  HttpServer server;
  std::atomic<int> without{0};
  server.add_prefix("/r/S/largeDataTileSource/16/16/0/", [&](const Received& received) {
    // Of 41 tiles it draws outlines, unless it is asked for more.
    const auto at = received.query.find("maxTileSpecsToRender=");
    if (at == std::string::npos || std::stol(received.query.substr(at + 21)) < 41) ++without;
    std::vector<std::uint8_t> rgba;
    for (int i = 0; i < 16 * 16; ++i) {
      const auto value = static_cast<std::uint8_t>(i % 16 < 10 ? 100 + i / 16 : 0);
      rgba.insert(rgba.end(), {value, value, value, static_cast<std::uint8_t>(value > 0 ? 255 : 0)});
    }
    return Answer{.body = test::png_of(rgba, 16, 16, PNG_FORMAT_RGBA), .content_type = "image/png"};
  });
  const std::string extension = GENERATE(as<std::string>(), "png", "png?filter=true");
  const Stack stack = open(server, info_of(7, server.url("/r/S/"), extension));
  const auto grey = stack.scale<std::uint8_t>().load();
  const auto alpha = stack.scale<std::uint8_t>(0, {.channel = 3}).load();
  std::size_t wrong = 0;
  for (std::size_t y = 0; y < 24; ++y) {
    for (std::size_t x = 0; x < 20; ++x) {
      const bool there = x % 16 < 10;
      wrong += grey(0, y, x) != (there ? 100 + y % 16 : 0) || alpha(0, y, x) != (there ? 255 : 0);
    }
  }
  CHECK(wrong == 0);
  CHECK(without == 0);
  CHECK(server.count_prefix("/r/") == 12);
}

TEST_CASE("DVID's 16-bit voxels are read as they are stored, in a plane that is not square", "[client][tiles]") {
  // uint16blk: 16-bit grey PNG of y across and z down, of any size, 0 beyond the data.
  const auto value = [](std::int64_t x, std::int64_t y, std::int64_t z) {
    return static_cast<std::uint16_t>(1 + x * 3001 + y * 127 + z * 11);
  };
  HttpServer server;
  server.add_prefix("/api/node/u/grey/raw/yz/", [&](const Received& received) {
    long w = 0, h = 0, x = 0, y = 0, z = 0;
    const auto parameters = received.path.substr(std::string("/api/node/u/grey/raw/yz/").size());
    const bool sized = std::sscanf(parameters.c_str(), "%ld_%ld/%ld_%ld_%ld/", &w, &h, &x, &y, &z) == 5;
    if (!sized || !parameters.ends_with("/png")) {
      return Answer{.status = 400, .body = "bad parameters", .content_type = "text/plain"};
    }
    std::vector<std::uint16_t> pixels;
    for (long down = z; down < z + h; ++down) {
      for (long across = y; across < y + w; ++across) {
        pixels.push_back(across < 24 && down < 20 ? value(x, across, down) : std::uint16_t{0});
      }
    }
    return Answer{
        .body = test::png_of(pixels, static_cast<std::uint32_t>(h), static_cast<std::uint32_t>(w), PNG_FORMAT_LINEAR_Y),
        .content_type = "image/png"};
  });
  // ZY: the stack's x is the volume's z, 20; y is y, 24; its slices are x, 3. Tiles of 16 x 8.
  const auto info = info_of(6, server.url("/api/node/u/grey/raw/yz/"), "png", 16, 8, {20, 24, 3}, Orientation::zy);
  const auto voxels = open(server, info).scale<std::uint16_t>().load();
  std::size_t wrong = 0;
  for (std::size_t z = 0; z < 3; ++z) {
    for (std::size_t y = 0; y < 24; ++y) {
      for (std::size_t x = 0; x < 20; ++x) {
        wrong += voxels(z, y, x) !=
                 value(static_cast<std::int64_t>(z), static_cast<std::int64_t>(y), static_cast<std::int64_t>(x));
      }
    }
  }
  CHECK(wrong == 0);
  const auto jpg = info_of(6, server.url("/api/node/u/grey/raw/yz/"), "jpg:abc", 16, 8, {20, 24, 3}, Orientation::zy);
  const Error error = error_of([&] { (void)open(server, jpg).scale<std::uint8_t>().load(); });
  CHECK(error.context().http_status == 400);
}

TEST_CASE("FlixServer's rendering is asked for as the extension says", "[client][tiles]") {
  HttpServer server;
  std::vector<std::uint8_t> rgb;
  for (int i = 0; i < 16 * 16; ++i) rgb.insert(rgb.end(), {0, static_cast<std::uint8_t>(i), 0});
  const std::string tile = test::png_of(rgb, 16, 16, PNG_FORMAT_RGB);
  server.add("/f/0/0_0_0.jpg?color=green,red&min=0&max=255", Answer{.body = tile, .content_type = "image/jpeg"});
  const Stack stack =
      open(server, info_of(9, server.url("/f/"), "jpg?color=green,red&min=0&max=255", 16, 16, {16, 16, 1}));
  CHECK(stack.scale<std::uint8_t>(0, {.channel = 1}).at(0, 3, 5) == 53);
  CHECK(stack.scale<std::uint8_t>().at(0, 3, 5) == 31);  // 0.587 x 53
  CHECK(server.count_prefix("/f/") == 1);
}

TEST_CASE("h2n5 that closes the connection without a word is not asked for ever", "[client][tiles]") {
  FaultServer server;
  server.script("/tile/v/s0/0_1/16_16/0/0/0.png", {test::closes_unanswered()});
  const auto base = server.url("/tile/v/%SCALE_DATASET%/0_1/16_16/%AXIS_0%/%AXIS_1%/%AXIS_2%");
  const Stack stack(info_of(10, base, "png", 16, 16, {16, 16, 1}), {.session = session(3)});
  const Error error = error_of([&] { (void)stack.scale<std::uint8_t>().load(); });
  CHECK(error.code() == Errc::connection);
  CHECK(server.requests().size() <= 6);
  const auto other = server.url("/tile/v/%SCALE_DATASET%/0_1/32_16/%AXIS_0%/%AXIS_1%/%AXIS_2%");
  CHECK(error_of([&] { (void)Stack(info_of(10, other)).levels(); }).code() == Errc::invalid_metadata);
}
