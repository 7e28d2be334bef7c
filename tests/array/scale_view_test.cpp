#include <array>
#include <atomic>
#include <catvox/array/array_source.hpp>
#include <catvox/array/read_async.hpp>
#include <catvox/array/scale_view.hpp>
#include <cmath>
#include <limits>
#include <span>
#include <stop_token>
#include <thread>
#include <vector>
#include <xtensor/xadapt.hpp>
#include <xtensor/xfixed.hpp>
#include <xtensor/xstrided_view.hpp>

#include "memory_level.hpp"
#include "support/catch.hpp"

using catvox::Index3;
using catvox::ScaleView;
using catvox::WorldPoint;
using catvox::testing::MemoryLevel;
using xt::placeholders::_;

namespace {

using Voxel = std::uint16_t;
using Coords = std::vector<double>;

/// 4 x 5 x 40 units a voxel along stack x, y, z; the corner of voxel 0 at (100, 200, 300).
catvox::StackFrame stack_frame(catvox::Orientation orientation = catvox::Orientation::xy) {
  catvox::StackFrame frame;
  frame.resolution = {4, 5, 40};
  frame.translation = {100, 200, 300};
  frame.orientation = orientation;
  return frame;
}

std::shared_ptr<MemoryLevel<Voxel>> make_level(catvox::Orientation orientation = catvox::Orientation::xy) {
  return std::make_shared<MemoryLevel<Voxel>>(catvox::Shape3{6, 7, 8}, catvox::Shape3{2, 4, 3},
                                              stack_frame(orientation));
}

template <class V>
std::vector<Voxel> voxels(const V& view) {
  std::vector<Voxel> values(view.size());
  view.read_into(values);
  return values;
}

template <class F>
catvox::Errc code_of(F&& f) {
  try {
    f();
  } catch (const catvox::Error& error) {
    return error.code();
  }
  throw std::logic_error("no error");
}

}  // namespace

TEST_CASE("a level says where it lies without reading", "[array]") {
  const auto source = make_level();
  const ScaleView<Voxel> level(source);
  CHECK(level.shape() == std::array<std::size_t, 3>{6, 7, 8});
  CHECK(level.size() == 336);
  CHECK(level.dims() == std::array<std::string_view, 3>{"z", "y", "x"});
  CHECK(level.dtype() == catvox::DType::uint16);
  CHECK(level.level() == 0);
  CHECK(level.voxel_size() == std::array<double, 3>{40, 5, 4});
  CHECK(level.coords(0) == Coords{300, 340, 380, 420, 460, 500});
  CHECK(level.coords(1) == Coords{200, 205, 210, 215, 220, 225, 230});
  CHECK(level.coords(2) == Coords{100, 104, 108, 112, 116, 120, 124, 128});
  CHECK(level.world_to_voxel({110, 202.5, 345}) == std::array<double, 3>{1, 0.5, 2.5});
  CHECK(level.voxel_to_world({1, 0.5, 2.5}) == WorldPoint{110, 202.5, 340});
  CHECK(source->take_reads() == 0);
  CHECK_THROWS_WITH(level.coords(3), "coords: axis 3 of a view with 3 axes");
  static_assert(!std::is_reference_v<decltype(level.slice(0).shape())>);  // nothing is lent by a view that goes
}

TEST_CASE("axes are named after the project axes that they run along", "[array]") {
  const ScaleView<Voxel> xz(make_level(catvox::Orientation::xz));
  CHECK(xz.dims() == std::array<std::string_view, 3>{"y", "z", "x"});
  CHECK(xz.coords(0) == Coords{200, 240, 280, 320, 360, 400});  // 40 a slice, from the translation in y
  CHECK(xz.slice(xt::all(), 0).dims() == std::array<std::string_view, 2>{"y", "x"});
  const ScaleView<Voxel> zy(make_level(catvox::Orientation::zy));
  CHECK(zy.dims() == std::array<std::string_view, 3>{"x", "y", "z"});
  CHECK(zy.transpose().dims() == std::array<std::string_view, 3>{"z", "y", "x"});
}

TEST_CASE("a view of another type than the level's is refused", "[array]") {
  const auto source = make_level();
  CHECK_THROWS_WITH(ScaleView<float>(source), "cannot view level 0 as float32: its voxels are uint16");
  CHECK(code_of([&] { ScaleView<float> view(source); }) == catvox::Errc::invalid_argument);
}

