// Stack::preview(): which level and which voxels it shows.

#include <array>
#include <catvox/array/array_source.hpp>
#include <catvox/catmaid/stack.hpp>
#include <catvox/core/error.hpp>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "array/memory_level.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"

using namespace catvox;
using catvox::test::error_of;

namespace {

// Voxel (z, y, x) is 100 z + 10 y + x, so far as it fits.
template <class T>
using Level = testing::MemoryLevel<T>;

// A level that says of its chunks that the mirror does not have them.
template <class T>
class Absent : public Level<T> {
 public:
  using Level<T>::Level;
  ReadStatistics read(const Selection3& selection, const StridedBytes& out, const ReadOptions& options) const override {
    ReadStatistics statistics = Level<T>::read(selection, out, options);
    statistics.missing = statistics.chunks;
    return statistics;
  }
};

StackInfo stack_info() {
  StackInfo info;
  info.stitle = "em";
  info.dimension = {20, 8, 3};
  return info;
}

template <class T, template <class> class Coarse = Level>
Stack make_stack(Orientation orientation = Orientation::xy) {
  StackFrame frame;
  frame.resolution = {4, 5, 40};
  frame.translation = {100, 200, 300};
  frame.orientation = orientation;
  return Stack::from_sources(
      stack_info(),
      {std::make_shared<const Level<T>>(Shape3{3, 8, 20}, Shape3{1, 4, 4}, frame),
       std::make_shared<const Level<T>>(Shape3{3, 4, 10}, Shape3{1, 4, 4}, frame, 1, StackVector{2, 2, 1}),
       std::make_shared<const Coarse<T>>(Shape3{3, 2, 5}, Shape3{1, 4, 4}, frame, 2, StackVector{4, 4, 1})});
}

}  // namespace

TEST_CASE("a preview is the slice in the middle of the finest level that fits", "[client]") {
  const Stack stack = make_stack<std::uint8_t>();
  const auto [pixels, level, rows, columns, step] =
      GENERATE(table<std::int64_t, int, std::size_t, std::size_t, std::size_t>({{160, 0, 8, 20, 1},
                                                                                {159, 1, 4, 10, 1},
                                                                                {40, 1, 4, 10, 1},
                                                                                {39, 2, 2, 5, 1},
                                                                                {10, 2, 2, 5, 1},
                                                                                {9, 2, 1, 3, 2},
                                                                                {3, 2, 1, 3, 2},
                                                                                {2, 2, 1, 2, 3},
                                                                                {1, 2, 1, 1, 5}}));
  CAPTURE(pixels);
  const Preview preview = stack.preview(pixels);
  CHECK(preview.level == level);
  REQUIRE(preview.pixels.shape() == std::array<std::size_t, 2>{rows, columns});
  for (std::size_t y = 0; y < rows; ++y) {
    for (std::size_t x = 0; x < columns; ++x) CHECK(preview.pixels(y, x) == 100 + 10 * step * y + step * x);
  }
  const double factor = static_cast<double>(std::size_t{1} << level) * static_cast<double>(step);
  CHECK(preview.pixel_size == std::array<double, 2>{5 * factor, 4 * factor});
  CHECK(preview.dims == std::array<std::string_view, 2>{"y", "x"});
  CHECK(preview.world ==
        WorldBox{{100, 200, 340},
                 {100 + 4 * factor * static_cast<double>(columns), 200 + 5 * factor * static_cast<double>(rows), 380}});
}

TEST_CASE("a preview of a box is the slice in the middle of the box", "[client]") {
  const Stack stack = make_stack<std::uint8_t>();
  const Preview preview = stack.preview(100, WorldBox{{108, 205, 300}, {120, 215, 330}});
  CHECK(preview.level == 0);
  CHECK((preview.pixels == xt::xtensor<std::uint8_t, 2>{{12, 13, 14}, {22, 23, 24}}));
  CHECK(preview.world == WorldBox{{108, 205, 300}, {120, 215, 340}});
  const Stack zy = make_stack<std::uint8_t>(Orientation::zy);
  const Preview side = zy.preview(100, WorldBox{{150, 0, 0}, {160, 1000, 1000}});
  CHECK(side.dims == std::array<std::string_view, 2>{"y", "z"});
  CHECK(side.pixels(0, 0) == 100);
  CHECK(side.world.min == WorldPoint{140, 200, 300});
  CHECK(std::string(error_of([&] {
                      (void)stack.preview(100, WorldBox{{0, 0, 0}, {1, 1, 1}});
                    }).what()) == "preview: the box lies outside of the stack");
  CHECK(std::string(error_of([&] { (void)stack.preview(0); }).what()) == "preview: max_pixels must be > 0, got 0");
}

TEST_CASE("a preview goes to a finer level where the mirror has nothing of the coarser one", "[client]") {
  const Preview preview = make_stack<std::uint8_t, Absent>().preview(10);
  CHECK(preview.level == 1);  // of 4 x 10 every second
  CHECK((preview.pixels == xt::xtensor<std::uint8_t, 2>{{100, 102, 104, 106, 108}, {120, 122, 124, 126, 128}}));
  const Stack nothing = Stack::from_sources(
      stack_info(), {std::make_shared<const Absent<std::uint8_t>>(Shape3{3, 8, 20}, Shape3{1, 4, 4}),
                     std::make_shared<const Absent<std::uint8_t>>(Shape3{3, 4, 10}, Shape3{1, 4, 4}, StackFrame{}, 1)});
  const Error error = error_of([&] { (void)nothing.preview(40); });
  CHECK(error.code() == Errc::not_found);
  CHECK(std::string(error.what()) == "preview: the stack has nothing of the slice in the middle, at level 1, 0");
}

TEST_CASE("a preview spreads what is not 8 bits wide over 8 bits", "[client]") {
  const Preview preview = make_stack<std::uint16_t>().preview(10);  // 100 to 114
  CHECK((preview.pixels == xt::xtensor<std::uint8_t, 2>{{0, 18, 36, 55, 73}, {182, 200, 219, 237, 255}}));
  xt::xtensor<float, 3> voxels{{{-1.f, std::numeric_limits<float>::quiet_NaN(), 1.f, 3.f}}};
  StackInfo info = stack_info();
  const LevelGeometry geometry(StackFrame{}, {1, 1, 1}, {1, 1, 4});
  const Stack floats = Stack::from_sources(
      info, {std::make_shared<const detail::ArraySource<float>>(voxels, geometry, Shape3{1, 1, 4})});
  CHECK((floats.preview(10).pixels == xt::xtensor<std::uint8_t, 2>{{0, 0, 128, 255}}));
}
