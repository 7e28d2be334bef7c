// Mirrors that stand in for each other: tiles of 16 x 8 and an N5 volume in blocks of 20 x 24 x 4 that hold the same voxels.
#include <algorithm>
#include <atomic>
#include <catvox/catmaid/stack.hpp>
#include <catvox/core/error.hpp>
#include <functional>
#include <mutex>
#include <random>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/fault_server.hpp"
#include "support/http_server.hpp"
#include "support/png.hpp"

using namespace catvox;
using catvox::test::Answer;
using catvox::test::error_of;
using catvox::test::FaultServer;
using catvox::test::HttpServer;
using catvox::test::Received;
using std::chrono::hours;
using std::chrono::milliseconds;

namespace {

constexpr StackDimension size{40, 24, 9};

std::uint8_t voxel(std::int64_t z, std::int64_t y, std::int64_t x) {
  return static_cast<std::uint8_t>(1 + (x * 3 + y * 7 + z * 29) % 255);
}

// The N5 specification's block: mode 0, dimensions, sizes, then voxels, x first.
std::string n5_block(std::int64_t block_z, std::int64_t block_x) {
  std::string block{0, 0, 0, 3};
  const std::int64_t depth = std::min<std::int64_t>(4, size.z - 4 * block_z);
  for (const std::int64_t extent : {std::int64_t{20}, std::int64_t{24}, depth}) {
    block += {0, 0, 0, static_cast<char>(extent)};
  }
  for (std::int64_t z = 4 * block_z; z < 4 * block_z + depth; ++z) {
    for (std::int64_t y = 0; y < 24; ++y) {
      for (std::int64_t x = 20 * block_x; x < 20 * block_x + 20; ++x) block += static_cast<char>(voxel(z, y, x));
    }
  }
  return block;
}

using TilePlace = std::array<std::int64_t, 3>;  // slice, row, column

struct Servers {
  explicit Servers(std::int64_t n5_width = size.x) {
    tiles.add_prefix("/t/", [this](const Received& received) { return tile(received); });
    n5.add("/v/s0/attributes.json", R"({"dimensions": [)" + std::to_string(n5_width) +
                                        R"(, 24, 9], "blockSize": [20, 24, 4], "dataType": "uint8",
                                        "compression": {"type": "raw"}})");
    n5.add("/v/s1/attributes.json", Answer{.status = 404});
    for (std::int64_t z = 0; z < 3; ++z) {
      for (std::int64_t x = 0; x < 2; ++x) {
        const auto path = "/v/s0/" + std::to_string(x) + "/0/" + std::to_string(z);
        n5.add(path, [this, z, x](const Received&) {
          return n5_fails ? Answer{.status = 500} : Answer{.body = n5_block(z, x)};
        });
      }
    }
  }

  Answer tile(const Received& received) const {
    TilePlace at{};
    std::sscanf(received.path.c_str(), "/t/%ld/%ld_%ld_0.png", &at[0], &at[1], &at[2]);
    {
      const std::lock_guard lock(mutex_);
      if (fails_(at)) return {.status = 500};
      if (missing_(at)) return {.status = 404};
    }
    std::vector<std::uint8_t> pixels;
    for (std::int64_t y = 8 * at[1]; y < 8 * at[1] + 8; ++y) {
      for (std::int64_t x = 16 * at[2]; x < 16 * at[2] + 16; ++x) {
        pixels.push_back(x < size.x ? voxel(at[0], y, x) : std::uint8_t{0});
      }
    }
    return {.body = test::grey_png(pixels, 8, 16), .content_type = "image/png"};
  }

  [[nodiscard]] StackInfo info() const {
    StackInfo info;
    info.stitle = "em";
    info.dimension = size;
    info.num_zoom_levels = 0;
    info.mirrors.push_back({1, "tiles", tiles.url("/t/"), 16, 8, 1, "png", 0});
    info.mirrors.push_back({2, "n5", n5.url("/v/%SCALE_DATASET%/0_1_2"), 20, 24, 11, "", 1});
    return info;
  }

  [[nodiscard]] std::size_t blocks_requested() const {
    return n5.count_prefix("/v/s0/") - n5.count("/v/s0/attributes.json");
  }