TEST_CASE("slices keep names, coordinates and the world", "[array]") {
  const ScaleView<Voxel> level(make_level());

  SECTION("an index drops its axis") {
    const auto plane = level.slice(xt::range(1, 3), xt::all(), 2);
    CHECK(plane.shape() == std::array<std::size_t, 2>{2, 7});
    CHECK(plane.dims() == std::array<std::string_view, 2>{"z", "y"});
    CHECK(plane.coords(0) == Coords{340, 380});
    CHECK(plane.voxel_to_world({1, 6}) == WorldPoint{108, 230, 380});
    CHECK(plane.world_to_voxel({0, 230, 380}) == std::array<double, 2>{1, 6});
    CHECK(plane(1, 6) == 262);
  }
  SECTION("steps spread coordinates") {
    const auto coarse = level.slice(xt::range(1, _, 2), xt::range(_, _, 3));
    CHECK(coarse.shape() == std::array<std::size_t, 3>{3, 3, 8});
    CHECK(coarse.voxel_size() == std::array<double, 3>{80, 15, 4});
    CHECK(coarse.coords(0) == Coords{340, 420, 500});
    CHECK(coarse.coords(1) == Coords{200, 215, 230});
    CHECK(coarse.world_to_voxel({100, 207.5, 420}) == std::array<double, 3>{1, 0.5, 0});
    CHECK(coarse(2, 1, 0) == 530);
  }
  SECTION("negative steps turn coordinates round") {
    const auto turned = level.slice(xt::range(_, _, -1), xt::range(5, 1, -2));
    CHECK(turned.coords(0) == Coords{500, 460, 420, 380, 340, 300});
    CHECK(turned.coords(1) == Coords{225, 215});
    CHECK(turned.voxel_size() == std::array<double, 3>{40, 10, 4});
    CHECK(turned.voxel_to_world({5, 1, 0}) == WorldPoint{100, 215, 300});
    CHECK(turned.world_to_voxel({100, 215, 300}) == std::array<double, 3>{5, 1, 0});
    CHECK(turned(5, 1, 0) == 30);
  }
  SECTION("new axes have no place in the world") {
    const auto batch = level.slice(xt::newaxis(), 3, xt::ellipsis(), xt::newaxis());
    CHECK(batch.shape() == std::array<std::size_t, 4>{1, 7, 8, 1});
    CHECK(batch.dims() == std::array<std::string_view, 4>{"", "y", "x", ""});
    CHECK(batch.coords(0) == Coords{0});
    CHECK(batch.voxel_size() == std::array<double, 4>{1, 5, 4, 1});
    CHECK(batch.world_to_voxel({104, 210, 0}) == std::array<double, 4>{0, 2, 1, 0});
    CHECK(batch.voxel_to_world({9, 2, 1, 9}) == WorldPoint{104, 210, 420});
    CHECK(batch(0, 6, 7, 0) == 367);
  }
  SECTION("transposing turns them") {
    const auto turned = level.slice(1).transpose();
    CHECK(turned.dims() == std::array<std::string_view, 2>{"x", "y"});
    CHECK(turned.shape() == std::array<std::size_t, 2>{8, 7});
    CHECK(turned.coords(0).back() == 128);
    CHECK(turned(7, 2) == 127);
    CHECK(level.transpose({1, 2, 0}).shape() == std::array<std::size_t, 3>{7, 8, 6});
    CHECK(level.transpose({1, 2, 0})(6, 7, 5) == 567);
  }
  SECTION("slices compose") {
    const auto cut = level.slice(xt::range(_, _, -2)).slice(1, xt::range(2, 5)).transpose().slice(xt::range(-3, _));
    CHECK(cut.dims() == std::array<std::string_view, 2>{"x", "y"});
    CHECK(voxels(cut) == std::vector<Voxel>{325, 335, 345, 326, 336, 346, 327, 337, 347});
  }
  SECTION("indices of any integer type") { CHECK(level.slice(std::uint8_t{5}, -1L, std::size_t{7})() == 567); }
}

