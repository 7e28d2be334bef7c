#include <catvox/catmaid/stack.hpp>
#include <catvox/core/error.hpp>
#include <catvox/geometry/level_geometry.hpp>
#include <chrono>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "catmaid/instance.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/fault_server.hpp"
#include "support/temp_dir.hpp"

using namespace catvox;
using catvox::test::error_of;
using namespace std::chrono_literals;
using catvox::test::Instance;
using catvox::test::voxel;
using Voxels = xt::xtensor<std::uint8_t, 3>;

namespace {

// Every voxel of a part of a level, by formula. `source` maps an array slice to the slice that the viewer shows.
void check_voxels(const Voxels& got, int level, const Index3& first,
                  const std::map<std::int64_t, std::int64_t>& source = {}) {
  std::size_t wrong = 0;
  for (std::size_t z = 0; z < got.shape()[0]; ++z) {
    for (std::size_t y = 0; y < got.shape()[1]; ++y) {
      for (std::size_t x = 0; x < got.shape()[2]; ++x) {
        auto slice = first[0] + static_cast<std::int64_t>(z);
        if (const auto it = source.find(slice); it != source.end()) slice = it->second;
        wrong += got(z, y, x) !=
                 voxel(level, slice, first[1] + static_cast<std::int64_t>(y), first[2] + static_cast<std::int64_t>(x));
      }
    }
  }
  CHECK(wrong == 0);
}

// Broken 4, 5, 6: the viewer shows 3, 3 and 7.
const std::map<std::int64_t, std::int64_t> viewer{{4, 3}, {5, 3}, {6, 7}};

}  // namespace

TEST_CASE("every mirror type gives every voxel of every level", "[client]") {
  const Instance instance;
  auto stack = instance.client().stack("em");
  for (const int mirror : {11, 14, 15}) {
    stack.set_mirror(mirror);
    CHECK(stack.levels() == 3);
    for (int s = 0; s < 3; ++s) {
      CAPTURE(mirror, s);
      CHECK(stack.dtype(s) == DType::uint8);
      const Voxels got = stack.scale<std::uint8_t>(s);
      REQUIRE(got.shape() ==
              std::array<std::size_t, 3>{12, static_cast<std::size_t>(70 >> s), static_cast<std::size_t>(100 >> s)});
      check_voxels(got, s, {0, 0, 0}, viewer);
    }
  }
}

TEST_CASE("the URLs are those of the tile source types", "[client]") {
  Instance instance;
  auto stack = instance.client().stack(1);
  const auto [mirror, target] = GENERATE(table<int, std::string>({
      {11, "/t1/9/1_2_1.png"},
      {14, "/t4/9/1/1_2.jpg"},
      {15, "/t5/1/9/1/2.png?v=2"},
  }));
  stack.set_mirror(mirror);
  instance.server.reset_log();
  // Level 1 is 35 x 50: row 1 holds 16 to 31, column 2 (which the level does not have in type 1's sense) none.
  const Voxels got = stack.scale<std::uint8_t>(0).slice(xt::range(9, 10), xt::range(16, 17), xt::range(64, 65));
  REQUIRE(instance.server.requests().size() == 1);
  std::string expected = target;
  // The same tile at level 0.
  if (mirror == 11) expected = "/t1/9/1_2_0.png";
  if (mirror == 14) expected = "/t4/9/0/1_2.jpg";
  if (mirror == 15) expected = "/t5/0/9/1/2.png?v=2";
  CHECK(instance.server.requests()[0].target() == expected);
}

