// Windows that stick out, options bound to a view, and the parts of a view for many workers.

#include <array>
#include <catvox/array/array_source.hpp>
#include <catvox/array/scale_view.hpp>
#include <limits>
#include <memory>
#include <set>
#include <sstream>
#include <stop_token>
#include <string>
#include <tuple>
#include <vector>

#include "memory_level.hpp"
#include "support/catch.hpp"

using catvox::Box;
using catvox::Index3;
using catvox::ScaleView;
using catvox::Shape3;
using catvox::WorldPoint;
using catvox::testing::MemoryLevel;
using xt::placeholders::_;

namespace {

using Voxel = std::uint16_t;

std::shared_ptr<MemoryLevel<Voxel>> make_level(catvox::Orientation orientation = catvox::Orientation::xy) {
  catvox::StackFrame frame;
  frame.resolution = {4, 5, 40};
  frame.translation = {100, 200, 300};
  frame.orientation = orientation;
  return std::make_shared<MemoryLevel<Voxel>>(Shape3{6, 7, 8}, Shape3{2, 4, 3}, frame);
}

/// What a window of an array is: its elements, or fill.
template <class A>
xt::xtensor<Voxel, 3> window_of(const A& array, const Box& box, Voxel fill) {
  const Shape3 shape = box.shape();
  xt::xtensor<Voxel, 3> window(
      {static_cast<std::size_t>(shape[0]), static_cast<std::size_t>(shape[1]), static_cast<std::size_t>(shape[2])});
  for (std::int64_t i = 0; i < shape[0]; ++i) {
    for (std::int64_t j = 0; j < shape[1]; ++j) {
      for (std::int64_t k = 0; k < shape[2]; ++k) {
        const Index3 at{box.min[0] + i, box.min[1] + j, box.min[2] + k};
        bool inside = true;
        for (std::size_t axis = 0; axis < 3; ++axis) {
          inside = inside && at[axis] >= 0 && at[axis] < static_cast<std::int64_t>(array.shape(axis));
        }
        window(i, j, k) = inside ? array(at[0], at[1], at[2]) : fill;
      }
    }
  }
  return window;
}

std::size_t voxels_of(const ScaleView<Voxel>& view) { return view.size(); }

}  // namespace

TEST_CASE("a window has the shape that is asked for, and fill where it sticks out", "[array]") {
  const auto source = make_level();
  const ScaleView<Voxel> level(source);
  const std::array views{level,
                         level.transpose({2, 0, 1}),
                         level.slice(xt::range(_, _, -1), xt::range(1, 6, 2)),
                         level.slice(xt::range(2, 5), xt::all(), xt::range(7, 0, -3)),
                         level.slice(xt::range(2, 2)),
                         level.slice(2, xt::ellipsis(), xt::newaxis())};
  const std::size_t which = GENERATE(0u, 1u, 2u, 3u, 4u, 5u);
  const ScaleView<Voxel>& view = views[which];
  const xt::xtensor<Voxel, 3> array = view;
  CAPTURE(which);
  std::vector<Box> boxes{{{0, 0, 0}, {2, 3, 1}},   {{-2, -3, 0}, {9, 10, 1}},      {{-5, 1, 0}, {-1, 3, 1}},
                         {{1, 2, 0}, {3, 300, 1}}, {{100, 100, 0}, {102, 101, 1}}, {{2, 2, 0}, {2, 4, 1}}};
  if (which < 5) {
    boxes.push_back({{-1, -1, -1}, {10, 10, 10}});
    boxes.push_back({{1, 1, 1}, {3, 3, 3}});
    boxes.push_back({{0, 0, -7}, {2, 2, -3}});
  }
  for (const Box& box : boxes) {
    CAPTURE(box.min, box.max);
    const auto window = view.window(box, 7);
    REQUIRE((window.load() == window_of(array, box, 7)));
    REQUIRE((xt::xtensor<int, 3>(xt::cast<int>(window) + 1) == window_of(array, box, 7) + 1));
    if (window.size() == 0) continue;
    REQUIRE(window(0, 0, 0) == window_of(array, box, 7)(0, 0, 0));
    REQUIRE((window.transpose().cast<float>().load() == xt::transpose(window_of(array, box, 7))));
    REQUIRE(window.dims() == view.dims());
    const WorldPoint corner = view.voxel_to_world(
        {static_cast<double>(box.min[0]), static_cast<double>(box.min[1]), static_cast<double>(box.min[2])});
    REQUIRE(window.voxel_to_world({0, 0, 0}) == corner);
    REQUIRE(window.voxel_size() == view.voxel_size());
    const auto outer = window.window({{-1, -1, 0}, {2, 2, 1}}, 9);
    REQUIRE((outer.load() == window_of(window.load(), {{-1, -1, 0}, {2, 2, 1}}, 9)));
  }
}