TEST_CASE("unsigned numbers that went below 0 are errors, not the other end", "[array]") {
  const ScaleView<Voxel> level(make_level());
  const std::size_t z = 0;
  const std::uint32_t y = 3;
  CHECK_THROWS_WITH(level.slice(z - 1),
                    "slice: 18446744073709551615 for axis 0 is an unsigned number that went below 0");
  CHECK_THROWS_WITH(level.slice(xt::all(), y - 4),
                    "slice: 4294967295 for axis 1 is an unsigned number that went below 0");
  CHECK_THROWS_WITH(level.slice(xt::range(z - 8, z + 8)),
                    "slice: 18446744073709551608 for axis 0 is an unsigned number that went below 0");
  CHECK_THROWS_WITH(level.slice(xt::all(), xt::range(y - 8, y + 8)),
                    "slice: 4294967291 for axis 1 is an unsigned number that went below 0");
  CHECK_THROWS_WITH(xt::view(level, xt::all(), xt::range(0, y - 4, 2)),
                    "slice: 4294967295 for axis 1 is an unsigned number that went below 0");
  CHECK_THROWS_WITH(level.slice(xt::range(_, z - 1)),
                    "slice: 18446744073709551615 for axis 0 is an unsigned number that went below 0");
  CHECK_THROWS_WITH(level.slice(xt::range(5, 0, z - 1)),
                    "slice: 18446744073709551615 for axis 0 is an unsigned number that went below 0");
  CHECK_THROWS_WITH(level.at(z - 1, 0, 0), "index -1 is out of range for axis 0 of a view of shape (6, 7, 8)");
  CHECK_THROWS_WITH(level.at(0, y - 4, 0), "index 4294967295 is out of range for axis 1 of a view of shape (6, 7, 8)");
  CHECK_THROWS_WITH(level.slice(std::size_t{6}), "slice: index 6 is out of range for axis 0 with 6 voxels");
  CHECK_THROWS_WITH(level.slice(-7), "slice: index -7 is out of range for axis 0 with 6 voxels");

  // Ends beyond the axis clamp, signed negatives count from the end, small unsigned types are signed in arithmetic.
  CHECK(level.slice(xt::range(z + 4, z + 100)).coords(0) == Coords{460, 500});
  CHECK(level.slice(xt::range(y, _), xt::range(_, y)).shape() == std::array<std::size_t, 3>{3, 3, 8});
  CHECK(level.slice(xt::range(std::uint8_t{1} - 3, 100)).coords(0) == Coords{460, 500});
  CHECK(level.slice(xt::range(-100, -5)).coords(0) == Coords{300});
}

TEST_CASE("ranges of unsigned numbers still serve arrays", "[array]") {
  const xt::xtensor<int, 1> a = xt::arange<int>(10);
  const std::size_t from = 2;
  const std::uint32_t step = 3;
  CHECK((xt::view(a, xt::range(from, from + 3)) == xt::xtensor<int, 1>{2, 3, 4}));
  CHECK((xt::view(a, xt::range(from, _, step)) == xt::xtensor<int, 1>{2, 5, 8}));
  xt::xarray<int> b = a;
  CHECK((xt::strided_view(b, {xt::range(from, _)}) == xt::arange<int>(2, 10)));
  xt::xstrided_slice_vector slices{xt::range(from, from + 2, step)};
  slices.push_back(xt::newaxis());
  CHECK(xt::strided_view(b, slices).shape(0) == 1);
  xt::view(b, xt::range(from, 4)) = 0;
  CHECK(xt::sum(b)() == 40);
}

TEST_CASE("world boxes select every voxel that they touch", "[array]") {
  const auto source = make_level();
  const ScaleView<Voxel> level(source);
  const auto coords = [](const auto& view) { return std::array{view.coords(0), view.coords(1), view.coords(2)}; };

  SECTION("inside") {
    const auto box = level.world({.min = {105, 204, 350}, .max = {113, 206, 390}});
    CHECK(coords(box) == std::array{Coords{340, 380}, Coords{200, 205}, Coords{104, 108, 112}});
    CHECK(voxels(box) == std::vector<Voxel>{101, 102, 103, 111, 112, 113, 201, 202, 203, 211, 212, 213});
  }
  SECTION("on voxel borders") {
    const auto box = level.world({.min = {104, 205, 340}, .max = {112, 215, 380}});
    CHECK(coords(box) == std::array{Coords{340}, Coords{205, 210}, Coords{104, 108}});
  }
  SECTION("partly outside") {
    const auto box = level.world({.min = {-1e300, 0, 0}, .max = {101, 1e300, 301}});
    CHECK(coords(box) == std::array{Coords{300}, level.coords(1), Coords{100}});
  }
  SECTION("wholly outside") {
    const auto box = level.world({.min = {0, 0, 0}, .max = {50, 250, 310}});
    CHECK(box.shape() == std::array<std::size_t, 3>{1, 7, 0});
    CHECK(voxels(box).empty());
    CHECK(source->take_reads() == 0);
    CHECK(box.coords(2).empty());
  }
  SECTION("of a view that is turned, thinned or without an axis") {
    const auto view = level.slice(3, xt::range(_, _, -1), xt::range(1, _, 3)).transpose();
    const auto box = view.world({.min = {103, 211, 0}, .max = {117, 220, 1}});
    CHECK(box.dims() == std::array<std::string_view, 2>{"x", "y"});
    CHECK(box.coords(0) == Coords{104, 116});
    CHECK(box.coords(1) == Coords{215, 210});
    CHECK(voxels(box) == std::vector<Voxel>{331, 321, 334, 324});
  }
  CHECK_THROWS_AS(level.world({.min = {2, 0, 0}, .max = {1, 1, 1}}), catvox::Error);
}