TEST_CASE("a crop costs exactly the tiles that it meets", "[client]") {
  Instance instance;
  const auto stack = instance.client().stack(1);
  const auto level = stack.scale<std::uint8_t>(0);
  instance.server.reset_log();

  SECTION("a box inside one tile: one request") {
    const Voxels got = level.slice(xt::range(0, 1), xt::range(20, 30), xt::range(40, 60));
    check_voxels(got, 0, {0, 20, 40});
    CHECK(instance.server.count_prefix() == 1);
  }
  SECTION("a box over 2 x 3 tiles in 4 slices: 24") {
    const Voxels got = level.slice(xt::range(0, 4), xt::range(15, 17), xt::range(31, 65));
    check_voxels(got, 0, {0, 15, 31});
    CHECK(instance.server.count_prefix() == 24);
  }
  SECTION("a broken slice: none of its own") {
    const Voxels got = level.slice(xt::range(3, 8), xt::range(0, 16), xt::range(0, 32));
    check_voxels(got, 0, {3, 0, 0}, viewer);
    CHECK(instance.server.count_prefix() == 2);  // slices 3 and 7 for all five
  }
  SECTION("borders of tiles") {
    for (const std::int64_t y : {15, 16, 17}) {
      for (const std::int64_t x : {31, 32, 33}) {
        CAPTURE(y, x);
        const Voxels before = level.slice(xt::range(8, 9), xt::range(0, y), xt::range(0, x));
        check_voxels(before, 0, {8, 0, 0});
        const Voxels behind = level.slice(xt::range(8, 9), xt::range(y, 70), xt::range(x, 100));
        check_voxels(behind, 0, {8, y, x});
      }
    }
  }
}

TEST_CASE("what was prefetched costs a read no request", "[client]") {
  Instance instance;
  const auto stack = instance.client().stack(1);
  instance.server.reset_log();
  const WorldBox box{.min = {1000 + 4 * 10, 2000 + 5 * 20, 3000}, .max = {1000 + 4 * 60, 2000 + 5 * 40, 3080}};
  stack.scale<std::uint8_t>(0).prefetch(box);  // the view is gone at once; the stack is not
  const auto level = stack.scale<std::uint8_t>(0);
  const auto part = level.world(box);
  std::vector<std::uint8_t> voxels(part.size());
  const ReadStatistics did = part.read_into(std::span(voxels));
  CHECK(instance.server.count_prefix() == 2 * 2 * 2);  // slices 0 and 1, rows 1 and 2, columns 0 and 1
  CHECK(did.cache_hits == 8);
  check_voxels(part.load(), 0, {0, 20, 10});
  CHECK(instance.server.count_prefix() == 8);
}

TEST_CASE("statistics tell what the disk cache spared", "[client]") {
  Instance instance;
  const test::TempDir folder;
  HttpOptions options;
  options.disk_cache.folder = (folder.path() / "cache").string();
  for (int run = 0; run < 2; ++run) {
    auto stack = instance.client().stack(1);
    stack.set_mirror_session(11, HttpSession(options));
    instance.server.reset_log();
    const auto part = stack.scale<std::uint8_t>(0).slice(xt::range(0, 1), xt::range(20, 30), xt::range(10, 60));
    Voxels got(part.shape());
    const ReadStatistics did = part.read_into(got);
    check_voxels(got, 0, {0, 20, 10});
    CHECK(did.chunks == 2);
    CHECK(did.requests == (run == 0 ? 2 : 0));
    CHECK(did.disk_hits == (run == 0 ? 0 : 2));
    CHECK((did.bytes_received > 0) == (run == 0));
    CHECK(did.cache_hits == 0);
    CHECK(instance.server.count_prefix() == (run == 0 ? 2 : 0));
  }
}

TEST_CASE("edges on a tile border do not touch the tile behind", "[client]") {
  const auto [rows, columns, tiles] = GENERATE(table<int, int, std::size_t>(
      {{16, 32, 1}, {17, 32, 2}, {16, 33, 2}, {17, 33, 4}, {15, 31, 1}, {70, 100, 5 * 4}}));
  CAPTURE(rows, columns);
  Instance instance;
  const auto level = instance.client().stack(1).scale<std::uint8_t>(0);
  instance.server.reset_log();
  const Voxels got = level.slice(xt::range(1, 2), xt::range(0, rows), xt::range(0, columns));
  CHECK(instance.server.count_prefix() == tiles);
}

TEST_CASE("a world box gives the voxels that it touches, in each orientation", "[client]") {
  Instance instance;
  // Voxels z 8..10, y 15..20, x 30..40 of 4 x 5 x 40 nm, from their table in CATMAID's terms.
  const auto [orientation, dims, box] = GENERATE(table<std::string, std::string, WorldBox>({
      {"0", "zyx", {{1120, 2075, 3320}, {1160, 2100, 3400}}},
      {"1", "yzx", {{1120, 2320, 3075}, {1160, 2400, 3100}}},  // project y runs along the slices, z along the rows
      {"2", "xyz", {{1320, 2075, 3120}, {1400, 2100, 3160}}},  // project x along the slices, z along the columns
  }));
  CAPTURE(orientation);
  instance.publish(orientation);
  const auto level = instance.client().stack(1).scale<std::uint8_t>(0);
  const auto names = level.dims();
  CHECK(std::string(names[0]) + std::string(names[1]) + std::string(names[2]) == dims);
  const auto part = level.world(box);
  REQUIRE(part.shape() == std::array<std::size_t, 3>{2, 5, 10});
  instance.server.reset_log();
  const Voxels got = part;
  check_voxels(got, 0, {8, 15, 30});
  CHECK(instance.server.count_prefix() == 2 * 2 * 2);
}

