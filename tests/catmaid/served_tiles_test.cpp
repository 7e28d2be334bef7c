// Mirrors whose tiles a server makes, from the stack info to voxels, in every orientation. The servers here know nothing
// of tiles but what the real ones' own documents and code say.
#include <catvox/catmaid/catmaid_client.hpp>
#include <catvox/core/error.hpp>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/http_server.hpp"
#include "support/png.hpp"

using namespace catvox;
using catvox::test::Answer;
using catvox::test::error_of;
using catvox::test::Received;
using Voxels = xt::xtensor<std::uint8_t, 3>;

namespace {

// A volume of 50 x 34 x 20 voxels along x, y, z, without a 0 inside; level counts when the stack's plane is halved.
constexpr std::int64_t size_of[] = {50, 34, 20};

std::uint8_t voxel(int level, std::int64_t x, std::int64_t y, std::int64_t z) {
  return static_cast<std::uint8_t>(1 + (x * 3 + y * 7 + z * 29 + level * 101) % 255);
}

using Point = std::array<std::int64_t, 3>;  // x, y, z

// An image `width` pixels wide along axis `across` and `height` tall along `down`, from `at`; 0 beyond the volume.
std::vector<std::uint8_t> cut(int level, Point at, std::size_t across, std::size_t down, std::int64_t width,
                              std::int64_t height) {
  std::vector<std::uint8_t> pixels;
  for (std::int64_t row = 0; row < height; ++row) {
    for (std::int64_t column = 0; column < width; ++column) {
      Point p = at;
      p[across] += column;
      p[down] += row;
      bool inside = true;
      for (std::size_t axis = 0; axis < 3; ++axis) {
        const bool scaled = axis == across || axis == down;
        inside = inside && p[axis] >= 0 && p[axis] < (size_of[axis] >> (scaled ? level : 0));
      }
      pixels.push_back(inside ? voxel(level, p[0], p[1], p[2]) : std::uint8_t{0});
    }
  }
  return pixels;
}

Answer png(const std::vector<std::uint8_t>& pixels, std::int64_t height, std::int64_t width) {
  return {.body = test::grey_png(pixels, static_cast<std::uint32_t>(height), static_cast<std::uint32_t>(width)),
          .content_type = "image/png"};
}

Answer image(int level, Point at, std::size_t across, std::size_t down, std::int64_t width, std::int64_t height) {
  return png(cut(level, at, across, down, width, height), height, width);
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts{""};
  for (const char c : text) {
    if (c == separator) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

std::int64_t number(const std::string& text) { return std::stoll(text); }

std::map<std::string, std::string> query_of(const Received& received) {
  std::map<std::string, std::string> members;
  for (const auto& member : split(received.query, '&')) {
    const auto equals = member.find('=');
    if (equals != std::string::npos) members[member.substr(0, equals)] = member.substr(equals + 1);
  }
  return members;
}

Answer refusal(int status, const std::string& type, const std::string& words) {
  return {.status = status,
          .body = R"({"error": ")" + words + R"(", "type": ")" + type + R"("})",
          .content_type = "application/json"};
}

// The planes of DVID and the Boss: which axes an image shows, across and down.
const std::map<std::string, std::pair<std::size_t, std::size_t>> planes{
    {"xy", {0, 1}}, {"0_1", {0, 1}}, {"xz", {0, 2}}, {"0_2", {0, 2}}, {"yz", {1, 2}}, {"1_2", {1, 2}}};

// …/raw/DIMS/SIZE/OFFSET/FORMAT
Answer dvid_voxels(const Received& received) {
  const auto parts = split(received.path.substr(std::string("/api/node/u/grey/raw/").size()), '/');
  if (parts.size() != 4 || !planes.contains(parts[0]) || parts[3] != "png") {
    return {.status = 400, .body = "unknown shape or format", .content_type = "text/plain"};
  }
  const auto [across, down] = planes.at(parts[0]);
  const auto size = split(parts[1], '_'), offset = split(parts[2], '_');
  return image(0, {number(offset[0]), number(offset[1]), number(offset[2])}, across, down, number(size[0]),
               number(size[1]));
}

// …/tile/PLANE/LEVEL/X_Y_Z; tiles of 16 x 8 x 4 at level 0 and 8 x 16 x 4 at level 1
Answer dvid_tiles(const Received& received) {
  const auto parts = split(received.path.substr(std::string("/api/node/u/tiles/tile/").size()), '/');
  const bool noblanks = query_of(received)["noblanks"] == "true";
  const auto level = static_cast<int>(number(parts.at(1)));
  if (level > 1) return {.status = noblanks ? 404 : 400, .body = "no such level", .content_type = "text/plain"};
  const auto [across, down] = planes.at(parts[0]);
  const Point tile = level == 0 ? Point{16, 8, 4} : Point{8, 16, 4};
  const auto index = split(parts.at(2), '_');
  Point at{number(index[0]), number(index[1]), number(index[2])};
  if (at[2] == 19 && parts[0] == "xy" && noblanks) return {.status = 404};  // slice 19 was never written
  at[across] *= tile[across];
  at[down] *= tile[down];
  return image(level, at, across, down, tile[across], tile[down]);
}

// /tile/v/sS/I_J/W_H/X/Y/Z.FORMAT: I and J run across and down
Answer h2n5(const Received& received) {
  const auto parts = split(received.path.substr(std::string("/tile/").size()), '/');
  if (parts.size() != 7 || parts[0] != "v" || parts[1].size() != 2) return {.status = 404};
  const auto plane = split(parts[2], '_'), size = split(parts[3], '_');
  const Point at{number(parts[4]), number(parts[5]), number(split(parts[6], '.')[0])};
  return image(static_cast<int>(number(parts[1].substr(1))), at, static_cast<std::size_t>(number(plane[0])),
               static_cast<std::size_t>(number(plane[1])), number(size[0]), number(size[1]));
}

// /v1/tile/C/E/L/PLANE/SIZE/LEVEL/X/Y/Z
Answer boss(const Received& received) {
  if (received.header("authorization") != "Token sesame") return refusal(401, "NotAuthenticated", "who are you");
  const auto parts = split(received.path.substr(std::string("/v1/tile/C/E/L/").size()), '/');
  const auto [across, down] = planes.at(parts.at(0));
  const std::int64_t side = number(parts.at(1));
  Point at{number(parts.at(3)), number(parts.at(4)), number(parts.at(5))};
  for (const std::size_t axis : {across, down}) {
    at[axis] *= side;
    if (at[axis] + side > size_of[axis]) return refusal(400, "INVALID_CUTOUT_ARGS", "outside of the frame");
  }
  return image(0, at, across, down, side, side);
}

// /render-ws/…/stack/S/largeDataTileSource/W/H/S/Z/R/C.png
Answer render(const Received& received) {
  const auto parts = split(received.path.substr(std::string("/render-ws/").size()), '/');
  if (parts.at(0) != "S") return {.status = 404, .body = "stack X does not exist", .content_type = "text/plain"};
  const std::int64_t w = number(parts.at(2)), h = number(parts.at(3));
  const auto level = static_cast<int>(number(parts.at(4)));
  const Point at{number(split(parts.at(7), '.')[0]) * w, number(parts.at(6)) * h, number(parts.at(5))};
  auto query = query_of(received);
  const bool enough = !query["maxTileSpecsToRender"].empty() && number(query["maxTileSpecsToRender"]) >= 41;
  if (!enough) return png(std::vector<std::uint8_t>(static_cast<std::size_t>(w * h), 150), h, w);  // outlines
  return image(level, at, 0, 1, w, h);
}

// /1/stack/2/tile?…, as CATMAID's own view does it
Answer catmaid_tile(const Received& received) {
  if (received.header("x-authorization") != "Token t") return refusal(403, "PermissionError", "no permission");
  auto query = query_of(received);
  const std::int64_t x = number(query["x"]), y = number(query["y"]), z = number(query["z"]);
  const std::int64_t w = number(query["width"]), h = number(query["height"]);
  const double scale = std::stod(query["scale"]);
  if (query["format"] == "hdf5") {
    if (scale < 1) return png(std::vector<std::uint8_t>(static_cast<std::size_t>(w * h), 0), h, w);
    if (z >= size_of[2]) return refusal(500, "KeyError", "no such slice");
    if (x + w > size_of[0] || y + h > size_of[1]) return refusal(400, "ValueError", "buffer is not large enough");
    return image(0, {x, y, z}, 0, 1, w, h);
  }
  if (query["file_extension"] != "jpeg" && query["file_extension"] != "png") return refusal(500, "KeyError", "'JPG'");
  if (query["basename"] != "precomputed%3A%2F%2Fgs%3A%2F%2Fb%2Fv") return refusal(500, "InfoUnavailableError", "none");
  if (z == 7) return refusal(500, "EmptyVolumeException", "no such chunk");
  return image(scale == 1 ? 0 : scale == 0.5 ? 1 : 2, {x, y, z}, 0, 1, w, h);
}

// b?x=…: full-resolution voxels; clipped at the edge
Answer volumina(const Received& received) {
  auto query = query_of(received);
  const std::int64_t x = number(query["x"]), y = number(query["y"]);
  if (query["scale"] != "1" || x >= size_of[0] || y >= size_of[1]) return {.status = 500};
  const std::int64_t w = std::min(number(query["width"]), size_of[0] - x);
  const std::int64_t h = std::min(number(query["height"]), size_of[1] - y);
  return image(0, {x, y, number(query["z"])}, 0, 1, w, h);
}

struct Servers {
  Servers() {
    server.add_prefix("/api/node/u/grey/raw/", &dvid_voxels);
    server.add("/api/node/u/tiles/metadata", R"({"MinTileCoord": [0, 0, 0], "Levels": {
        "0": {"Resolution": [4.0, 4.0, 40.0], "TileSize": [16, 8, 4]},
        "1": {"Resolution": [8.0, 8.0, 80.0], "TileSize": [8, 16, 4]}}})");
    server.add_prefix("/api/node/u/tiles/tile/", &dvid_tiles);
    server.add_prefix("/tile/", &h2n5);
    server.add_prefix("/v1/tile/", &boss);
    server.add_prefix("/render-ws/", &render);
    server.add_prefix("/1/stack/2/tile", &catmaid_tile);
    server.add("/volumina", &volumina);
    server.add("/projects/", R"([{"id": 1, "title": "p"}])");
  }

  [[nodiscard]] Stack stack(int type, const std::string& base, Orientation orientation, std::int64_t width,
                            std::int64_t height) {
    StackInfo info;
    info.sid = 2;
    info.pid = 1;
    info.stitle = "em";
    info.orientation = orientation;
    info.dimension = orientation == Orientation::xy   ? StackDimension{50, 34, 20}
                     : orientation == Orientation::xz ? StackDimension{50, 20, 34}
                                                      : StackDimension{20, 34, 50};
    info.num_zoom_levels = 1;
    info.mirrors.push_back({1, "m", base, width, height, type, "png", 0});
    server.add("/1/stack/2/info", info.to_json());
    const CatmaidClient client(
        {.server = server.url("/"),
         .project_id = 1,
         .api_token = "t",
         .session = HttpSession(
             HttpOptions{.threads = 1, .retry = {.max_attempts = 2, .initial_delay = std::chrono::milliseconds(1)}})});
    Stack opened = client.stack(2);
    server.reset_log();
    return opened;
  }

  test::HttpServer server;
};

// Every voxel of a part of a level against the volume.
void check(const Voxels& got, int level, Orientation orientation, const Index3& first = {0, 0, 0}) {
  std::size_t wrong = 0;
  for (std::size_t k = 0; k < got.shape()[0]; ++k) {
    for (std::size_t j = 0; j < got.shape()[1]; ++j) {
      for (std::size_t i = 0; i < got.shape()[2]; ++i) {
        const auto z = first[0] + static_cast<std::int64_t>(k), y = first[1] + static_cast<std::int64_t>(j),
                   x = first[2] + static_cast<std::int64_t>(i);
        const auto expected = orientation == Orientation::xy   ? voxel(level, x, y, z)
                              : orientation == Orientation::xz ? voxel(level, x, z, y)
                                                               : voxel(level, z, y, x);
        wrong += got(k, j, i) != expected;
      }
    }
  }
  CHECK(wrong == 0);
}

bool token_was_sent(const test::HttpServer& server) {
  for (const auto& received : server.requests()) {
    if (!received.header("x-authorization").empty()) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("DVID voxels in every orientation, tiles of any shape", "[client][tiles]") {
  const auto [orientation, dims] = GENERATE(
      table<Orientation, std::string>({{Orientation::xy, "xy"}, {Orientation::xz, "0_2"}, {Orientation::zy, "1_2"}}));
  CAPTURE(dims);
  Servers servers;
  const auto stack = servers.stack(6, servers.server.url("/api/node/u/grey/raw/" + dims + "/"), orientation, 16, 8);
  CHECK(stack.levels() == 1);  // the URL has no level
  const auto level = stack.scale<std::uint8_t>(0);
  check(level.load(), 0, orientation);
  const Voxels part = level.slice(xt::range(3, 5), xt::range(5, 19), xt::range(11, 18));
  check(part, 0, orientation, {3, 5, 11});
  CHECK_FALSE(token_was_sent(servers.server));
}

TEST_CASE("DVID tiles in every orientation, whose size differs from level to level", "[client][tiles]") {
  const auto [orientation, width, height] = GENERATE(table<Orientation, std::int64_t, std::int64_t>(
      {{Orientation::xy, 16, 8}, {Orientation::xz, 16, 4}, {Orientation::zy, 4, 8}}));
  CAPTURE(width);
  Servers servers;
  const auto stack = servers.stack(8, servers.server.url("/api/node/u/tiles/tile/"), orientation, width, height);
  CHECK(stack.levels() == 2);
  for (const int s : {0, 1}) {
    const auto level = stack.scale<std::uint8_t>(s);
    if (orientation == Orientation::xy) {
      check(Voxels(level.slice(xt::range(0, 19))), s, orientation);
      for (const auto value : Voxels(level.slice(xt::range(19, 20)))) REQUIRE(value == 0);  // missing, not blank
    } else {
      check(level.load(), s, orientation);
    }
  }
}

TEST_CASE("DVID tiles: a level that the server does not have is not black", "[client][tiles]") {
  Servers servers;
  auto stack = servers.stack(8, servers.server.url("/api/node/u/tiles/tile/"), Orientation::xy, 16, 8);
  StackInfo info = stack.info();
  info.num_zoom_levels = 3;
  info.downsample_factors = {{1, 1, 1}, {2, 2, 2}, {4, 4, 4}, {8, 8, 8}};
  const Stack deep(info);
  CHECK(deep.levels() == 1);
  CHECK(deep.warnings() ==
        std::vector<std::string>{"level 1 is left out: its factor in z is not 1, as those of DVID tiles are"});
  CHECK(error_of([&] { (void)deep.scale<std::uint8_t>(2); }).code() == Errc::not_found);
}

TEST_CASE("h2n5 in every orientation: the server transposes", "[client][tiles]") {
  const auto [orientation, base] = GENERATE(table<Orientation, std::string>({
      {Orientation::xy, "0_1/16_8/%AXIS_0%/%AXIS_1%/%AXIS_2%"},
      {Orientation::xz, "0_2/16_8/%AXIS_0%/%AXIS_2%/%AXIS_1%"},
      {Orientation::zy, "2_1/16_8/%AXIS_2%/%AXIS_1%/%AXIS_0%/"},
  }));
  CAPTURE(base);
  Servers servers;
  const auto stack = servers.stack(10, servers.server.url("/tile/v/%SCALE_DATASET%/" + base), orientation, 16, 8);
  for (const int s : {0, 1}) check(stack.scale<std::uint8_t>(s).load(), s, orientation);
}

TEST_CASE("render: pixels instead of outlines, and an unknown stack is an error", "[client][tiles]") {
  Servers servers;
  const auto stack = servers.stack(7, servers.server.url("/render-ws/S/"), Orientation::xy, 16, 8);
  for (const int s : {0, 1}) check(stack.scale<std::uint8_t>(s).load(), s, Orientation::xy);
  const auto none = servers.stack(7, servers.server.url("/render-ws/X/"), Orientation::xy, 16, 8);
  const Error error = error_of([&] { (void)none.scale<std::uint8_t>(0).load(); });
  CHECK(error.code() == Errc::http_status);
  CHECK(error.context().http_status == 404);
}

TEST_CASE("the Boss in every orientation: a token, and tiles at the border are refused", "[client][tiles]") {
  const auto orientation = GENERATE(Orientation::xy, Orientation::xz, Orientation::zy);
  CAPTURE(static_cast<int>(orientation));
  Servers servers;
  auto stack = servers.stack(12, servers.server.url("/v1/tile/C/E/L/"), orientation, 16, 16);
  const auto inside = [&] {
    return Voxels(stack.scale<std::uint8_t>(0).slice(xt::range(2, 4), xt::range(1, 16), xt::range(3, 16)));
  };
  CHECK(error_of([&] { (void)inside(); }).code() == Errc::unauthorized);
  stack.set_mirror_session(
      "m", HttpSession(HttpOptions{.retry = {.max_attempts = 1}, .headers = {{"Authorization", "Token sesame"}}}));
  check(inside(), 0, orientation, {2, 1, 3});
  const Error border = error_of([&] { (void)stack.scale<std::uint8_t>(0).load(); });
  CHECK(border.code() == Errc::http_status);
  CHECK(border.context().http_status == 400);
}

TEST_CASE("HDF5 by CATMAID: its token, clipped tiles, level 0 only", "[client][tiles]") {
  Servers servers;
  const auto stack = servers.stack(3, "em", Orientation::xy, 16, 8);
  CHECK(stack.levels() == 1);
  check(stack.scale<std::uint8_t>(0).load(), 0, Orientation::xy);
  CHECK(token_was_sent(servers.server));
}

TEST_CASE("CloudVolume by CATMAID: its token, jpeg for jpg, missing chunks are errors", "[client][tiles]") {
  Servers servers;
  const auto stack = servers.stack(13, " precomputed://gs://b/v", Orientation::xy, 16, 8);
  for (const int s : {0, 1}) {
    check(Voxels(stack.scale<std::uint8_t>(s).slice(xt::range(8, 20))), s, Orientation::xy, {8, 0, 0});
  }
  CHECK(token_was_sent(servers.server));
  const Error error = error_of(
      [&] { (void)Voxels(stack.scale<std::uint8_t>(0).slice(xt::range(7, 8), xt::range(0, 1), xt::range(0, 1))); });
  CHECK(error.code() == Errc::http_status);
  CHECK(error.context().http_status == 500);
  const Stack elsewhere(stack.info());
  CHECK(std::string(error_of([&] { (void)elsewhere.levels(); }).what()) ==
        "cannot open mirror \"m\" of stack \"em\", image_base \"precomputed://gs://b/v\": a CATMAID server makes its "
        "tiles, and no URL of one is known");
}

TEST_CASE("request queries: level 0, tiles that are cut at the edge", "[client][tiles]") {
  Servers servers;
  const auto stack = servers.stack(2, servers.server.url("/volumina"), Orientation::xy, 16, 16);
  CHECK(stack.levels() == 1);
  check(stack.scale<std::uint8_t>(0).load(), 0, Orientation::xy);
}