TEST_CASE("at_world gives the voxel that holds a point", "[array]") {
  const ScaleView<Voxel> level(make_level());
  CHECK(level.at_world({100, 200, 300}) == 0);
  CHECK(level.at_world({103.9, 204.9, 339.9}) == 0);
  CHECK(level.at_world({131.9, 234.9, 539.9}) == 567);
  CHECK(level.slice(3, xt::ellipsis()).at_world({104, 200, 1e9}) == 301);
  CHECK(level.slice(xt::range(_, _, -1)).transpose().at_world({104, 205, 340}) == 111);
  // Thinned: the nearest voxel left, the lower one on a tie.
  const auto thinned = level.slice(0, 0, xt::range(_, _, 2));  // 0, 2, 4, 6
  CHECK(thinned.at_world({109, 0, 0}) == 2);
  CHECK(thinned.at_world({112, 0, 0}) == 2);
  CHECK(thinned.at_world({128, 0, 0}) == 6);
  CHECK(level.slice(0, 0, xt::range(_, _, -3)).at_world({113, 0, 0}) == 4);  // 7, 4, 1
  CHECK(level.slice(0, 0, xt::range(_, _, -3)).at_world({100, 0, 0}) == 1);

  CHECK_THROWS_WITH(level.at_world({132, 200, 300}),
                    "at_world: (x 132, y 200, z 300) lies outside the view along axis 2 (x)");
  CHECK_THROWS_WITH(level.slice(0).at_world({100, 199.5, 0}),
                    "at_world: (x 100, y 199.5, z 0) lies outside the view along axis 0 (y)");
  CHECK_THROWS_WITH(level.slice(xt::range(0, 0)).at_world({100, 200, 300}),
                    "at_world: (x 100, y 200, z 300) lies outside the view along axis 0 (z)");
  CHECK(code_of([&] { (void)level.at_world({0, 0, 0}); }) == catvox::Errc::invalid_argument);
}

TEST_CASE("voxel_at is the index of the voxel that at_world picks", "[array]") {
  const auto orientation = GENERATE(catvox::Orientation::xy, catvox::Orientation::xz, catvox::Orientation::zy);
  const ScaleView<Voxel> level(make_level(orientation));
  const auto agree = [](const auto& view) {
    for (double x = 101; x < 340; x += 3) {
      for (const double y : {150., 201., 214.5, 233., 390.}) {
        const WorldPoint point{x, y, 2 * x + 120};
        const auto index = view.voxel_at(point);
        bool inside = true;
        for (std::size_t axis = 0; axis < index.size(); ++axis) {
          inside = inside && index[axis] >= 0 && index[axis] < static_cast<std::int64_t>(view.shape()[axis]);
        }
        CAPTURE(point.x, point.y, point.z, index);
        if (inside) {
          REQUIRE(view.element(index.begin(), index.end()) == view.at_world(point));
        } else {
          REQUIRE_THROWS_AS(view.at_world(point), catvox::Error);
        }
      }
    }
  };
  agree(level);
  agree(level.transpose({1, 2, 0}));
  agree(level.slice(3));
  agree(level.slice(xt::range(_, _, -1), xt::range(1, 6, 2), xt::range(_, _, -3)));
  agree(level.slice(xt::newaxis(), xt::all(), 2));
}