  using Which = std::function<bool(const TilePlace&)>;
  void fail(Which which) {
    const std::lock_guard lock(mutex_);
    fails_ = std::move(which);
  }
  void lack(Which which) {
    const std::lock_guard lock(mutex_);
    missing_ = std::move(which);
  }

  std::atomic<bool> n5_fails = false;

 private:
  mutable std::mutex mutex_;  // what was cancelled may still be being answered
  Which fails_ = [](const TilePlace&) { return false; };
  Which missing_ = [](const TilePlace&) { return false; };

 public:
  HttpServer tiles, n5;  // go first
};

StackOptions options(std::size_t cache_bytes = std::size_t{64} << 20) {
  return {.session = HttpSession(HttpOptions{.threads = 2, .retry = {.max_attempts = 1}}), .cache_bytes = cache_bytes};
}

std::size_t wrong_voxels(const xt::xtensor<std::uint8_t, 3>& got, const Index3& first = {0, 0, 0},
                         const Index3& step = {1, 1, 1}) {
  std::size_t wrong = 0;
  for (std::size_t z = 0; z < got.shape(0); ++z) {
    for (std::size_t y = 0; y < got.shape(1); ++y) {
      for (std::size_t x = 0; x < got.shape(2); ++x) {
        wrong += got(z, y, x) != voxel(first[0] + static_cast<std::int64_t>(z) * step[0],
                                       first[1] + static_cast<std::int64_t>(y) * step[1],
                                       first[2] + static_cast<std::int64_t>(x) * step[2]);
      }
    }
  }
  return wrong;
}

ReadStatistics read(const ScaleView<std::uint8_t>& view, xt::xtensor<std::uint8_t, 3>& out,
                    const ReadOptions& options = {.missing = Missing::report}) {
  out = xt::zeros<std::uint8_t>(view.shape());
  return view.read_into(out, options);
}

const auto everything = [](const TilePlace&) { return true; };

}  // namespace

TEST_CASE("where nothing fails the first mirror is read alone", "[client][stand-in]") {
  Servers servers;
  Stack stack(servers.info(), options());
  stack.set_mirrors({"tiles", "n5"});
  CHECK(stack.mirror().title == "tiles");
  CHECK(servers.tiles.count_prefix() == 0);
  CHECK(servers.n5.count("/v/s0/attributes.json") == 1);
  xt::xtensor<std::uint8_t, 3> got;
  const auto statistics = read(stack.scale<std::uint8_t>(), got);
  CHECK(wrong_voxels(got) == 0);
  CHECK(servers.tiles.count_prefix() == 81);
  CHECK(servers.blocks_requested() == 0);
  CHECK(statistics.requests == 81);
  CHECK(statistics.chunks == 81);
  CHECK(statistics.stood_in == 0);
  REQUIRE(statistics.report != nullptr);
  CHECK(statistics.report->mirrors == std::map<std::string, std::int64_t>{{"tiles", 81}});
  CHECK(statistics.report->failures.empty());
}

