// The stacks of a group: channels of one grid as one array, views as stacks.
#include <catvox/catmaid/catmaid_client.hpp>
#include <catvox/core/error.hpp>
#include <string>
#include <vector>
#include <xtensor/xview.hpp>

#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/http_server.hpp"
#include "support/png.hpp"

using namespace catvox;
using catvox::test::error_of;
using catvox::test::HttpServer;

namespace {

std::uint8_t voxel(std::int64_t stack, std::int64_t z, std::int64_t y, std::int64_t x) {
  return static_cast<std::uint8_t>(1 + (stack * 83 + x * 3 + y * 7 + z * 29) % 255);
}

// Stacks 1 and 2 are channels of 20 x 12 x 3 voxels in tiles of 16 x 8, stack 3 a view of them from the side.
struct Instance {
  Instance() {
    for (const std::int64_t id : {1, 2, 3}) publish(id);
    server.add("/projects/",
               R"([{"id": 1, "title": "p", "stacks": [], "stackgroups": [{"id": 5, "title": "stainings"}]}])");
    server.add("/1/stackgroup/5/info", R"({"id": 5, "project_id": "1", "title": "stainings", "stacks": [
        {"id": 2, "relation": "channel", "position": 2}, {"id": 1, "relation": "channel", "position": 0},
        {"id": 3, "relation": "view", "position": 1}]})");
  }

  void publish(std::int64_t id, double resolution = 4, std::int64_t width = 20) {
    StackInfo info;
    info.sid = id;
    info.pid = 1;
    info.stitle = "stack " + std::to_string(id);
    info.dimension = {width, 12, 3};
    info.resolution = {resolution, 4, 40};
    info.num_zoom_levels = 0;
    info.orientation = id == 3 ? Orientation::xz : Orientation::xy;
    info.mirrors.push_back({1, "m", server.url("/" + std::to_string(id) + "t/"), 16, 8, 1, "png", 0});
    server.add("/1/stack/" + std::to_string(id) + "/info", info.to_json());
    for (std::int64_t z = 0; z < 3; ++z) {
      for (std::int64_t row = 0; row < 2; ++row) {
        for (std::int64_t column = 0; column < 2; ++column) {
          std::vector<std::uint8_t> pixels;
          for (std::int64_t i = 0; i < 8 * 16; ++i)
            pixels.push_back(voxel(id, z, row * 8 + i / 16, column * 16 + i % 16));
          server.add("/" + std::to_string(id) + "t/" + std::to_string(z) + "/" + std::to_string(row) + "_" +
                         std::to_string(column) + "_0.png",
                     test::grey_png(pixels, 8, 16), "image/png");
        }
      }
    }
  }

  [[nodiscard]] CatmaidClient client() const {
    return CatmaidClient({.server = server.url("/"),
                          .project_id = 1,
                          .session = HttpSession(HttpOptions{.threads = 2, .retry = {.max_attempts = 1}})});
  }

  HttpServer server;
};

}  // namespace

TEST_CASE("channel stacks of one grid are one array of four axes", "[client][channels]") {
  Instance instance;
  const GroupedStacks group = instance.client().open_group("stainings");
  CHECK(group.group.title == "stainings");
  REQUIRE(group.channels.size() == 2);
  CHECK(group.channels[0].info().sid == 1);
  CHECK(group.channels[1].info().sid == 2);
  REQUIRE(group.views.size() == 1);
  CHECK(group.views[0].info().orientation == Orientation::xz);

  instance.server.reset_log();
  const auto all = group.scale<std::uint8_t, 4>(0);
  CHECK(all.shape() == std::array<std::size_t, 4>{2, 3, 12, 20});
  CHECK(all.dims() == std::array<std::string_view, 4>{"c", "z", "y", "x"});
  CHECK(instance.server.count_prefix() == 0);
  std::vector<Progress> progress;
  xt::xtensor<std::uint8_t, 4> got(all.shape());
  const auto statistics = all.read_into(
      got, {.missing = Missing::report, .progress = [&](const Progress& now) { progress.push_back(now); }});
  CHECK(statistics.requests == 24);
  CHECK(instance.server.count_prefix() == 24);
  CHECK(statistics.report->served.at(instance.server.url()) == 24);
  CHECK(progress.back().chunks_done == 24);
  CHECK(progress.back().chunks_total == 24);
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    const auto at = static_cast<std::int64_t>(i);
    wrong += got.flat(i) != voxel(1 + at / 720, at / 240 % 3, at / 20 % 12, at % 20);
  }
  CHECK(wrong == 0);
  CHECK((all.slice(1).load() == xt::view(got, 1)));
  CHECK((all.slice(xt::range(1, 2), 2, xt::range(3, 9)).load() == xt::view(got, xt::range(1, 2), 2, xt::range(3, 9))));
  CHECK((group.views[0].scale<std::uint8_t>().at(1, 2, 3) == voxel(3, 1, 2, 3)));
  CHECK(instance.server.count_prefix("/1t/") == 12);
}

TEST_CASE("channel stacks that share no grid say so", "[client][channels]") {
  Instance instance;
  instance.publish(2, 8);
  const auto elsewhere = instance.client().open_group(5);
  const Error error = error_of([&] { (void)elsewhere.scale<std::uint8_t, 4>(0); });
  CHECK(error.code() == Errc::invalid_argument);
  CHECK(
      std::string(error.what()) ==
      "the channels of stack group \"stainings\" share no grid: stack \"stack 2\" is not like \"stack 1\", its level 0 "
      "lies elsewhere in the world");
  instance.publish(2, 4, 19);
  const auto narrower = instance.client().open_group(5);
  CHECK(
      std::string(error_of([&] { (void)narrower.scale<std::uint8_t, 4>(0); }).what()) ==
      "the channels of stack group \"stainings\" share no grid: stack \"stack 2\" is not like \"stack 1\", its level 0 "
      "has 19 x 12 x 3 voxels (x, y, z), not 20 x 12 x 3");
  CHECK(narrower.channels[1].scale<std::uint8_t>().at(0, 0, 18) == voxel(2, 0, 0, 18));
  const GroupedStacks views{StackGroup{5, 1, "views", {}}, {}, {}};
  CHECK(std::string(error_of([&] { (void)views.scale<std::uint8_t, 4>(0); }).what()) ==
        "stack group \"views\" has no stack of relation \"channel\"");
}