TEST_CASE("voxel_at goes on outside of the view", "[array]") {
  using Index = std::array<std::int64_t, 3>;
  const ScaleView<Voxel> level(make_level());
  CHECK(level.voxel_at({131.9, 234.9, 539.9}) == Index{5, 6, 7});
  CHECK(level.voxel_at({99.9, 199, 259.9}) == Index{-2, -1, -1});
  CHECK(level.voxel_at({-300, 1200, 540}) == Index{6, 200, -100});
  const auto row = [&](int step) { return level.slice(0, 0, xt::range(_, _, step)); };
  using At = std::array<std::int64_t, 1>;
  // columns 0, 3, 6: 8 is not in the view, and nearest to 6; 9 would be the next
  CHECK(row(3).voxel_at({132, 0, 0}) == At{2});
  CHECK(row(3).voxel_at({136, 0, 0}) == At{3});
  CHECK(row(3).voxel_at({92, 0, 0}) == At{0});
  CHECK(row(3).voxel_at({88, 0, 0}) == At{-1});
  // columns 7, 4, 1
  CHECK(row(-3).voxel_at({108, 0, 0}) == At{2});
  CHECK(row(-3).voxel_at({92, 0, 0}) == At{3});
  CHECK(row(-3).voxel_at({140, 0, 0}) == At{-1});
  CHECK_THROWS_WITH(level.voxel_at({std::nan(""), 0, 0}), "world point: x must be a finite number, got nan");
}

TEST_CASE("rescale gives the same region at another level", "[array]") {
  // Level 1: half in x and y, a third in z.
  const auto full = make_level();
  const auto half = std::make_shared<MemoryLevel<Voxel>>(catvox::Shape3{2, 3, 4}, catvox::Shape3{1, 2, 2},
                                                         stack_frame(), 1, catvox::StackVector{2, 2, 3});
  full->set_levels({full, half});
  half->set_levels({full, half});
  const ScaleView<Voxel> level(full);

  const auto whole = level.rescale(1);
  CHECK(whole.level() == 1);
  CHECK(whole.shape() == std::array<std::size_t, 3>{2, 3, 4});
  CHECK(whole.voxel_size() == std::array<double, 3>{120, 10, 8});
  // 3 x 10 covers 200 to 230; row 6 of level 0 (230 to 235) has no counterpart.
  CHECK(whole.rescale(0).coords(1) == Coords{200, 205, 210, 215, 220, 225});

  const auto box = level.slice(xt::range(1, 3), xt::range(3, 5), xt::range(2, 4));
  CHECK(box.rescale(1).coords(0) == Coords{300});
  CHECK(box.rescale(1).coords(1) == Coords{210, 220});  // rows 3 and 4: 215 to 225
  CHECK(box.rescale(1).coords(2) == Coords{108});
  CHECK(box.rescale(0).coords(1) == box.coords(1));

  const auto plane = level.slice(5, xt::range(_, _, -2)).transpose();
  CHECK(plane.rescale(1).dims() == std::array<std::string_view, 2>{"x", "y"});
  CHECK(plane.rescale(1).coords(1) == Coords{220, 210, 200});
  CHECK(plane.rescale(1)(1, 0) == 121);             // slice 5 lies in slice 1 of level 1
  CHECK(plane.rescale(1).rescale(0)(0, 0) == 350);  // whose first is slice 3

  CHECK(level.slice(xt::all(), xt::range(6, 7)).rescale(1).shape() == std::array<std::size_t, 3>{2, 0, 4});
  CHECK(level.slice(xt::range(2, 2)).rescale(1).shape() == std::array<std::size_t, 3>{0, 3, 4});
  CHECK(level.slice(0, 6).rescale(1)(0) == 20);  // a dropped axis stays inside the level
  CHECK_THROWS_WITH(level.rescale(2), "no level 2");
}