TEST_CASE("a mirror that fails in the middle of a read leaves the rest to the next", "[client][stand-in]") {
  const TilePlace broken = GENERATE(TilePlace{0, 0, 0}, TilePlace{4, 1, 1}, TilePlace{8, 2, 2}, TilePlace{2, 2, 0});
  const std::size_t cache_bytes = GENERATE(std::size_t{0}, std::size_t{64} << 20);
  CAPTURE(broken, cache_bytes);
  Servers servers;
  servers.fail([broken](const TilePlace& at) { return at == broken; });
  Stack stack(servers.info(), options(cache_bytes));
  stack.set_mirrors({1, 2}, {.retry_after = hours(1)});
  xt::xtensor<std::uint8_t, 3> got;
  const auto statistics = read(stack.scale<std::uint8_t>(), got);
  CHECK(wrong_voxels(got) == 0);
  REQUIRE(statistics.report != nullptr);
  const ReadReport& report = *statistics.report;
  REQUIRE(report.failures.size() == 1);
  CHECK(report.failures[0].mirror == "tiles");
  CHECK(report.failures[0].reason ==
        "cannot fetch tile (level 0, slice " + std::to_string(broken[0]) + ", row " + std::to_string(broken[1]) +
            ", column " + std::to_string(broken[2]) + ") from " + servers.tiles.url("/t/") + std::to_string(broken[0]) +
            "/" + std::to_string(broken[1]) + "_" + std::to_string(broken[2]) + "_0.png: HTTP 500");

  // What the report says of voxels is all that the tiles did not give; each block of them is asked for once a box.
  std::int64_t voxels = 0, parts = 0;
  std::set<std::pair<std::int64_t, std::int64_t>> blocks;
  REQUIRE_FALSE(report.stand_ins.empty());
  for (const StandIn& part : report.stand_ins) {
    CHECK(part.mirror == "n5");
    voxels += volume(part.voxels.shape());
    for (std::int64_t z = part.voxels.min[0] / 4; z <= (part.voxels.max[0] - 1) / 4; ++z) {
      for (std::int64_t x = part.voxels.min[2] / 20; x <= (part.voxels.max[2] - 1) / 20; ++x) {
        blocks.insert({z, x});
        ++parts;
      }
    }
  }
  const std::int64_t tiles = report.mirrors.contains("tiles") ? report.mirrors.at("tiles") : 0;
  CHECK(report.mirrors.at("n5") == parts);
  CHECK(statistics.stood_in == parts);
  CHECK(statistics.chunks == tiles + parts);
  CHECK(voxels >= 8 * 8);  // the tile that failed; the last column's are 8 wide
  CHECK(voxels + tiles * 8 * 8 <= size.x * size.y * size.z);
  CHECK(voxels + tiles * 8 * 16 >= size.x * size.y * size.z);
  CHECK(servers.blocks_requested() == (cache_bytes > 0 ? blocks.size() : static_cast<std::size_t>(parts)));
  const auto of_tiles = servers.tiles.requests();
  std::set<std::string> paths;
  for (const Received& received : of_tiles) paths.insert(received.path);
  CHECK(paths.size() == of_tiles.size());

  // It is passed over for an hour.
  servers.tiles.reset_log();
  CHECK(wrong_voxels(stack.scale<std::uint8_t>().load()) == 0);
  CHECK(servers.tiles.count_prefix() == 0);
}

TEST_CASE("a mirror that is down altogether costs one try, and is asked again when its time is over",
          "[client][stand-in]") {
  Servers servers;
  servers.fail(everything);
  Stack stack(servers.info(), options(0));
  stack.set_mirrors({"tiles", "n5"}, {.retry_after = hours(1)});
  xt::xtensor<std::uint8_t, 3> got;
  auto statistics = read(stack.scale<std::uint8_t>(), got);
  CHECK(wrong_voxels(got) == 0);
  CHECK(statistics.stood_in == 6);
  CHECK(statistics.chunks == 6);
  CHECK(servers.blocks_requested() == 6);
  CHECK(statistics.report->stand_ins.size() == 1);
  CHECK(statistics.report->stand_ins[0].voxels == Box{{0, 0, 0}, {9, 24, 40}});

  servers.tiles.reset_log();
  statistics = read(stack.scale<std::uint8_t>().slice(xt::range(0, 4)), got);
  CHECK(servers.tiles.count_prefix() == 0);
  CHECK(statistics.stood_in == 0);  // n5 is the first now
  CHECK(statistics.report->mirrors == std::map<std::string, std::int64_t>{{"n5", 2}});

  servers.fail([](const TilePlace&) { return false; });
  stack.set_mirrors({"tiles", "n5"}, {.retry_after = milliseconds(0)});
  servers.fail(everything);
  statistics = read(stack.scale<std::uint8_t>(), got);
  CHECK(statistics.stood_in == 6);
  servers.fail([](const TilePlace&) { return false; });
  servers.n5.reset_log();
  statistics = read(stack.scale<std::uint8_t>(), got);  // it came back
  CHECK(wrong_voxels(got) == 0);
  CHECK(statistics.report->mirrors == std::map<std::string, std::int64_t>{{"tiles", 81}});
  CHECK(servers.n5.count_prefix() == 0);
}