TEST_CASE("windows fetch the chunks that they show, each once", "[array]") {
  const auto source = make_level();
  const ScaleView<Voxel> level(source);
  (void)level.window({{-9, -9, -9}, {-1, 20, 20}}, 1).load();
  CHECK(source->take_reads() == 0);
  const auto window = level.window({{-1, -1, 2}, {2, 4, 4}}, 1);
  CHECK(window.coords(0) == std::vector<double>{260, 300, 340});
  // 14 of fill; z 0 and 1, y 0 to 3, x 2 and 3 of the level
  CHECK(xt::sum(window)() == 14 + 8 * 100 + 4 * 60 + 8 * 5);
  const std::vector<Index3> requests = source->take_requests();
  CHECK(std::set<Index3>(requests.begin(), requests.end()) == std::set<Index3>{{0, 0, 0}, {0, 0, 1}});
  CHECK(requests.size() == 2);
}

TEST_CASE("cube_around has the voxel of a point in its middle", "[array]") {
  const auto orientation = GENERATE(catvox::Orientation::xy, catvox::Orientation::xz, catvox::Orientation::zy);
  const ScaleView<Voxel> level(make_level(orientation));
  for (const auto& view : {level, level.transpose({1, 2, 0}), level.slice(xt::range(_, _, -1))}) {
    const WorldPoint point = view.voxel_to_world({1.5, 2.5, 3.5});
    const auto cube = view.cube_around(point, {4, 5, 6}, 9);
    CHECK(cube.shape() == std::array<std::size_t, 3>{4, 5, 6});
    const auto held = view.voxel_at(point);
    CHECK(cube(2, 2, 3) == view.element(held.begin(), held.end()));
    CHECK(cube.voxel_at(point) == std::array<std::int64_t, 3>{2, 2, 3});
    CHECK(cube.at_world(point) == view.at_world(point));
    CHECK((view.cube_around({-1e6, 0, 0}, {2, 2, 2}, 9).load() == xt::ones<Voxel>({2, 2, 2}) * 9));
  }
}

TEST_CASE("windows that make no sense say why", "[array]") {
  const ScaleView<Voxel> level(make_level());
  CHECK_THROWS_WITH(level.window({{0, 2, 0}, {1, 1, 1}}), "window: min must not exceed max along axis 1, got 2 and 1");
  CHECK_THROWS_WITH(level.cube_around({0, 0, 0}, {1, 1, -1}), "cube_around: the sides must be >= 0, got (1, 1, -1)");
  CHECK_THROWS_WITH(level.window({{0, 0, 0}, {1, 1, std::numeric_limits<std::int64_t>::max()}}),
                    "window: voxel 9223372036854775806 is too far away");
  CHECK_THROWS_WITH(level.slice(0, xt::newaxis()).window({{0, 0, 0}, {2, 1, 1}}),
                    "window: axis 0 is a new axis: 0 to 1, got 0 to 2");
}