TEST_CASE("explicit factors: sizes, slices and tiles of a level with a z factor", "[client]") {
  Instance instance;
  // Level 1 is downsampled by 2 in z as well: 6 slices, whose tiles are numbered 0 to 5. Broken 4 and 5 are both of
  // downsampled slice 2; the viewer shows 3 for 4, which is downsampled slice 1. 6 starts downsampled slice 3; it
  // is shown as 7, which is of the same.
  instance.publish("0", R"([{"x": 1, "y": 1, "z": 1}, {"x": 2, "y": 2, "z": 2}])");
  const auto stack = instance.client().stack(1);
  CHECK(stack.levels() == 2);
  const auto level = stack.scale<std::uint8_t>(1);
  CHECK(level.shape() == std::array<std::size_t, 3>{6, 35, 50});
  CHECK(level.voxel_size() == std::array<double, 3>{80, 10, 8});
  instance.server.reset_log();
  const Voxels got = level;
  check_voxels(got, 1, {0, 0, 0}, {{2, 1}});
  CHECK(instance.server.count_prefix() == 5 * 3 * 2);
}

TEST_CASE("broken slices are stack slices, also where the volume starts later", "[client]") {
  const Instance instance;
  StackInfo info = instance.client().stack_info(1);
  info.metadata = R"({"voxelOffset": [10, 20, 2]})";
  const Stack stack(info);
  const auto level = stack.scale<std::uint8_t>(0);
  CHECK(level.voxel_to_world({0, 0, 0}) == WorldPoint{1040, 2100, 3080});
  // Stack slices 4, 5 and 6 are slices 2, 3 and 4 of the volume.
  check_voxels(level.slice(xt::range(1, 6), xt::range(0, 4), xt::range(0, 4)), 0, {1, 0, 0}, {{2, 1}, {3, 1}, {4, 5}});
}

TEST_CASE("other policies for broken slices", "[client]") {
  Instance instance;
  auto stack = instance.client().stack(1);
  const auto read = [&] {
    return Voxels(stack.scale<std::uint8_t>(0).slice(xt::range(3, 8), xt::range(0, 4), xt::range(0, 4)));
  };
  stack.set_broken_slices(BrokenSlicePolicy::none);
  check_voxels(read(), 0, {3, 0, 0});
  stack.set_broken_slices(BrokenSlicePolicy::next);
  check_voxels(read(), 0, {3, 0, 0}, {{4, 7}, {5, 7}, {6, 7}});
  stack.set_broken_slices(BrokenSlicePolicy::previous);
  check_voxels(read(), 0, {3, 0, 0}, {{4, 3}, {5, 3}, {6, 3}});
  stack.set_broken_slices(BrokenSlicePolicy::follow);
  check_voxels(read(), 0, {3, 0, 0}, {{4, 7}, {5, 7}, {6, 7}});
  stack.set_broken_slices(BrokenSlicePolicy::fill);
  const Voxels filled = read();
  CHECK(filled(0, 0, 0) == voxel(0, 3, 0, 0));
  CHECK(filled(1, 0, 0) == 0);
  CHECK(filled(3, 3, 3) == 0);
}

TEST_CASE("a missing tile is zero, a failing one is an error", "[client]") {
  Instance instance;
  const auto stack = instance.client().stack(1);
  const auto level = stack.scale<std::uint8_t>(0);
  const auto part = level.slice(xt::range(2, 3), xt::range(16, 32), xt::range(32, 64));
  const std::string tile = "/t1/2/1_1_0.png";
  const int status = GENERATE(404, 410, 204);
  instance.server.add(tile, test::Answer{.status = status});
  const Voxels got = part;
  for (const auto value : got) REQUIRE(value == 0);

  const std::string place = "tile (level 0, slice 2, row 1, column 1) from " + instance.server.url(tile);
  instance.server.add(tile, test::Answer{.status = 500});
  const Error failed = error_of([&] { (void)instance.client().stack(1).scale<std::uint8_t>(0).load(); });
  CHECK(failed.code() == Errc::http_status);
  CHECK(failed.what() == "cannot fetch " + place + ": HTTP 500 (after 2 attempts)");
  CHECK(failed.context().attempts == 2);
}

