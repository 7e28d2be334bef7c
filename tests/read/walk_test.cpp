#include "read/walk.hpp"

#include "support/catch.hpp"

using namespace catvox;
using catvox::detail::WalkDetector;

namespace {

constexpr Shape3 level{100, 1000, 1000};
constexpr Shape3 chunks{1, 256, 512};

Selection3 at(std::int64_t z, std::int64_t y, std::int64_t x) { return {{{z, 1, 10}, {y, 1, 64}, {x, 1, 64}}}; }

}  // namespace

TEST_CASE("the third box of a walk tells what lies ahead", "[read]") {
  WalkDetector walks;
  SECTION("along x: four steps") {
    CHECK_FALSE(walks.follow(at(0, 0, 0), level, chunks).ahead);
    CHECK_FALSE(walks.follow(at(0, 0, 32), level, chunks).ahead);
    CHECK(walks.follow(at(0, 0, 64), level, chunks).ahead == Box{{0, 0, 128}, {10, 64, 256}});
    CHECK(walks.follow(at(0, 0, 96), level, chunks).ahead == Box{{0, 0, 160}, {10, 64, 288}});
  }
  SECTION("along z: a step, where that is more than a chunk") {
    walks.follow(at(0, 5, 7), level, chunks);
    walks.follow(at(4, 5, 7), level, chunks);
    CHECK(walks.follow(at(8, 5, 7), level, chunks).ahead == Box{{18, 5, 7}, {22, 69, 71}});
  }
  SECTION("backwards") {
    walks.follow(at(0, 700, 0), level, chunks);
    walks.follow(at(0, 600, 0), level, chunks);
    CHECK(walks.follow(at(0, 500, 0), level, chunks).ahead == Box{{0, 244, 0}, {10, 500, 64}});  // a chunk
  }
  SECTION("up to the level's end") {
    walks.follow(at(0, 0, 800), level, chunks);
    walks.follow(at(0, 0, 832), level, chunks);
    CHECK(walks.follow(at(0, 0, 864), level, chunks).ahead == Box{{0, 0, 928}, {10, 64, 1000}});
    CHECK(walks.follow(at(0, 0, 896), level, chunks).ahead == Box{{0, 0, 960}, {10, 64, 1000}});
    CHECK_FALSE(walks.follow(at(0, 0, 936), level, chunks).ahead);
  }
  SECTION("and down to its beginning") {
    walks.follow(at(0, 0, 128), level, chunks);
    walks.follow(at(0, 0, 64), level, chunks);
    CHECK_FALSE(walks.follow(at(0, 0, 0), level, chunks).ahead);
  }
  SECTION("read backwards voxel by voxel, a box is a box") {
    walks.follow(at(0, 0, 0), level, chunks);
    walks.follow(at(0, 0, 64), level, chunks);
    CHECK(walks.follow({{{9, -1, 10}, {63, -1, 64}, {191, -1, 64}}}, level, chunks).ahead ==
          Box{{0, 0, 192}, {10, 64, 448}});
  }
}

TEST_CASE("what is no walk has nothing ahead", "[read]") {
  WalkDetector walks;
  walks.follow(at(0, 0, 0), level, chunks);
  SECTION("the same box again") {
    walks.follow(at(0, 0, 0), level, chunks);
    CHECK_FALSE(walks.follow(at(0, 0, 0), level, chunks).ahead);
  }
  SECTION("along two axes") {
    walks.follow(at(0, 10, 10), level, chunks);
    CHECK_FALSE(walks.follow(at(0, 20, 20), level, chunks).ahead);
  }
  SECTION("by unequal steps") {
    walks.follow(at(0, 0, 32), level, chunks);
    CHECK_FALSE(walks.follow(at(0, 0, 96), level, chunks).ahead);
  }
  SECTION("by another size") {
    walks.follow(at(0, 0, 32), level, chunks);
    CHECK_FALSE(walks.follow({{{0, 1, 10}, {0, 1, 64}, {64, 1, 65}}}, level, chunks).ahead);
  }
}

TEST_CASE("several walks go on at a time", "[read]") {
  WalkDetector walks;
  for (const std::int64_t x : {0, 32}) {
    for (const std::int64_t z : {0, 17, 50}) CHECK_FALSE(walks.follow(at(z, 0, x), level, chunks).ahead);
  }
  for (const std::int64_t z : {0, 17, 50}) {
    CHECK(walks.follow(at(z, 0, 64), level, chunks).ahead == Box{{z, 0, 128}, {z + 10, 64, 256}});
  }
}

TEST_CASE("a box that overlaps one of a moment ago slides", "[read]") {
  WalkDetector walks;
  CHECK_FALSE(walks.follow(at(0, 0, 0), level, chunks).slides);
  CHECK_FALSE(walks.follow(at(0, 0, 0), level, chunks).slides);  // the same
  CHECK(walks.follow(at(0, 0, 63), level, chunks).slides);
  CHECK_FALSE(walks.follow(at(0, 0, 200), level, chunks).slides);
  CHECK_FALSE(walks.follow(at(0, 0, 264), level, chunks).slides);  // beside it
  CHECK(walks.follow(at(9, 0, 200), level, chunks).slides);
}