TEST_CASE("options bound to a view hold for its expressions", "[array]") {
  const auto source = make_level();
  source->set_levels({source});
  std::stop_source stop;
  int reports = 0;
  catvox::ReadOptions options;
  options.stop = stop.get_token();
  options.progress = [&](const catvox::Progress&) { ++reports; };
  const auto bound = ScaleView<Voxel>(source).with(options);
  CHECK(xt::sum(bound)() == 95256);
  CHECK(reports > 0);
  const auto parts = std::tuple(bound.slice(2), bound.cast<float>(), bound.window({{-1, 0, 0}, {2, 2, 2}}),
                                bound.rescale(0), bound.blocks()[1]);
  int given = 0;
  catvox::ReadOptions instead;
  instead.progress = [&](const catvox::Progress&) { ++given; };
  reports = 0;
  (void)bound.load(instead);
  CHECK(given > 0);
  CHECK(reports == 0);
  stop.request_stop();
  const auto cancelled = [](auto&& f) { CHECK_THROWS_WITH(f(), "read cancelled"); };
  cancelled([&] { return bound.load(); });
  cancelled([&] { return xt::xtensor<float, 3>(xt::cast<float>(bound) * 2.f); });
  std::apply([&](const auto&... part) { (cancelled([&] { return part.load(); }), ...); }, parts);
  CHECK(ScaleView<Voxel>(source).load().size() == 336);
}

TEST_CASE("a bound Missing::error stays, what else is given goes before what is bound", "[array]") {
  using catvox::Missing;
  catvox::ReadOptions strict;
  strict.missing = Missing::error;
  catvox::ReadOptions report;
  report.missing = Missing::report;
  CHECK(catvox::detail::overridden(strict, {}).missing == Missing::error);
  CHECK(catvox::detail::overridden(strict, report).missing == Missing::error);
  CHECK(catvox::detail::overridden({}, report).missing == Missing::report);
  CHECK(catvox::detail::overridden({}, strict).missing == Missing::error);
}

TEST_CASE("blocks follow the chunk grid and are the view", "[array]") {
  const auto source = make_level();
  const ScaleView<Voxel> level(source);
  CHECK(level.chunk_shape() == std::array<std::size_t, 3>{2, 4, 3});
  CHECK(level.slice(xt::all(), xt::range(_, _, -3), xt::newaxis(), 2).chunk_shape() ==
        std::array<std::size_t, 3>{2, 2, 1});
  CHECK(level.blocks().size() == 3 * 2 * 3);
  CHECK(level.blocks()[0].shape() == std::array<std::size_t, 3>{2, 4, 3});
  CHECK(level.blocks()[17].shape() == std::array<std::size_t, 3>{2, 3, 2});
  CHECK(level.blocks()[1].voxel_to_world({0, 0, 0}) == level.voxel_to_world({0, 0, 3}));  // C order
  CHECK(source->take_reads() == 0);

  const std::array views{level, level.transpose(), level.slice(xt::range(1, _), xt::range(2, 6), xt::range(1, 7)),
                         level.slice(xt::range(_, _, -2), xt::range(_, _, 3), xt::range(_, _, -1)),
                         level.slice(xt::range(3, 3))};
  for (const auto& view : views) {
    std::int64_t sum = 0;
    std::size_t voxels = 0;
    std::size_t blocks = 0;
    source->take_requests();
    for (const auto& block : view.blocks()) {
      sum += xt::sum(block.load())();
      voxels += voxels_of(block);
      CHECK(source->take_requests().size() == 1);  // a chunk each
      ++blocks;
    }
    CHECK(voxels == view.size());
    CHECK(blocks == view.blocks().size());
    CHECK(sum == xt::sum(view)());
  }
  SECTION("of whole chunks, or parts of one") {
    source->take_requests();
    std::size_t voxels = 0;
    for (const auto& block : level.blocks({4, 2, 7})) {  // 2 chunks deep, half a chunk high, 2 wide
      CHECK((block.shape()[0] == 4 || block.shape()[0] == 2));
      CHECK(block.shape()[1] <= 2);
      CHECK((block.shape()[2] == 6 || block.shape()[2] == 2));
      voxels += block.size();
    }
    CHECK(voxels == level.size());
    CHECK(level.blocks({100, 100, 100}).size() == 1);
    CHECK(level.blocks({1, 1, 1}).size() == level.size());
    CHECK_THROWS_WITH(level.blocks({1, 0, 1}), "blocks: the sides of a block must be > 0");
  }
}