TEST_CASE("reading into memory that the caller owns", "[array]") {
  const auto source = make_level();
  const auto box = ScaleView<Voxel>(source).slice(xt::range(1, 3), xt::range(2, 4), xt::range(5, 7));
  const std::vector<Voxel> expected = {125, 126, 135, 136, 225, 226, 235, 236};

  SECTION("contiguous, with statistics and progress") {
    std::vector<Voxel> out(8);
    std::int64_t done = 0;
    const catvox::ReadStatistics statistics = box.read_into(
        out, {.progress = [&](const catvox::Progress& progress) { done = progress.chunks_done; }, .stop = {}});
    CHECK(out == expected);
    CHECK(statistics.chunks == 4);
    CHECK(done == 4);
    std::array<Voxel, 8> fixed{};
    box.read_into(fixed);
    CHECK(std::equal(fixed.begin(), fixed.end(), expected.begin()));
    box.read_into(std::span(out).first(8));
  }
  SECTION("strides") {
    std::vector<Voxel> out(40, 7);
    box.read_into(out.data() + 36, {-20, -6, 2});  // turned in z and y
    CHECK(out[36] == 125);
    CHECK(out[38] == 126);
    CHECK(out[30] == 135);
    CHECK(out[16] == 225);
    CHECK(out[12] == 236);
    CHECK(std::count(out.begin(), out.end(), 7) == 32);
  }
  SECTION("containers") {
    xt::xtensor<Voxel, 3> tensor({2, 2, 2});
    box.read_into(tensor);
    CHECK(std::equal(tensor.begin(), tensor.end(), expected.begin()));
    xt::xarray<Voxel, xt::layout_type::column_major> turned(std::vector<std::size_t>{2, 2, 2});
    box.read_into(turned);
    CHECK((turned == tensor));
    xt::xtensor_fixed<Voxel, xt::xshape<2, 2, 2>> fixed;
    box.read_into(fixed);
    CHECK((fixed == tensor));
    std::vector<Voxel> memory(8);
    box.read_into(xt::adapt(memory, {2, 2, 2}));
    CHECK(memory == expected);
  }
  SECTION("part of a larger array") {
    xt::xtensor<Voxel, 4> larger = xt::zeros<Voxel>({2, 4, 2, 5});
    box.read_into(xt::view(larger, 1, xt::range(0, 4, 3), xt::all(), xt::range(2, 4)));
    CHECK(larger(1, 0, 0, 2) == 125);
    CHECK(larger(1, 3, 1, 3) == 236);
    CHECK(xt::sum(larger)() == 1444);
    xt::xarray<Voxel> dynamic = xt::zeros<Voxel>({4, 4, 4});
    box.read_into(xt::strided_view(dynamic, {xt::range(2, 4), xt::range(0, 2), xt::range(0, 4, 2)}));
    CHECK(dynamic(3, 1, 2) == 236);
    CHECK(xt::sum(dynamic)() == 1444);
  }
  SECTION("a turned view into a turned destination") {
    xt::xtensor<Voxel, 3> tensor({2, 2, 2});
    box.transpose({2, 0, 1}).read_into(xt::transpose(tensor, {2, 0, 1}));
    CHECK(std::equal(tensor.begin(), tensor.end(), expected.begin()));
  }
  SECTION("another type, converted") {
    std::vector<float> out(8);
    box.cast<float>().read_into(out);
    CHECK(std::equal(out.begin(), out.end(), expected.begin()));
  }
  SECTION("asynchronously") {
    auto future = box.read_async();
    const xt::xtensor<Voxel, 3> tensor = future.get();
    CHECK(std::equal(tensor.begin(), tensor.end(), expected.begin()));
  }
  CHECK(source->take_requests().size() % 4 == 0);
}

TEST_CASE("misfits of a destination are errors before anything is read", "[array]") {
  const auto source = make_level();
  const ScaleView<Voxel> level(source);
  std::vector<Voxel> memory(400);
  xt::xtensor<Voxel, 3> other({6, 7, 9});
  xt::xarray<Voxel> flat(std::vector<std::size_t>{336});

  CHECK_THROWS_WITH(level.read_into(memory),
                    "read_into: the span has 400 elements, the view of shape (6, 7, 8) has 336");
  CHECK_THROWS_WITH(level.read_into(other), "read_into: the destination has shape (6, 7, 9), the view (6, 7, 8)");
  CHECK_THROWS_WITH(level.read_into(flat), "read_into: the destination has shape (336,), the view (6, 7, 8)");
  CHECK_THROWS_WITH(level.read_into(memory.data(), {55, 8, 1}),
                    "read_into: strides (55, 8, 1) make voxels of a view of shape (6, 7, 8) overlap");
  CHECK_THROWS_WITH(level.read_into(memory.data(), {56, 0, 1}),
                    "read_into: strides (56, 0, 1) make voxels of a view of shape (6, 7, 8) overlap");
  CHECK_THROWS_WITH(level.read_into(memory.data(), {std::numeric_limits<std::int64_t>::max(), 8, 1}),
                    "bytes per stride: 9223372036854775807 x 2 does not fit 64 bits");
  xt::xtensor_fixed<Voxel, xt::xshape<2, 2, 2>> fixed;
  CHECK_THROWS_WITH(xt::noalias(fixed) = level,
                    "cannot assign a view of shape (6, 7, 8) to a container of the fixed shape (2, 2, 2)");
  xt::xtensor<Voxel, 2> flatter;
  CHECK_THROWS_WITH(flatter = level, "cannot assign a view of shape (6, 7, 8) to a container of rank 2");
  CHECK(code_of([&] { level.read_into(other); }) == catvox::Errc::invalid_argument);
  CHECK(source->take_reads() == 0);
}

