// What a stack keeps in memory, over its views, mirrors and policies.

#include <catvox/catmaid/stack.hpp>
#include <cstdint>
#include <vector>

#include "catmaid/instance.hpp"
#include "support/catch.hpp"

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