TEST_CASE("a tile that is none is an error that says what came", "[client]") {
  Instance instance;
  const std::string tile = "/t1/2/1_1_0.png";
  const std::string place =
      "cannot decode tile (level 0, slice 2, row 1, column 1) from " + instance.server.url(tile) + ": ";
  const auto read = [&] {
    return error_of([&] {
      const Voxels got = instance.client().stack(1).scale<std::uint8_t>(0).slice(xt::range(2, 3), xt::range(16, 17),
                                                                                 xt::range(32, 33));
    });
  };
  SECTION("HTML with status 200") {
    instance.server.add(tile, "<!DOCTYPE html><p>Not here</p>");
    CHECK(read().what() == place +
                               "expected a JPEG or PNG image, got 30 bytes that start with \"<!DOCTYPE html><p>Not "
                               "here</p>\" (after 2 attempts)");
  }
  SECTION("larger than the grid") {
    instance.server.add(tile, test::grey_png(std::vector<std::uint8_t>(64 * 64), 64, 64));
    CHECK(read().what() == place + "expected at most 32 x 16, got 64 x 64 (after 2 attempts)");
  }
  SECTION("cut short") {
    const auto whole = Instance::tile(0, 2, 1, 1);
    instance.server.add(tile, whole.substr(0, whole.size() / 2));
    CHECK(read().code() == Errc::corrupt_data);
  }
  SECTION("empty") {
    instance.server.add(tile, "");
    CHECK(read().what() == place + "expected a JPEG or PNG image, got 0 bytes (after 2 attempts)");
  }
}

TEST_CASE("a tile that was damaged on the way is fetched again", "[client]") {
  Instance instance;
  const std::string tile = "/t1/2/1_1_0.png";
  int calls = 0;
  instance.server.add(tile, [&](const test::Received&) {
    const auto whole = Instance::tile(0, 2, 1, 1);
    return test::Answer{.body = ++calls == 1 ? whole.substr(0, 40) : whole};
  });
  const Voxels got =
      instance.client().stack(1).scale<std::uint8_t>(0).slice(xt::range(2, 3), xt::range(16, 32), xt::range(32, 64));
  check_voxels(got, 0, {2, 16, 32});
  CHECK(calls == 2);
}

TEST_CASE("short tiles at the edge are padded", "[client]") {
  Instance instance;
  // The last tile of level 0 holds 6 rows and 4 columns of the level; here it comes cut to that.
  std::vector<std::uint8_t> pixels;
  for (std::int64_t y = 64; y < 70; ++y) {
    for (std::int64_t x = 96; x < 100; ++x) pixels.push_back(voxel(0, 1, y, x));
  }
  instance.server.add("/t1/1/4_3_0.png", test::grey_png(pixels, 6, 4));
  const Voxels got =
      instance.client().stack(1).scale<std::uint8_t>(0).slice(xt::range(1, 2), xt::range(60, 70), xt::range(90, 100));
  check_voxels(got, 0, {1, 60, 90});
}

TEST_CASE("levels and mirrors that do not exist are errors that list what there is", "[client]") {
  const Instance instance;
  auto stack = instance.client().stack(1);
  CHECK(std::string(error_of([&] { (void)stack.scale<std::uint8_t>(3); }).what()) ==
        R"(stack "em ", mirror "type 1", has no level 3; it has 0, 1, 2)");
  CHECK(error_of([&] { (void)stack.scale<std::uint8_t>(-1); }).code() == Errc::not_found);
  CHECK(std::string(error_of([&] { stack.set_mirror("LMB"); }).what()) ==
        R"(stack "em " has no mirror "LMB"; it has 11 "type 1", 14 "type 4", 15 "type 5", 19 "tomorrow")");
  const Error unsupported = error_of([&] { stack.set_mirror("tomorrow"); });
  CHECK(unsupported.code() == Errc::unsupported);
  CHECK(std::string(unsupported.what()) == R"(cannot open mirror "tomorrow" of stack "em ", image_base ")" +
                                               instance.server.url("/new/") +
                                               R"(": it has tile source type 99, which is not read)");
  CHECK(stack.mirror().id == 11);  // a choice that failed changes nothing
  CHECK(std::string(error_of([&] { (void)stack.scale<float>(0); }).what()) ==
        "cannot view level 0 as float32: its voxels are uint8");
}

