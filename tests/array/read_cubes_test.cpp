// read_cubes(): windows around many points, in the order of the points, chunks that they share read once after the other.

#include <atomic>
#include <catvox/array/read_cubes.hpp>
#include <limits>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <stdexcept>
#include <vector>

#include "memory_level.hpp"
#include "support/catch.hpp"

using catvox::Index3;
using catvox::ScaleView;
using catvox::Shape3;
using catvox::WorldPoint;
using catvox::testing::MemoryLevel;
using xt::placeholders::_;

namespace {

using Voxel = std::uint16_t;

std::shared_ptr<MemoryLevel<Voxel>> make_level(catvox::Orientation orientation = catvox::Orientation::xy,
                                               const Shape3& chunk = {2, 4, 3}) {
  catvox::StackFrame frame;
  frame.resolution = {4, 5, 40};
  frame.translation = {100, 200, 300};
  frame.orientation = orientation;
  return std::make_shared<MemoryLevel<Voxel>>(Shape3{12, 14, 16}, chunk, frame);
}

/// Points inside the level and around it.
std::vector<WorldPoint> points_around(const ScaleView<Voxel>& level, int count) {
  std::mt19937 random(5);
  std::vector<WorldPoint> points;
  for (int i = 0; i < count; ++i) {
    std::array<double, 3> position{};
    for (std::size_t axis = 0; axis < 3; ++axis) {
      const auto extent = static_cast<double>(level.shape()[axis]);
      position[axis] = std::uniform_real_distribution<double>(-3, extent + 3)(random);
    }
    points.push_back(level.voxel_to_world(position));
  }
  return points;
}

}  // namespace

TEST_CASE("read_cubes gives what cube_around gives, in the order of the points", "[array]") {
  const auto orientation = GENERATE(catvox::Orientation::xy, catvox::Orientation::xz, catvox::Orientation::zy);
  const ScaleView<Voxel> level(make_level(orientation));
  const std::size_t threads = GENERATE(1, 3);
  const Shape3 shape{4, 5, 6};
  for (const auto& view : {level, level.transpose({1, 2, 0}), level.slice(xt::range(_, _, -1), xt::range(2, _, 2))}) {
    const std::vector<WorldPoint> points = points_around(view, 40);
    const xt::xtensor<Voxel, 4> cubes = view.read_cubes(points, shape, 9, {.threads = threads});
    REQUIRE(cubes.shape() == std::array<std::size_t, 4>{40, 4, 5, 6});
    std::mutex mutex;
    std::set<std::size_t> given;
    std::atomic<int> wrong = 0;
    view.read_cubes(points, shape,
                    [&](std::size_t i, const xt::xtensor<Voxel, 3>& cube) {
                      wrong += cube == view.cube_around(points[i], shape, 9).load() ? 0 : 1;
                      const std::lock_guard lock(mutex);
                      given.insert(i);
                    },
                    9, {.threads = threads});
    CHECK(wrong == 0);
    CHECK(given.size() == 40);
    for (std::size_t i = 0; i < points.size(); ++i) {
      REQUIRE((xt::view(cubes, i) == view.cube_around(points[i], shape, 9).load()));
    }
  }
}

TEST_CASE("cubes that share chunks follow each other", "[array]") {
  // 8 corners of chunks, each with 20 points, in no order: 8 changes from one corner to the next, not 160.
  const auto source = make_level(catvox::Orientation::xy, {6, 7, 8});
  const ScaleView<Voxel> level(source);
  std::mt19937 random(5);
  std::vector<WorldPoint> points;
  for (int i = 0; i < 160; ++i) {
    const int corner = i * 5 % 8;
    const auto up_to = [&](unsigned end) { return static_cast<double>(random() % end); };
    const double z = (corner & 1 ? 8. : 2.) + up_to(2), y = (corner & 2 ? 9. : 2.) + up_to(3),
                 x = (corner & 4 ? 10. : 2.) + up_to(4);
    points.push_back(level.voxel_to_world(std::array<double, 3>{z, y, x}));
  }
  (void)level.read_cubes(points, {2, 2, 2});
  const std::vector<Index3> requests = source->take_requests();
  REQUIRE(requests.size() == 160);
  int changes = 1;
  for (std::size_t i = 1; i < requests.size(); ++i) changes += requests[i] != requests[i - 1] ? 1 : 0;
  CHECK(changes == 8);
}

TEST_CASE("read_cubes says what it cannot do before it reads", "[array]") {
  const auto source = make_level();
  const ScaleView<Voxel> level(source);
  const std::vector<WorldPoint> points{{100, 200, 300}, {110, 210, 340}};
  CHECK(level.read_cubes({}, {4, 4, 4}).size() == 0);
  CHECK(level.read_cubes(points, {0, 4, 4}).size() == 0);
  CHECK_THROWS_WITH(level.read_cubes(points, {4, -1, 4}), "cube_around: the sides must be >= 0, got (4, -1, 4)");
  const std::vector<WorldPoint> lost{{100, 200, 300}, {std::numeric_limits<double>::quiet_NaN(), 0, 0}};
  CHECK_THROWS_AS(level.read_cubes(lost, {4, 4, 4}), catvox::Error);
  CHECK_THROWS_WITH(level.read_cubes(points, {1 << 20, 1 << 20, 1 << 10}),
                    "2 cubes of shape (1048576, 1048576, 1024) take 4503599627370496 bytes, this machine has " +
                        std::to_string(catvox::abi::machine_memory()) + ": give read_cubes() a function for each");
  CHECK(source->take_reads() == 0);
  int calls = 0;
  const auto second_fails = [&](std::size_t, const auto&) {
    if (++calls == 2) throw std::runtime_error("the second");
  };
  CHECK_THROWS_WITH(level.read_cubes(points_around(level, 10), {2, 2, 2}, second_fails), "the second");
  CHECK(calls == 2);
}