TEST_CASE("the shares of workers are the view, and no chunk is two workers'", "[array]") {
  const auto source = std::make_shared<MemoryLevel<Voxel>>(Shape3{10, 40, 41}, Shape3{1, 8, 8});
  const ScaleView<Voxel> level(source);
  for (const std::int64_t workers : {1, 2, 3, 7, 16, 100, 400}) {
    std::set<Index3> chunks;
    std::size_t voxels = 0;
    std::size_t most = 0;
    for (std::int64_t worker = 0; worker < workers; ++worker) {
      const auto part = level.part(worker, workers);
      voxels += part.size();
      source->take_requests();
      if (part.size() > 0) (void)part.load();
      const auto requests = source->take_requests();
      most = std::max(most, requests.size());
      for (const Index3& chunk : requests) REQUIRE(chunks.insert(chunk).second);
      CHECK(level.part(worker, workers).shape() == part.shape());
    }
    CAPTURE(workers, most);
    CHECK(voxels == level.size());
    CHECK(chunks.size() == 300);
    // whole chunks in boxes: at most twice the mean, rounded up
    const std::size_t mean = (299 / static_cast<std::size_t>(workers)) + 1;
    CHECK(most <= 2 * mean);
  }
  CHECK_THROWS_WITH(level.part(3, 3), "part: there is no worker 3 of 3");
  CHECK_THROWS_WITH(level.part(-1, 3), "part: there is no worker -1 of 3");
}

TEST_CASE("what cannot be in memory is an error before memory is taken", "[array]") {
  const auto source = std::make_shared<MemoryLevel<Voxel>>(Shape3{7063, 155648, 253952}, Shape3{1, 1024, 1024});
  const ScaleView<Voxel> level(source);
  const std::string message = "a view of shape (7063, 155648, 253952) takes 558360109776896 bytes, this machine has " +
                              std::to_string(catvox::abi::machine_memory()) + ": read it in parts (blocks())";
  CHECK_THROWS_WITH(level.load(), message);
  xt::xtensor<Voxel, 3> tensor;
  CHECK_THROWS_WITH(tensor = level, message);
  CHECK(source->take_reads() == 0);
  CHECK(level.blocks().size() == std::size_t{7063} * 152 * 248);
  CHECK(level.blocks()[1].shape() == std::array<std::size_t, 3>{1, 1024, 1024});
}

TEST_CASE("integer indices have a place in the world, and all can be printed", "[array]") {
  const ScaleView<Voxel> level(make_level());
  const WorldPoint point{110, 212.5, 345};
  CHECK(level.voxel_to_world(level.voxel_at(point)) == WorldPoint{108, 210, 340});
  CHECK(level.voxel_to_world(std::array<std::size_t, 3>{1, 2, 2}) == WorldPoint{108, 210, 340});
  std::ostringstream text;
  text << point << " " << catvox::WorldBox{{0, 0, 0}, {8, 8, 40}} << " " << Box{{0, -1, 0}, {64, 512, 512}};
  CHECK(text.str() == "(x 110, y 212.5, z 345) [(x 0, y 0, z 0), (x 8, y 8, z 40)) [(0, -1, 0), (64, 512, 512))");
  CHECK(name(catvox::Errc::too_large) == "too_large");
  CHECK(name(catvox::Errc::io) == "io");
}