TEST_CASE("a stopped read ends with an error", "[array]") {
  const ScaleView<Voxel> level(make_level());
  std::stop_source stop;
  stop.request_stop();
  std::vector<Voxel> out(level.size());
  CHECK(code_of([&] { level.read_into(out, {.progress = {}, .stop = stop.get_token()}); }) == catvox::Errc::cancelled);
  auto future = level.read_async({.progress = {}, .stop = stop.get_token()});
  CHECK(code_of([&] { future.get(); }) == catvox::Errc::cancelled);
}

TEST_CASE("prefetch asks the level for what a read would", "[array]") {
  const auto source = make_level();
  const ScaleView<Voxel> level(source);
  using Prefetches = std::vector<catvox::Selection3>;
  level.prefetch();
  level.slice(3, xt::range(1, 6, 2)).prefetch();
  level.transpose().slice(xt::all(), 2).prefetch();
  CHECK(source->take_prefetches() == Prefetches{{{{0, 1, 6}, {0, 1, 7}, {0, 1, 8}}},
                                                {{{3, 1, 1}, {1, 2, 3}, {0, 1, 8}}},
                                                {{{0, 1, 6}, {2, 1, 1}, {0, 1, 8}}}});
  const catvox::WorldBox box{.min = {104, 205, 340}, .max = {112, 215, 380}};
  level.prefetch(box);
  level.cast<float>().prefetch(box);
  CHECK(source->take_prefetches() == Prefetches(2, {{{1, 1, 1}, {1, 1, 2}, {1, 1, 2}}}));
  level.prefetch({.min = {0, 0, 0}, .max = {1, 1, 1}});  // outside
  CHECK(source->take_prefetches().empty());
  CHECK(source->take_reads() == 0);
}

TEST_CASE("cast converts as the voxels are read", "[array]") {
  const auto source = make_level();
  const ScaleView<Voxel> level(source);
  const ScaleView<std::uint8_t> narrow = level.cast<std::uint8_t>();
  CHECK(narrow.dtype() == catvox::DType::uint8);
  CHECK(narrow(5, 6, 7) == 567 - 512);
  const auto box = level.cast<double>().world({.min = {104, 205, 340}, .max = {112, 215, 380}});
  CHECK(box.coords(2) == Coords{104, 108});
  CHECK((box.load() == xt::xtensor<double, 3>{{{111, 112}, {121, 122}}}));
  source->take_requests();
  CHECK((level.cast<float>().transpose().load() == xt::transpose(xt::cast<float>(level.load()))));
  CHECK(source->take_requests().size() == 2 * 18);
  CHECK((level.cast<Voxel>().load() == level.load()));
  const auto half = std::make_shared<MemoryLevel<Voxel>>(catvox::Shape3{6, 3, 4}, catvox::Shape3{1, 2, 2},
                                                         stack_frame(), 1, catvox::StackVector{2, 2, 1});
  source->set_levels({source, half});
  CHECK(level.cast<float>().rescale(1)(5, 2, 3) == 523.f);
}

namespace {

/// Two voxels short of nothing: the values that a conversion can stumble over.
class Extremes : public MemoryLevel<float> {
 public:
  using MemoryLevel::MemoryLevel;
  catvox::ReadStatistics read(const catvox::Selection3& selection, const catvox::StridedBytes& out,
                              const catvox::ReadOptions&) const override {
    const float values[] = {-1.5f, 1e9f, -1e30f, std::numeric_limits<float>::infinity(), std::nanf(""), 2.9f};
    for (std::int64_t i = 0; i < selection[2].count; ++i) {
      const float value = values[selection[2].start + i * selection[2].step];
      std::memcpy(out.data + i * out.strides[2], &value, sizeof value);
    }
    return {};
  }
};

}  // namespace

TEST_CASE("floating voxels outside an integer's range become its nearest value", "[array]") {
  const ScaleView<float> level(std::make_shared<Extremes>(catvox::Shape3{1, 1, 6}, catvox::Shape3{1, 1, 6}));
  const auto row = level.slice(0, 0);
  CHECK((row.cast<std::uint8_t>().load() == xt::xtensor<std::uint8_t, 1>{0, 255, 0, 255, 0, 2}));
  CHECK((row.cast<std::int32_t>().load() ==
         xt::xtensor<std::int32_t, 1>{-1, 1000000000, -2147483647 - 1, 2147483647, 0, 2}));
  CHECK((row.cast<std::int64_t>().load()(3) == std::numeric_limits<std::int64_t>::max()));
}