TEST_CASE("a mirror behind Basic opens with set_mirror_auth, whose password goes nowhere else", "[client]") {
  Instance instance;
  test::HttpServer guarded;
  guarded.protect("/", "em", "section20");
  guarded.add("/t/0/0_0_0.png", Instance::tile(0, 0, 0, 0));
  guarded.add("/t/1/0_0_0.png", [&](const test::Received&) {
    return test::Answer{.status = 302, .headers = {{"Location", instance.server.url("/t1/1/0_0_0.png")}}};
  });
  instance.publish("0", "null", "{}", "," + Instance::mirror(20, "guarded", guarded.url("/t/"), 1, "png", 4));
  auto stack = instance.client().stack(1);
  stack.set_mirror("guarded");
  const auto read = [&](int z) {
    return Voxels(stack.scale<std::uint8_t>(0).slice(xt::range(z, z + 1), xt::range(0, 16), xt::range(0, 32)));
  };
  const Error refused = error_of([&] { (void)read(0); });
  CHECK(refused.code() == Errc::unauthorized);
  CHECK(std::string(refused.what()) == "cannot fetch tile (level 0, slice 0, row 0, column 0) from " +
                                           guarded.url("/t/0/0_0_0.png") +
                                           ": HTTP 401 (a user and password are needed)");
  stack.set_mirror_auth("guarded", {"em", "section20"});
  check_voxels(read(0), 0, {0, 0, 0});
  instance.server.reset_log();
  check_voxels(read(1), 0, {1, 0, 0});
  REQUIRE(instance.server.requests().size() == 1);  // where the redirect led
  CHECK(instance.server.requests()[0].header("authorization").empty());
  stack.set_mirror("type 1");
  (void)read(2);
  CHECK(instance.server.requests().back().header("authorization").empty());
}

TEST_CASE("a session of a mirror brings its own headers", "[client]") {
  Instance instance;
  auto stack = instance.client().stack(1);
  stack.set_mirror_session(11, HttpSession(HttpOptions{.headers = {{"X-Key", "k"}}, .user_agent = "lab"}));
  instance.server.reset_log();
  (void)Voxels(stack.scale<std::uint8_t>(0).slice(xt::range(0, 1), xt::range(0, 1), xt::range(0, 1)));
  CHECK(instance.server.requests().at(0).header("x-key") == "k");
  CHECK(instance.server.requests().at(0).header("user-agent") == "lab");
}

TEST_CASE("an image_base that a web server may not use is refused", "[client]") {
  const auto [base, text] = GENERATE(table<std::string, std::string>({
      {"file:///etc/", "a server on the web may not point into local folders"},
      {"ftp://user:secret@host/", "only http, https and file are read"},
  }));
  Instance instance;
  instance.publish("0", "null", "{}", "," + Instance::mirror(20, "odd", base, 1, "png", 4));
  auto stack = instance.client().stack(1);
  const Error error = error_of([&] { stack.set_mirror(20); });
  CHECK(error.code() == Errc::refused);
  const std::string shown = base.find('@') == std::string::npos ? base : "ftp://host/";
  CHECK(error.what() == "cannot open mirror \"odd\" of stack \"em \", image_base \"" + shown + "\": " + text);
}