TEST_CASE("what is missing is not taken from another mirror, unless asked", "[client][stand-in]") {
  const TilePlace hole{3, 1, 1};
  Servers servers;
  servers.lack([hole](const TilePlace& at) { return at == hole; });
  Stack stack(servers.info(), options());
  stack.set_mirrors({"tiles", "n5"});
  xt::xtensor<std::uint8_t, 3> got;
  auto statistics = read(stack.scale<std::uint8_t>(), got);
  CHECK(wrong_voxels(got) == 8 * 16);
  CHECK(got(3, 8, 16) == 0);
  CHECK(statistics.missing == 1);
  CHECK(servers.blocks_requested() == 0);
  CHECK(std::string(error_of([&] { read(stack.scale<std::uint8_t>(), got, {.missing = Missing::error}); }).what()) ==
        "tile (level 0, slice 3, row 1, column 1) is missing");
  CHECK(servers.blocks_requested() == 0);

  stack.set_mirrors({"tiles", "n5"}, {.missing_too = true});
  for (const Missing missing : {Missing::fill, Missing::report, Missing::error}) {
    statistics = read(stack.scale<std::uint8_t>(), got, {.missing = missing});
    CHECK(wrong_voxels(got) == 0);
    CHECK(statistics.missing == 0);
    CHECK(statistics.stood_in == 2);
  }
  CHECK(servers.blocks_requested() == 2);

  // Where the next one cannot tell, what the first has not is fill.
  servers.n5_fails = true;
  stack.clear_cache();
  statistics = read(stack.scale<std::uint8_t>(), got);
  CHECK(wrong_voxels(got) == 8 * 16);
  CHECK(statistics.missing == 1);
  REQUIRE(statistics.report->missing_chunks.size() == 1);
  CHECK(statistics.report->missing_chunks[0].voxels == Box{{3, 8, 16}, {4, 16, 32}});
  CHECK(std::string(error_of([&] { read(stack.scale<std::uint8_t>(), got, {.missing = Missing::error}); }).what()) ==
        "tile (level 0, slice 3, row 1, column 1) is missing");
}

TEST_CASE("mirrors that are not alike are refused when they are chosen", "[client][stand-in]") {
  Servers servers(41);
  Stack stack(servers.info(), options());
  stack.set_mirror("tiles");
  const Error error = error_of([&] { stack.set_mirrors({"tiles", "n5"}); });
  CHECK(error.code() == Errc::invalid_argument);
  CHECK(std::string(error.what()) ==
        "mirror \"n5\" cannot stand in for \"tiles\": its level 0 has 41 x 24 x 9 voxels (x, y, z), not 40 x 24 x 9");
  CHECK(stack.mirror().title == "tiles");
  CHECK(wrong_voxels(stack.scale<std::uint8_t>().load()) == 0);
  CHECK(error_of([&] { stack.set_mirrors({"tiles", "none"}); }).code() == Errc::not_found);
  CHECK(error_of([&] { stack.set_mirrors({}); }).code() == Errc::invalid_argument);
}

TEST_CASE("a read that no mirror can finish says what is wrong with each", "[client][stand-in]") {
  Servers servers;
  servers.fail(everything);
  servers.n5_fails = true;
  Stack stack(servers.info(), options());
  stack.set_mirrors({"tiles", "n5"});
  const auto part = stack.scale<std::uint8_t>().slice(xt::range(0, 1), xt::range(0, 8), xt::range(0, 16));
  const Error error = error_of([&] { (void)part.load(); });
  CHECK(error.code() == Errc::http_status);
  CHECK(std::string(error.what()) ==
        "no mirror could go on with the read; \"tiles\": cannot fetch tile (level 0, slice 0, row 0, column 0) from " +
            servers.tiles.url("/t/0/0_0_0.png") + ": HTTP 500; \"n5\": cannot fetch block 0/0/0 (level 0) from " +
            servers.n5.url("/v/s0/0/0/0") + ": HTTP 500");
  servers.n5_fails = false;
  CHECK(wrong_voxels(part.load()) == 0);  // all are passed over: all are asked
}

TEST_CASE("a mirror that cannot be opened is stood in for, and used when it can be", "[client][stand-in]") {
  Servers servers;
  servers.n5.add("/v/s0/attributes.json", Answer{.status = 500});
  Stack stack(servers.info(), options());
  stack.set_mirrors({"n5", "tiles"}, {.retry_after = milliseconds(0)});
  CHECK(wrong_voxels(stack.scale<std::uint8_t>().load()) == 0);
  CHECK(stack.mirror().title == "tiles");
  REQUIRE(stack.warnings().size() == 2);
  servers.n5.add("/v/s0/attributes.json", R"({"dimensions": [40, 24, 9], "blockSize": [20, 24, 4],
      "dataType": "uint8", "compression": {"type": "raw"}})");
  xt::xtensor<std::uint8_t, 3> got;
  const auto statistics = read(stack.scale<std::uint8_t>(), got);
  CHECK(wrong_voxels(got) == 0);
  CHECK(statistics.report->mirrors == std::map<std::string, std::int64_t>{{"n5", 6}});
  servers.n5.add("/v/s0/attributes.json", Answer{.status = 500});
  servers.fail(everything);
  Stack none(servers.info(), options());
  CHECK(error_of([&] { none.set_mirrors({"n5"}); }).code() == Errc::http_status);
}