TEST_CASE("cast reads large views in bounded parts, each chunk once", "[array]") {
  // 80 MiB of uint8: two parts of at most 64 MiB.
  class Slices : public MemoryLevel<std::uint8_t> {
   public:
    using MemoryLevel::MemoryLevel;
    catvox::ReadStatistics read(const catvox::Selection3& selection, const catvox::StridedBytes& out,
                                const catvox::ReadOptions& options) const override {
      std::memset(out.data, static_cast<int>(selection[0].start), 1);
      largest = std::max(largest, selection[0].count);
      slices += selection[0].count;
      if (options.progress) options.progress({selection[0].count, selection[0].count, 100});
      return {.chunks = selection[0].count, .requests = selection[0].count, .bytes_received = 100};
    }
    mutable std::int64_t largest = 0;
    mutable std::int64_t slices = 0;
  };
  const auto source = std::make_shared<Slices>(catvox::Shape3{80, 1024, 1024}, catvox::Shape3{1, 1024, 1024});
  const auto view = ScaleView<std::uint8_t>(source).cast<std::int8_t>();
  xt::xtensor<std::int8_t, 3> out(view.shape());
  std::vector<std::int64_t> done, bytes;
  const auto statistics = view.read_into(out, {.progress =
                                                   [&](const catvox::Progress& progress) {
                                                     CHECK(progress.chunks_total == 80);
                                                     done.push_back(progress.chunks_done);
                                                     bytes.push_back(progress.bytes_received);
                                                   },
                                               .stop = {}});
  CHECK(source->slices == 80);
  CHECK(source->largest == 64);
  CHECK(out(64, 0, 0) == 64);
  CHECK(statistics.requests == 80);
  CHECK(done == std::vector<std::int64_t>{64, 80});
  CHECK(bytes == std::vector<std::int64_t>{100, 200});
}

TEST_CASE("one view serves several threads", "[array]") {
  const ScaleView<Voxel> level(make_level());
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&level, &wrong, t] {
      for (int round = 0; round < 20; ++round) {
        if (level((t + round) % 6, 6, 7) != ((t + round) % 6) * 100 + 67) ++wrong;
        const auto plane = level.slice((t + round) % 6);
        if (*plane.begin() != (t + round) % 6 * 100) ++wrong;
        if (xt::amax(level)() != 567) ++wrong;
        if (level.load()(5, 6, 7) != 567) ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
}

TEST_CASE("array_source makes a view over memory", "[array]") {
  xt::xtensor<Voxel, 3> array = xt::arange<Voxel>(24).reshape({2, 3, 4});
  const auto level = catvox::array_source(array, {stack_frame(), {1, 1, 1}, {2, 3, 4}});
  static_assert(std::is_same_v<decltype(level), const ScaleView<Voxel, 3>>);
  array.fill(0);  // it was copied
  CHECK(level.coords(0) == Coords{300, 340});
  CHECK((level.load() == xt::arange<Voxel>(24).reshape({2, 3, 4})));
  CHECK((level.slice(1, xt::range(_, _, -2), xt::range(3, 0, -2)).load() == xt::xtensor<Voxel, 2>{{23, 21}, {15, 13}}));
  CHECK(level.world({.min = {104, 205, 340}, .max = {112, 210, 380}}).load()(0, 0, 1) == 18);
  CHECK(level.cast<float>()(1, 2, 3) == 23.f);
  CHECK(catvox::array_source(xt::xarray<float>(xt::ones<float>({2, 2, 2}))).voxel_size() ==
        std::array<double, 3>{1, 1, 1});
  CHECK_THROWS_WITH(catvox::array_source(array, {stack_frame(), {1, 1, 1}, {2, 3, 5}}),
                    "array_source: the array has shape (2, 3, 4), the geometry (2, 3, 5)");
  CHECK_THROWS_WITH(catvox::array_source(array, {stack_frame(), {1, 1, 1}, {2, 3, 4}}, {1, 0, 4}),
                    "array_source: the sides of a chunk must be > 0, got (1, 0, 4)");
  CHECK_THROWS_WITH(level.rescale(1), "no level 1: an array is level 0 alone");
}

TEST_CASE("a copy is a handle to the same level", "[array]") {
  const auto source = make_level();
  auto copy = [&] {
    const ScaleView<Voxel> level(source);
    CHECK(level(0, 0, 0) == 0);
    return level;
  }();
  CHECK(copy(0, 0, 1) == 1);
  CHECK(source->take_reads() == 1);  // both in the chunk that is in memory
  copy = copy.slice(xt::range(2, 4));
  CHECK(copy(0, 0, 0) == 200);
}