TEST_CASE("the secrets of a session that a stack is given go to the mirror that is read, and to no other", "[client]") {
  Instance instance;
  test::HttpServer elsewhere;
  elsewhere.add("/t1/0/0_0_0.png", Instance::tile(0, 0, 0, 0));
  StackInfo info = instance.client().stack_info(1);
  info.mirrors.resize(2);
  info.mirrors[1] = info.mirrors[0];
  info.mirrors[1].id = 20;
  info.mirrors[1].image_base = elsewhere.url("/t1/");
  instance.server.reset_log();
  Stack stack(
      info,
      {.session = HttpSession(HttpOptions{.headers = {{"X-Key", "k"}}, .basic_auth = BasicAuth{"em", "section20"}})});
  const auto read_one = [&stack] {
    return Voxels(stack.scale<std::uint8_t>(0).slice(xt::range(0, 1), xt::range(0, 1), xt::range(0, 1)))(0, 0, 0);
  };
  CHECK(read_one() == test::voxel(0, 0, 0, 0));
  CHECK(instance.server.requests().at(0).header("authorization") == "Basic ZW06c2VjdGlvbjIw");
  CHECK(instance.server.requests().at(0).header("x-key") == "k");
  (void)stack.set_fastest_mirror();  // asks all of them
  REQUIRE_FALSE(elsewhere.requests().empty());
  for (const auto& received : elsewhere.requests()) CHECK(received.header("authorization").empty());

  elsewhere.reset_log();
  stack.set_mirror(20);  // its user wants it
  CHECK(read_one() == test::voxel(0, 0, 0, 0));
  CHECK(elsewhere.requests().at(0).header("authorization") == "Basic ZW06c2VjdGlvbjIw");
}

TEST_CASE("a mirror's 403 after a redirect says what was left behind", "[client]") {
  Instance instance;
  test::HttpServer elsewhere;
  elsewhere.add("/tile", test::Answer{.status = 403});
  instance.server.add("/t1/0/0_0_0.png",
                      test::Answer{.status = 302, .headers = {{"Location", elsewhere.url("/tile")}}});
  const auto stack = instance.client({.http_user = "em", .http_password = "s3cret"}).stack(1);
  const Error error = error_of(
      [&] { (void)Voxels(stack.scale<std::uint8_t>(0).slice(xt::range(0, 1), xt::range(0, 1), xt::range(0, 1))); });
  CHECK(error.code() == Errc::unauthorized);
  CHECK(std::string(error.what()) == "cannot fetch tile (level 0, slice 0, row 0, column 0) from " +
                                         elsewhere.url("/tile") + ": HTTP 403 after a redirect to " +
                                         elsewhere.url("/tile") + ", to which Authorization was not sent");
}

// What Node's `new URL(image_base + "0/0_0_0." + file_extension, "http://host/s/")` has behind the host.
TEST_CASE("tiles are asked for at the address to which a browser would go", "[client]") {
  const auto [base, extension, target] = GENERATE(table<std::string, std::string, std::string>({
      {" HOST/t/\n", "png", "/t/0/0_0_0.png"},
      {"\t/a b/é/", "png", "/a%20b/%C3%A9/0/0_0_0.png"},
      {"HOST\\a\\b/", "png", "/a/b/0/0_0_0.png"},
      {"a/../%20/./", "p'n<g> x", "/s/%20/0/0_0_0.p'n%3Cg%3E%20x"},
      {"HOST/t?file='/", "png&x={1}", "/t?file=%27/0/0_0_0.png&x={1}"},
      {"HOST/t/", "png?q=a b'&r=\"{}\"", "/t/0/0_0_0.png?q=a%20b%27&r=%22{}%22"},
      {"HOST/t/", "png#v", "/t/0/0_0_0.png"},
      {"x\x01y/", "png", "/s/x%01y/0/0_0_0.png"},
  }));
  Instance instance;
  StackInfo info = instance.client().stack_info(1);
  info.mirrors.resize(1);
  info.mirrors[0].image_base = base;
  if (const auto host = base.find("HOST"); host != std::string::npos) {
    info.mirrors[0].image_base.replace(host, 4, instance.server.url());
  }
  info.mirrors[0].file_extension = extension;
  instance.server.add(target, Instance::tile(0, 0, 0, 0), "image/png");
  instance.server.reset_log();
  Stack stack(info, {.server = instance.server.url("/s/")});
  const Voxels got = stack.scale<std::uint8_t>(0).slice(xt::range(0, 1), xt::range(0, 16), xt::range(0, 32));
  CAPTURE(base, extension);
  REQUIRE(instance.server.requests().size() == 1);
  CHECK(instance.server.requests().at(0).target() == target);
  CHECK(got(0, 3, 5) == test::voxel(0, 0, 3, 5));
}

TEST_CASE("an image_base that is no address is named with its mirror, without its password", "[client]") {
  StackInfo info = Instance().client().stack_info(1);
  info.mirrors[0].image_base = "https://me:s3cr/et@host/t/";
  Stack stack(info);
  CHECK_THROWS_WITH(stack.set_mirror(11),
                    R"(cannot open mirror "type 1" of stack "em ", image_base "https://***@host/t/": )"
                    "not a port number in https://***@host/t/");
}