TEST_CASE("a token ends a read without asking the next mirror", "[client][stand-in]") {
  Servers servers;
  FaultServer stalling;
  stalling.script("/t/0/0_0_0.png", {test::stalls()});
  StackInfo info = servers.info();
  info.mirrors[0].image_base = stalling.url("/t/");
  Stack stack(info, options());
  stack.set_mirrors({"tiles", "n5"});
  std::stop_source stop;
  std::jthread stopper([&] {
    while (stalling.count("/t/0/0_0_0.png") == 0) std::this_thread::sleep_for(milliseconds(1));
    stop.request_stop();
  });
  const auto part = stack.scale<std::uint8_t>().slice(xt::range(0, 1), xt::range(0, 8), xt::range(0, 16));
  CHECK(error_of([&] { (void)part.load({.stop = stop.get_token()}); }).code() == Errc::cancelled);
  CHECK(servers.blocks_requested() == 0);
}

TEST_CASE("any selection is right, whichever tile fails, on several threads", "[client][stand-in]") {
  Servers servers;
  std::atomic<std::uint64_t> bad{0};
  servers.fail([&](const TilePlace& at) {
    return static_cast<std::uint64_t>(at[0] * 9 + at[1] * 3 + at[2]) % 7 == bad.load() % 7;
  });
  StackInfo info = servers.info();
  info.broken_slices = {{4, 1}, {5, 1}};
  Stack stack(info, options(std::size_t{1} << 14));
  stack.set_mirrors({"tiles", "n5"}, {.retry_after = milliseconds(0)});
  const auto level = stack.scale<std::uint8_t>();
  const std::array<std::int64_t, 9> shown{0, 1, 2, 3, 3, 6, 6, 7, 8};
  std::atomic<std::size_t> wrong{0};
  const auto work = [&](unsigned seed) {
    std::mt19937 random(seed);
    const auto below = [&](std::int64_t n) { return static_cast<std::int64_t>(random() % static_cast<unsigned>(n)); };
    for (int round = 0; round < 40; ++round) {
      ++bad;
      const std::int64_t z = below(9), y = below(24), x = below(40);
      const std::int64_t z_step = 1 + below(2), y_step = 1 + below(3), x_step = 1 + below(5);
      const auto view = level.slice(xt::range(z, 9, z_step), xt::range(y, 24, y_step), xt::range(x, 40, x_step));
      const auto got = view.load();
      for (std::size_t k = 0; k < got.shape(0); ++k) {
        for (std::size_t j = 0; j < got.shape(1); ++j) {
          for (std::size_t i = 0; i < got.shape(2); ++i) {
            const auto slice = static_cast<std::size_t>(z + static_cast<std::int64_t>(k) * z_step);
            wrong += got(k, j, i) != voxel(shown[slice], y + static_cast<std::int64_t>(j) * y_step,
                                           x + static_cast<std::int64_t>(i) * x_step);
          }
        }
      }
    }
  };
  {
    std::jthread first(work, 1), second(work, 2);
    work(3);
  }
  CHECK(wrong == 0);
}

TEST_CASE("one channel of tiles that stand in for tiles", "[client][stand-in]") {
  Servers servers, others;
  servers.fail([](const TilePlace& at) { return at[0] == 5; });
  StackInfo info = servers.info();
  info.mirrors[1] = {2, "others", others.tiles.url("/t/"), 16, 8, 1, "png", 1};
  Stack stack(info, options());
  stack.set_mirrors({"tiles", "others"});
  const auto all = stack.scale<std::uint8_t, 4>().load();
  for (std::size_t c = 0; c < 3; ++c) CHECK(wrong_voxels(xt::view(all, c)) == 0);
  CHECK(xt::amin(xt::view(all, 3))() == 255);
  CHECK(stack.scale<std::uint8_t, 4>().dims()[0] == "c");
}
