#include <sys/resource.h>

#include <atomic>
#include <catvox/catmaid/stack.hpp>
#include <catvox/http/session.hpp>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <string>

#include "catmaid/instance.hpp"
#include "support/catch.hpp"
#include "support/temp_dir.hpp"

using namespace catvox;
using catvox::test::Instance;
using namespace std::chrono_literals;

namespace {

std::uint8_t canary_voxel(const Stack& stack) {
  std::byte voxel{};
  stack.source(0)->read({AxisSelection{1, 1, 1}, {20, 1, 1}, {40, 1, 1}}, {&voxel, {1, 1, 1}}, {.read_ahead = false});
  return static_cast<std::uint8_t>(voxel);
}

// An address space that grows by no more than a GiB while this lives.
class LittleMemory {
 public:
  LittleMemory() {
    REQUIRE(::getrlimit(RLIMIT_AS, &before_) == 0);
    std::uint64_t pages = 0;
    REQUIRE((std::ifstream("/proc/self/statm") >> pages));
    rlimit little = before_;
    little.rlim_cur = pages * 4096 + (std::uint64_t{1} << 30);
    REQUIRE(::setrlimit(RLIMIT_AS, &little) == 0);
  }
  ~LittleMemory() { ::setrlimit(RLIMIT_AS, &before_); }
  LittleMemory(const LittleMemory&) = delete;
  LittleMemory& operator=(const LittleMemory&) = delete;

 private:
  rlimit before_{};
};

}  // namespace

TEST_CASE("timing mirrors passes every cache by", "[client]") {
  Instance instance;
  const test::TempDir folder;
  HttpOptions options;
  options.disk_cache.folder = (folder.path() / "cache").string();
  Stack stack = instance.client({.session = HttpSession(options)}).stack(1);
  stack.set_mirror("type 1");
  CHECK(canary_voxel(stack) == test::voxel(0, 1, 20, 40));  // is in memory and on disk now

  // The canary tile is row 1, column 1 of slice 1.
  const std::string tile = Instance::tile(0, 1, 1, 1);
  for (const char* path : {"/t1/1/1_1_0.png", "/t5/0/1/1/1.png?v=2"}) {
    instance.server.add(path, [tile](const test::Received&) { return test::Answer{.body = tile, .delay = 300ms}; });
  }
  for (int time = 0; time < 2; ++time) {  // what the first time fetched does not answer the second
    instance.server.reset_log();
    const auto timings = stack.set_fastest_mirror(5s);
    CHECK(stack.mirror().title == "type 4");
    REQUIRE(timings.size() == 3);
    CHECK(timings[0].seconds.value_or(0) >= 0.3);
    CHECK(timings[2].seconds.value_or(0) >= 0.3);
    for (const char* mirror : {"/t1/", "/t4/", "/t5/"}) CHECK(instance.server.count_prefix(mirror) == 2);
  }
}

TEST_CASE("the fastest of mirrors with one id is chosen by its place", "[client]") {
  Instance instance;
  instance.publish("0", "null", "{}", "," + Instance::mirror(11, "copy", instance.server.url("/t5/"), 5, "png?v=2", 4));
  const std::string tile = Instance::tile(0, 1, 1, 1);
  for (const char* path : {"/t1/1/1_1_0.png", "/t4/1/0/1_1.jpg"}) {
    instance.server.add(path, [tile](const test::Received&) { return test::Answer{.body = tile, .delay = 300ms}; });
  }
  // "type 5" has the address of "copy": the first two requests are its own.
  std::atomic<int> asked = 0;
  instance.server.add("/t5/0/1/1/1.png?v=2", [&](const test::Received&) {
    return test::Answer{.body = tile, .delay = asked++ < 2 ? 300ms : 0ms};
  });
  Stack stack = instance.client().stack(1);
  const auto timings = stack.set_fastest_mirror(5s);
  REQUIRE(timings.size() == 4);
  CHECK(timings[0].id == timings[3].id);
  CHECK(stack.mirror().title == "copy");
  instance.server.reset_log();
  CHECK(canary_voxel(stack) == test::voxel(0, 1, 20, 40));
  CHECK(instance.server.count_prefix("/t5/") == 1);
}

TEST_CASE("a mirror that declares huge tiles takes no memory to time", "[client]") {
  Instance instance;
  StackInfo info = instance.client().stack_info(1);
  info.mirrors[0].tile_width = info.mirrors[0].tile_height = 65535;
  // Its only tile is a picture of 32 x 16 pixels.
  instance.server.add("/t1/1/0_0_0.png", Instance::tile(0, 1, 0, 0), "image/png");
  Stack stack(info, {.server = instance.server.url("/")});
  const LittleMemory little;
  const auto timings = stack.set_fastest_mirror(5s);
  REQUIRE(timings.size() == 3);
  CHECK(timings[0].failure.empty());
  CHECK(timings[1].failure.empty());
  CHECK(timings[2].failure.empty());
}
