// What a stack keeps in memory, over its views, mirrors and policies.

#include <catvox/catmaid/stack.hpp>
#include <catvox/http/session.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "catmaid/instance.hpp"
#include "support/catch.hpp"
#include "support/temp_dir.hpp"

using namespace catvox;
using catvox::test::Instance;
using catvox::test::voxel;

namespace {

// Reads slice 1 of level 0, by bytes, and checks it.
void read_slice(const Stack& stack) {
  std::vector<std::uint8_t> got(70 * 100);
  stack.source(0)->read({AxisSelection{1, 1, 1}, {0, 1, 70}, {0, 1, 100}},
                        {reinterpret_cast<std::byte*>(got.data()), {7000, 100, 1}}, {});
  std::size_t wrong = 0;
  for (std::int64_t y = 0; y < 70; ++y) {
    for (std::int64_t x = 0; x < 100; ++x) wrong += got[static_cast<std::size_t>(y * 100 + x)] != voxel(0, 1, y, x);
  }
  CHECK(wrong == 0);
}

constexpr std::size_t tiles = 5 * 4;  // of a slice

}  // namespace

TEST_CASE("choosing a mirror or a policy again keeps what was read", "[client]") {
  const Instance instance;
  Stack stack = instance.client().stack(1);
  read_slice(stack);
  CHECK(instance.server.count_prefix("/t1/") == tiles);
  stack.set_broken_slices(BrokenSlicePolicy::fill);
  read_slice(stack);
  stack.set_mirror(14);
  read_slice(stack);  // other bytes
  CHECK(instance.server.count_prefix("/t4/") == tiles);
  stack.set_mirror(11);
  read_slice(stack);
  CHECK(instance.server.count_prefix("/t1/") == tiles);
  CHECK(instance.server.count_prefix("/t4/") == tiles);
  stack.set_mirror_auth(11, {"me", "secret"});  // what others may see of it may be less
  read_slice(stack);
  CHECK(instance.server.count_prefix("/t1/") == 2 * tiles);
}

TEST_CASE("a stack says what its cache holds, and forgets it when told", "[client]") {
  const Instance instance;
  const Stack stack = instance.client().stack(1);
  CHECK(stack.cache_statistics().requests == 0);
  CHECK(stack.cache_statistics().max_bytes == std::size_t{256} << 20);
  read_slice(stack);
  read_slice(Stack(stack));
  CHECK(stack.cache_statistics().requests == tiles);
  CHECK(stack.cache_statistics().cache_hits == tiles);
  CHECK(stack.cache_statistics().chunks == tiles);
  stack.clear_cache();
  CHECK(stack.cache_statistics().chunks == 0);
  CHECK(stack.cache_statistics().bytes == 0);
  read_slice(stack);
  CHECK(stack.cache_statistics().requests == 2 * tiles);
}

TEST_CASE("what was fetched ahead goes to disk when it is first decoded, or not at all", "[client]") {
  Instance instance;
  const bool pages = GENERATE(true, false);  // of a proxy, say, instead of tiles
  CAPTURE(pages);
  if (pages) {
    for (int z = 0; z < 4; ++z) {
      for (int r = 0; r < 5; ++r) {
        for (int c = 0; c < 4; ++c) {
          const auto name = std::to_string(z) + "/" + std::to_string(r) + "_" + std::to_string(c) + "_0.png";
          instance.server.add("/t1/" + name, "<html>Please log in</html>", "text/html");
        }
      }
    }
  }
  const test::TempDir folder;
  HttpOptions options{.threads = 2};
  options.disk_cache.folder = folder.path().string();
  const auto stored = [&] {
    std::size_t files = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder.path())) {
      files += entry.is_regular_file() && entry.path().filename() != "catvox-cache" ? 1 : 0;
    }
    return files;
  };
  const auto with_stack = [&](auto&& use) {  // when the session has ended, everything is on disk
    Stack stack = instance.client().stack(1);
    stack.set_mirror_session(11, HttpSession(options));
    use(stack);
  };
  const auto prefetch = [](const Stack& stack) {
    stack.source(0)->prefetch({AxisSelection{0, 1, 4}, {0, 1, 70}, {0, 1, 100}}, {});
    const auto has_all = [&] { return stack.cache_statistics().chunks == static_cast<std::int64_t>(4 * tiles); };
    for (int i = 0; i < 20'000 && !has_all(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    REQUIRE(has_all());
  };

  with_stack(prefetch);
  CHECK(stored() == 0);
  CHECK(instance.server.count_prefix("/t1/") == 4 * tiles);
  if (pages) return;

  with_stack([&](const Stack& stack) {
    prefetch(stack);
    read_slice(stack);
    read_slice(stack);
  });
  CHECK(stored() == tiles);  // of the slice that was read
  CHECK(instance.server.count_prefix("/t1/") == 2 * 4 * tiles);
  with_stack([&](const Stack& stack) {
    read_slice(stack);
    CHECK(stack.cache_statistics().disk_hits == static_cast<std::int64_t>(tiles));
  });
  CHECK(instance.server.count_prefix("/t1/") == 2 * 4 * tiles);
}
