// The stress of stress_test.cpp over libcurl and a real server, with a stack whose mirrors are chosen again and again.

#include <atomic>
#include <catvox/catmaid/stack.hpp>
#include <catvox/core/error.hpp>
#include <cstdint>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "read/array_fixture.hpp"
#include "read/stress.hpp"
#include "support/catch.hpp"
#include "support/http_server.hpp"
#include "support/png.hpp"

using namespace catvox;
using namespace catvox::test;

TEST_CASE("under stress a stack on a real server gives every voxel", "[read][stress]") {
  constexpr std::int64_t depth = 6, across = 4, side = 32;
  const auto voxel = [](std::int64_t z, std::int64_t y, std::int64_t x) {
    return static_cast<std::uint8_t>(1 + (z * 29 + y * 7 + x * 3) % 255);
  };
  HttpServer server;
  for (std::int64_t z = 0; z < depth; ++z) {
    for (std::int64_t i = 0; i < across * across; ++i) {
      std::vector<std::uint8_t> pixels;
      for (std::int64_t at = 0; at < side * side; ++at) {
        pixels.push_back(voxel(z, i / across * side + at / side, i % across * side + at % side));
      }
      const std::string png = grey_png(pixels, side, side);
      for (const char* mirror : {"/a/", "/b/"}) {
        server.add(
            mirror + std::to_string(z) + "/" + std::to_string(i / across) + "_" + std::to_string(i % across) + "_0.png",
            png, "image/png");
      }
    }
  }
  const auto mirror = [&](int id) {
    return R"({"id": )" + std::to_string(id) + R"(, "title": "m)" + std::to_string(id) + R"(", "image_base": ")" +
           server.url(id == 1 ? "/a/" : "/b/") +
           R"(", "tile_width": 32, "tile_height": 32, "tile_source_type": 1, "file_extension": "png", "position": )" +
           std::to_string(id) + "}";
  };
  const StackInfo info = StackInfo::from_json(
      R"({"sid": 1, "pid": 1, "ptitle": "p", "stitle": "s", "comment": null, "description": "", "metadata": null,
          "attribution": null, "placeholder_color": null, "num_zoom_levels": 0, "downsample_factors": null,
          "translation": {"x": 0, "y": 0, "z": 0}, "resolution": {"x": 1, "y": 1, "z": 1},
          "dimension": {"x": 128, "y": 128, "z": 6}, "canary_location": {"x": 0, "y": 0, "z": 0}, "broken_slices": {},
          "orientation": 0, "mirrors": [)" +
      mirror(1) + "," + mirror(2) + "]}");
  const Stack stack(info, {.cache_bytes = std::size_t{64} << 10});
  const Shape3 shape{depth, across * side, across * side};
  const auto end = end_of_stress();
  std::atomic<std::int64_t> reads = 0, wrong = 0, failed = 0;
  {
    std::vector<std::jthread> threads;
    for (unsigned seed = 1; seed <= 4; ++seed) {
      threads.emplace_back([&, seed] {
        Dice dice(seed);
        Stack mine = stack;  // one cache, mirrors of its own
        auto level = mine.source(0);
        while (StressClock::now() < end) {
          if (dice.one_in(10)) {
            if (dice.one_in(2)) mine.set_broken_slices(BrokenSlicePolicy::fill);
            mine.set_mirror(static_cast<int>(1 + dice.below(2)));
            level = mine.source(0);
          }
          std::stop_source stop;
          std::jthread firing;
          if (dice.one_in(3)) firing = fire_soon(dice, stop);
          const Selection3 selection = random_box(dice, shape);
          try {
            if (dice.one_in(4)) {
              level->prefetch(selection, stop.get_token());
              continue;
            }
            ++reads;
            const auto got = read(*level, selection, nullptr, {.missing = Missing::error, .stop = stop.get_token()});
            std::size_t at = 0;
            for (std::int64_t z = 0; z < selection[0].count; ++z) {
              for (std::int64_t y = 0; y < selection[1].count; ++y) {
                for (std::int64_t x = 0; x < selection[2].count; ++x) {
                  const auto want =
                      voxel(selection[0].start + z * selection[0].step, selection[1].start + y * selection[1].step,
                            selection[2].start + x * selection[2].step);
                  wrong += got[at++] != static_cast<std::byte>(want);
                }
              }
            }
          } catch (const Error& error) {
            if (error.code() != Errc::cancelled) ++failed;
          }
        }
      });
    }
  }
  CHECK(wrong == 0);
  CHECK(failed == 0);
  CHECK(reads > 20);
  const CacheStatistics statistics = stack.cache_statistics();
  CHECK(statistics.bytes <= statistics.max_bytes);
  CHECK(statistics.requests <= static_cast<std::int64_t>(server.count_prefix()));
}