TEST_CASE("a stack info alone is enough, unless its mirror is relative", "[client]") {
  const Instance instance;
  const StackInfo info = instance.client().stack_info(1);
  Stack stack(info);
  const Voxels got = stack.scale<std::uint8_t>(1).slice(xt::range(0, 1));
  check_voxels(got, 1, {0, 0, 0});
  CHECK(std::string(error_of([&] { stack.set_mirror(14); }).what()) ==
        R"(cannot open mirror "type 4" of stack "em ", image_base "/t4/": it is relative, and no server URL is known)");
}

TEST_CASE("a stack without a mirror that can be read says why when it is read", "[client]") {
  const Instance instance;
  StackInfo info = instance.client().stack_info(1);
  info.mirrors.erase(info.mirrors.begin(), info.mirrors.begin() + 3);
  const Stack dvid(info);
  CHECK(std::string(error_of([&] { (void)dvid.levels(); }).what()) ==
        "stack \"em \" has no mirror that can be read; mirror \"tomorrow\" has tile source type 99, which is not "
        "read");
  info.mirrors.clear();
  CHECK(std::string(error_of([&] { (void)Stack(info).levels(); }).what()) ==
        "stack \"em \" has no mirror that can be read: it has none at all");
}

TEST_CASE("the fastest mirror wins, dead ones are reported", "[client]") {
  Instance instance;
  test::FaultServer dead;
  dead.script("/t1/1/1_1_0.png", {test::stalls()});
  instance.publish("0", "null", "{}",
                   "," + Instance::mirror(20, "stalled", dead.url("/t1/"), 1, "png", 4) + "," +
                       Instance::mirror(21, "empty", instance.server.url("/none/"), 1, "png", 5));
  // The canary is voxel (40, 20, 1): row 1, column 1 of slice 1.
  const auto slow = [](std::string body) {
    return [body](const test::Received&) { return test::Answer{.body = body, .delay = 60ms}; };
  };
  instance.server.add("/t1/1/1_1_0.png", slow(Instance::tile(0, 1, 1, 1)));
  instance.server.add("/t5/0/1/1/1.png?v=2", slow("not an image"));
  auto stack = instance.client().stack(1);
  const auto timings = stack.set_fastest_mirror(500ms);
  CHECK(stack.mirror().title == "type 4");
  REQUIRE(timings.size() == 5);
  CHECK(timings[0].seconds.value_or(0) >= 0.06);
  CHECK(timings[1].seconds.value_or(1) < 0.06);
  CHECK_FALSE(timings[2].seconds);
  CHECK(timings[2].failure.find("expected a JPEG or PNG image, got 12 bytes") != std::string::npos);
  CHECK(timings[3].title == "stalled");
  CHECK(timings[3].failure == dead.url("/t1/1/1_1_0.png") + ": no answer in the time that was allowed");
  CHECK(timings[4].failure == instance.server.url("/none/1/1_1_0.png") + ": the canary tile is missing");
}

TEST_CASE("a mirror whose volume differs from the stack's dimension says so", "[client]") {
  const Instance instance;
  CHECK(instance.client().stack(1).warnings().empty());
}

TEST_CASE("opening a stack of FAFB's size costs nothing", "[client]") {
  StackInfo info;
  info.stitle = "FAFB";
  info.dimension = {253952, 155648, 7063};
  info.resolution = {4, 4, 40};
  info.num_zoom_levels = 8;
  info.mirrors.push_back({1, "tiles", "http://127.0.0.1:1/", 1024, 1024, 5, "jpg", 0});
  const Stack stack(info);
  const auto level = stack.scale<std::uint8_t>(0);
  CHECK(level.shape() == std::array<std::size_t, 3>{7063, 155648, 253952});
  CHECK(level.size() == 279180054888448U);
  CHECK(stack.scale<std::uint8_t>(8).shape() == std::array<std::size_t, 3>{7063, 608, 992});
}

TEST_CASE("visit_scale calls with the level's own type", "[client]") {
  const Instance instance;
  const auto size = instance.client().stack(1).visit_scale(
      2, [](const auto& view) { return view.size() * sizeof(typename std::decay_t<decltype(view)>::value_type); });
  CHECK(size == 12 * 17 * 25);
}
