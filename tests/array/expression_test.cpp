// What people do with xtensor expressions, done with a view: the values are those that the voxels' formula gives, and
// each chunk is requested once.

#include <catvox/array/read_async.hpp>
#include <catvox/array/scale_view.hpp>
#include <numeric>
#include <set>
#include <sstream>
#include <xtensor/xadapt.hpp>
#include <xtensor/xfixed.hpp>
#include <xtensor/xio.hpp>
#include <xtensor/xsort.hpp>
#include <xtensor/xstrided_view.hpp>

#include "memory_level.hpp"
#include "support/catch.hpp"

using catvox::Index3;
using catvox::ScaleView;
using catvox::testing::MemoryLevel;
using xt::placeholders::_;

namespace {

using Voxel = std::uint16_t;
constexpr std::size_t all_chunks = 3 * 2 * 3;

/// Voxel (z, y, x) is 100 z + 10 y + x.
struct Fixture {
  std::shared_ptr<MemoryLevel<Voxel>> source =
      std::make_shared<MemoryLevel<Voxel>>(catvox::Shape3{6, 7, 8}, catvox::Shape3{2, 4, 3});
  ScaleView<Voxel> level{source};

  /// True if since the last call each of `count` chunks was requested exactly once.
  bool requested_once(std::size_t count = all_chunks) const {
    const std::vector<Index3> requests = source->take_requests();
    const std::set<Index3> chunks(requests.begin(), requests.end());
    UNSCOPED_INFO(requests.size() << " requests for " << chunks.size() << " chunks");
    return requests.size() == count && chunks.size() == count;
  }
};

int voxel(int z, int y, int x) { return 100 * z + 10 * y + x; }

/// True if a (6, 7, 8) array has the value expected(z, y, x) at each place.
template <class A, class F>
bool holds(const A& a, F expected) {
  if (a.dimension() != 3 || a.shape(0) != 6 || a.shape(1) != 7 || a.shape(2) != 8) return false;
  bool same = true;
  for (int z = 0; z < 6; ++z) {
    for (int y = 0; y < 7; ++y) {
      for (int x = 0; x < 8; ++x)
        same = same && static_cast<double>(a(z, y, x)) == static_cast<double>(expected(z, y, x));
    }
  }
  return same;
}

/// The elements in C order.
template <class A>
std::vector<int> list(const A& a) {
  return {a.begin(), a.end()};
}

}  // namespace

TEST_CASE_METHOD(Fixture, "every way to assign a view is one read", "[array]") {
  SECTION("construct a tensor") {
    const xt::xtensor<Voxel, 3> a = level;
    CHECK(holds(a, voxel));
  }
  SECTION("construct an array of dynamic rank") {
    const xt::xarray<Voxel> a = level;
    CHECK(holds(a, voxel));
  }
  SECTION("assign") {
    xt::xtensor<Voxel, 3> a = xt::zeros<Voxel>({1, 1, 1});
    a = level;
    CHECK(holds(a, voxel));
  }
  SECTION("assign without a temporary") {
    xt::xtensor<Voxel, 3> a;
    xt::noalias(a) = level;
    CHECK(holds(a, voxel));
  }
  SECTION("eval") {
    const auto a = xt::eval(level);
    static_assert(std::is_same_v<std::decay_t<decltype(a)>, xt::xtensor<Voxel, 3>>);
    CHECK(holds(a, voxel));
  }
  SECTION("load") { CHECK(holds(level.load(), voxel)); }
  SECTION("column-major") {
    const xt::xtensor<Voxel, 3, xt::layout_type::column_major> a = level;
    CHECK(holds(a, voxel));
  }
  SECTION("fixed shape") {
    const xt::xtensor_fixed<Voxel, xt::xshape<6, 7, 8>> a = level;
    CHECK(holds(a, voxel));
  }
  SECTION("adapted memory") {
    std::vector<Voxel> memory(6 * 7 * 8);
    auto a = xt::adapt(memory, {6, 7, 8});
    xt::noalias(a) = level;
    CHECK(memory.back() == 567);
    CHECK(holds(a, voxel));
  }
  SECTION("another type") {
    const xt::xtensor<double, 3> a = level;
    CHECK(holds(a, voxel));
  }
  SECTION("a view of a larger array") {
    xt::xtensor<Voxel, 4> stacks = xt::zeros<Voxel>({2, 6, 7, 8});
    xt::noalias(xt::view(stacks, 1, xt::all(), xt::all(), xt::all())) = level;
    CHECK(holds(xt::view(stacks, 1), voxel));
    CHECK(stacks(0, 5, 6, 7) == 0);
  }
  SECTION("a view of a larger array, by way of a temporary") {
    xt::xarray<Voxel> stacks = xt::zeros<Voxel>({2, 6, 7, 8});
    xt::view(stacks, 1) = level;
    CHECK(holds(xt::view(stacks, 1), voxel));
  }
  SECTION("a strided view of a larger array, another type") {
    xt::xarray<float> volume = xt::zeros<float>({12, 7, 8});
    xt::noalias(xt::strided_view(volume, {xt::range(0, 12, 2), xt::all(), xt::all()})) = level;
    CHECK(volume(10, 6, 7) == 567);
    CHECK(volume(11, 6, 7) == 0);
    CHECK(holds(xt::strided_view(volume, {xt::range(0, 12, 2), xt::all(), xt::all()}), voxel));
  }
  SECTION("broadcast to more axes") {
    xt::xtensor<Voxel, 4> stacks = xt::zeros<Voxel>({2, 6, 7, 8});
    xt::noalias(xt::view(stacks, xt::all())) = level;
    CHECK(holds(xt::view(stacks, 0), voxel));
    CHECK(holds(xt::view(stacks, 1), voxel));
  }
  SECTION("broadcast to more axes, by way of a temporary") {
    xt::xtensor<Voxel, 4> stacks = xt::zeros<Voxel>({2, 6, 7, 8});
    xt::view(stacks, xt::all()) = level;
    CHECK(holds(xt::view(stacks, 0), voxel));
    CHECK(holds(xt::view(stacks, 1), voxel));
  }
  CHECK(requested_once());
}

TEST_CASE_METHOD(Fixture, "a composite of views reads each of them once", "[array]") {
  xt::xtensor<double, 3> a;
  SECTION("scaled to float") {
    const xt::xtensor<float, 3> scaled = xt::cast<float>(level) / 255.f;
    CHECK(holds(scaled, [](int z, int y, int x) { return static_cast<float>(voxel(z, y, x)) / 255.f; }));
  }
  SECTION("the same view twice") {
    a = level * level - level;
    CHECK(holds(a, [](int z, int y, int x) { return voxel(z, y, x) * (voxel(z, y, x) - 1); }));
  }
  SECTION("with arrays of as many and of fewer axes") {
    const xt::xtensor<int, 3> ones = xt::ones<int>({6, 7, 8});
    const xt::xtensor<int, 1> weights = xt::arange<int>(8);
    a = level * weights + ones;
    CHECK(holds(a, [](int z, int y, int x) { return voxel(z, y, x) * x + 1; }));
  }
  SECTION("into itself") {
    a = xt::ones<double>({6, 7, 8});
    a += level;
    CHECK(holds(a, [](int z, int y, int x) { return voxel(z, y, x) + 1; }));
  }
  SECTION("into a view") {
    xt::xarray<float> stacks = xt::zeros<float>({2, 6, 7, 8});
    xt::noalias(xt::view(stacks, 0)) = xt::cast<float>(level) * 2.f;
    CHECK(holds(xt::view(stacks, 0), [](int z, int y, int x) { return 2 * voxel(z, y, x); }));
    CHECK(stacks(1, 5, 6, 7) == 0);
  }
  SECTION("choosing") {
    a = xt::where(level > 300 && level < 400, 1, level);
    CHECK(holds(a, [](int z, int y, int x) {
      const int value = voxel(z, y, x);
      return value > 300 && value < 400 ? 1 : value;
    }));
  }
  SECTION("comparing") {
    const xt::xtensor<Voxel, 3> loaded = level;
    CHECK(requested_once());
    CHECK((level == loaded));
  }
  SECTION("of slices") {
    const auto turned = level.slice(xt::range(_, _, -1));
    a = turned + turned;
    CHECK(holds(a, [](int z, int y, int x) { return 2 * voxel(5 - z, y, x); }));
  }
  SECTION("kept after the view is gone") {
    auto expression = [&] {
      const ScaleView<Voxel> local = level;
      return xt::cast<double>(local) + 0.5;
    }();
    a = expression;
    CHECK(holds(a, [](int z, int y, int x) { return voxel(z, y, x) + 0.5; }));
  }
  CHECK(requested_once());
}

TEST_CASE_METHOD(Fixture, "reducers of views read each chunk once", "[array]") {
  // Means over an axis are the value in its middle: z 2.5, y 3, x 3.5.
  SECTION("whole") {
    CHECK(xt::sum(level)() == 95256);  // 336 * 283.5
    CHECK(xt::mean(level)() == 283.5);
    CHECK(xt::amax(level)() == 567);
    // Variances of 6, 7 and 8 neighbours: (n^2 - 1) / 12.
    CHECK(xt::variance(level)() == Approx(10000 * 35. / 12 + 100 * 48. / 12 + 63. / 12));
  }
  SECTION("first axis") {
    const xt::xtensor<int, 2> a = xt::sum(level, {0});
    CHECK(a(0, 0) == 1500);
    CHECK(a(6, 7) == 1500 + 6 * 67);
  }
  SECTION("last axes") {
    const xt::xarray<int> a = xt::amax(level, {1, 2});
    CHECK(list(a) == std::vector{67, 167, 267, 367, 467, 567});
  }
  SECTION("outer axes, kept") {
    const xt::xarray<double> a = xt::mean(level, {0, 2}, xt::keep_dims);
    CHECK(a.shape() == xt::dynamic_shape<std::size_t>{1, 7, 1});
    CHECK(a(0, 6, 0) == 250 + 60 + 3.5);
  }
  SECTION("at once") {
    const xt::xtensor<int, 2> a = xt::sum(level, {1}, xt::evaluation_strategy::immediate);
    CHECK(a(5, 7) == 7 * 537);
  }
  SECTION("from an initial value") { CHECK(xt::sum<int>(level, xt::initial(1000))() == 96256); }
  SECTION("a reducer in a function") {
    const xt::xtensor<double, 2> a = xt::mean(level, {0}) * 2.0;
    CHECK(a(6, 7) == 2 * 317.);
  }
  SECTION("a function in a reducer") {
    const xt::xtensor<double, 1> a = xt::sum(xt::cast<double>(level) * 0.5 + level, {0, 1});
    CHECK(a(7) == 1.5 * 42 * 287);
  }
  SECTION("a reducer in a reducer") { CHECK(xt::amax(xt::sum(level, {0}))() == 1902); }
  SECTION("iterated, forwards and backwards") {
    const auto lazy = xt::amin(level.slice(xt::all(), xt::range(5, 7), xt::range(_, _, 4)), {0});
    CHECK(list(lazy) == std::vector{50, 54, 60, 64});
    CHECK(std::vector<int>(lazy.rbegin(), lazy.rend()) == std::vector{64, 60, 54, 50});
    CHECK(lazy(1, 1) == 64);
    CHECK(requested_once(6));
    CHECK(level.load().size() == 336);
  }
  CHECK(requested_once());
}

TEST_CASE_METHOD(Fixture, "sorting and accumulating go through a copy", "[array]") {
  const xt::xarray<double> running = xt::cumsum(xt::cast<double>(level), 0);
  CHECK(running(5, 6, 7) == 1902);
  CHECK(xt::median(level) == 283);  // of type Voxel, between 283 and 284
  CHECK(list(xt::argmax(level.slice(1, xt::range(_, _, -1)), 0)) == std::vector<int>(8, 0));
  CHECK(list(xt::sort(level.slice(0, 0, xt::range(_, _, -1)))) == std::vector{0, 1, 2, 3, 4, 5, 6, 7});
}

TEST_CASE_METHOD(Fixture, "xt::view and xt::transpose of a view are views", "[array]") {
  SECTION("a slice") {
    const auto cut = xt::view(level, 5, xt::all(), xt::range(0, 3));
    static_assert(std::is_same_v<decltype(cut), const ScaleView<Voxel, 2>>);
    CHECK(cut.load()(6, 2) == 562);
    CHECK(requested_once(2));
  }
  SECTION("a slice of a temporary, broadcast") {
    const xt::xtensor<Voxel, 3> a = xt::broadcast(xt::view(ScaleView<Voxel>(level), xt::range(2, 3)), {6, 7, 8});
    CHECK(holds(a, [](int, int y, int x) { return voxel(2, y, x); }));
    CHECK(requested_once(6));
  }
  SECTION("rows") {
    CHECK(list(xt::row(level.slice(3), 2)) == std::vector{320, 321, 322, 323, 324, 325, 326, 327});
    CHECK(requested_once(3));
  }
  SECTION("transposed") {
    CHECK(xt::transpose(level).load()(7, 6, 5) == 567);
    CHECK(requested_once());
    CHECK(xt::transpose(level, {1, 2, 0}).load()(6, 7, 5) == 567);
    CHECK(xt::transpose(level, std::vector<std::size_t>{2, 0, 1}).load()(7, 5, 6) == 567);
    CHECK_THROWS_WITH(xt::transpose(level, {1, 0}), "transpose: 2 axes for a view with 3");
  }
  SECTION("kept indices fetch their chunks alone") {
    const xt::xtensor<Voxel, 3> a = xt::view(level, xt::keep(0, 5), xt::all(), xt::range(0, 3));
    CHECK(a.shape() == std::array<std::size_t, 3>{2, 7, 3});
    CHECK(a(1, 6, 2) == 562);
    CHECK(requested_once(4));
  }
  SECTION("dropped indices") {
    CHECK(list(xt::view(level.slice(1), xt::drop(0, 1, 2, 3, 5), xt::range(0, 2))) == std::vector{140, 141, 160, 161});
    CHECK(requested_once(1));
  }
  SECTION("kept indices, broadcast") {
    // xtensor's own view would read elsewhere: it forgets how many axes the broadcast adds.
    const auto picked = xt::view(level, 3, xt::keep(1, -3), xt::newaxis(), xt::keep(0, 5));
    const xt::xtensor<int, 4> a = xt::broadcast(picked, {2, 2, 2, 2});
    CHECK(list(a) == std::vector{310, 315, 310, 315, 340, 345, 340, 345, 310, 315, 310, 315, 340, 345, 340, 345});
    CHECK(list(xt::view(level.slice(0, 0), xt::ellipsis(), xt::keep(7, 0))) == std::vector{7, 0});
  }
  SECTION("kept indices outside") {
    CHECK_THROWS_WITH(xt::view(level, xt::all(), xt::keep(0, 7)),
                      "view: index 7 is out of range for axis 1 with 7 voxels");
  }
  SECTION("strided views fetch the chunks of their voxels alone") {
    const xt::xarray<Voxel> a = xt::strided_view(level, {xt::range(4, 6), 0, xt::ellipsis()});
    CHECK(a(1, 7) == 507);
    CHECK(requested_once(3));
    const xt::xarray<int> b = xt::broadcast(xt::strided_view(level, {1, 2, xt::range(0, 2)}), {2, 2});
    CHECK(list(b) == std::vector{120, 121, 120, 121});
  }
  SECTION("flattened") {
    CHECK(list(xt::flatten(level)).back() == 567);
    CHECK(requested_once());
  }
}

TEST_CASE_METHOD(Fixture, "walking a view requests each chunk once", "[array]") {
  const std::vector<int> in_order = list(level.load());
  CHECK(requested_once());
  SECTION("in C order") { CHECK(list(level) == in_order); }
  SECTION("backwards") {
    CHECK(std::vector<int>(level.rbegin(), level.rend()) == std::vector<int>(in_order.rbegin(), in_order.rend()));
  }
  SECTION("in column-major order") {
    constexpr auto order = xt::layout_type::column_major;
    const std::vector<int> walked(level.begin<order>(), level.end<order>());
    CHECK(std::vector<int>(walked.begin(), walked.begin() + 8) == std::vector{0, 100, 200, 300, 400, 500, 10, 110});
  }
  SECTION("by random access") {
    const auto begin = level.begin();
    CHECK(begin[335] == 567);
    CHECK(*(begin + 8) == 10);
    CHECK(*(level.end() - 336) == 0);
    CHECK(level.end() - begin == 336);
  }
  SECTION("element by element") { CHECK(holds(level, voxel)); }
  SECTION("by algorithms") { CHECK(*std::max_element(level.begin(), level.end()) == 567); }
  CHECK(requested_once());
}

TEST_CASE("what exceeds a region is walked in regions, each chunk requested once", "[array]") {
  // 80 MiB of 8 byte voxels in 80 chunks; a region has 64 MiB: 8 slices, or 3 of 4 rows of chunks through all slices.
  const auto source =
      std::make_shared<MemoryLevel<std::uint64_t>>(catvox::Shape3{10, 1024, 1024}, catvox::Shape3{1, 256, 512});
  const ScaleView<std::uint64_t> level(source);
  constexpr std::uint64_t plane = 1024 * 1024;
  constexpr std::uint64_t sum_yx = plane * 11 * 1023 / 2;  // of 10 y + x over one slice
  SECTION("iterated") {
    CHECK(std::accumulate(level.begin(), level.end(), std::uint64_t{0}) == 10 * sum_yx + 4500 * plane);
  }
  SECTION("reduced to a number") { CHECK(xt::sum(level)() == 10 * sum_yx + 4500 * plane); }
  SECTION("reduced along the slowest axis") {
    const xt::xtensor<std::uint64_t, 2> a = xt::sum(level, {0});
    CHECK(a(0, 0) == 4500);
    CHECK(a(1023, 1022) == 4500 + 10 * 11252);
  }
  SECTION("a function of it reduced along the slowest axis") {
    const xt::xtensor<std::uint64_t, 2> a = xt::amax(level + std::uint64_t{1}, {0});
    CHECK(a(1023, 1022) == 901 + 11252);
  }
  CHECK(source->take_reads() == 2);
  const std::vector<Index3> requests = source->take_requests();
  CHECK(requests.size() == 80);
  CHECK(std::set<Index3>(requests.begin(), requests.end()).size() == 80);
}

TEST_CASE_METHOD(Fixture, "elements are reached as in any expression", "[array]") {
  CHECK(level(5, 6, 7) == 567);
  CHECK(level[{1, 2, 3}] == 123);
  CHECK(level[std::vector<std::size_t>{1, 2, 3}] == 123);
  CHECK(level.at(4, 0, 0) == 400);
  CHECK(level(3) == 3);                                 // leading indices default to 0
  CHECK(level(9, 1, 2, 3) == 123);                      // and surplus ones are ignored
  CHECK(level.slice(xt::range(2, 3))(4, 1, 1) == 211);  // an extent of 1 stretches
  CHECK(level.periodic(-1, 7, 8) == 500);
  CHECK(level.in_bounds(5, 6, 7));
  CHECK_FALSE(level.in_bounds(6, 0, 0));
  CHECK(level.front() == 0);
  CHECK(level.back() == 567);
  const Voxel scalar = level.slice(1, 2, 3)();
  CHECK(scalar == 123);
  CHECK_THROWS_WITH(level(0, 7, 0), "index 7 is out of range for axis 1 of a view of shape (6, 7, 8)");
  CHECK_THROWS_WITH(level.at(0, 0, -1), "index -1 is out of range for axis 2 of a view of shape (6, 7, 8)");
  CHECK_THROWS_WITH(level.slice(xt::range(2, 3)).at(4, 1, 1),
                    "index 4 is out of range for axis 0 of a view of shape (1, 7, 8)");
}

TEST_CASE_METHOD(Fixture, "one element fetches one chunk", "[array]") {
  CHECK(level(5, 6, 7) == 567);
  CHECK(source->take_requests() == std::vector<Index3>{{2, 1, 2}});
  CHECK(level.front() == 0);
  CHECK(source->take_requests() == std::vector<Index3>{{0, 0, 0}});
}

TEST_CASE_METHOD(Fixture, "a small view prints as an array does", "[array]") {
  std::ostringstream text;
  text << level.slice(1, xt::range(2, 4), xt::range(_, _, 3));
  CHECK(text.str() == "{{120, 123, 126},\n {130, 133, 136}}");
}

TEST_CASE_METHOD(Fixture, "views of rank 0 and without voxels are expressions too", "[array]") {
  const auto one = level.slice(1, 2, 3);
  static_assert(std::is_same_v<decltype(one), const ScaleView<Voxel, 0>>);
  const xt::xtensor<Voxel, 0> a = one;
  CHECK(a() == 123);
  CHECK(xt::sum(one)() == 123);
  CHECK(*one.begin() == 123);

  source->take_requests();
  const auto nothing = level.slice(xt::range(2, 2));
  const xt::xtensor<Voxel, 3> b = nothing;
  CHECK(b.shape() == std::array<std::size_t, 3>{0, 7, 8});
  const xt::xtensor<float, 3> c = xt::cast<float>(nothing) * 2.f;
  CHECK(c.size() == 0);
  CHECK(xt::sum(nothing)() == 0);
  CHECK(nothing.begin() == nothing.end());
  CHECK(source->take_requests().empty());
}

TEST_CASE_METHOD(Fixture, "a failed read is thrown out of the statement that evaluates", "[array]") {
  source->break_voxel({3, 3, 3});
  const char* const message = "cannot fetch the chunk: no route";
  xt::xtensor<Voxel, 3> tensor;
  xt::xtensor<double, 3> doubles;
  xt::xarray<Voxel> larger = xt::zeros<Voxel>({2, 6, 7, 8});
  SECTION("construct") { CHECK_THROWS_WITH((xt::xtensor<Voxel, 3>(level)), message); }
  SECTION("assign") { CHECK_THROWS_WITH(tensor = level, message); }
  SECTION("noalias") { CHECK_THROWS_WITH(xt::noalias(tensor) = level, message); }
  SECTION("another type") { CHECK_THROWS_WITH(doubles = level, message); }
  SECTION("eval") { CHECK_THROWS_WITH(xt::eval(level), message); }
  SECTION("composite") { CHECK_THROWS_WITH(doubles = xt::cast<double>(level) + 0.5, message); }
  SECTION("into itself") { CHECK_THROWS_WITH(larger += level, message); }
  SECTION("into a view") { CHECK_THROWS_WITH(xt::noalias(xt::view(larger, 1)) = level, message); }
  SECTION("reducer") { CHECK_THROWS_WITH(xt::sum(level)(), message); }
  SECTION("reducer of a composite") { CHECK_THROWS_WITH(xt::amax(xt::cast<double>(level) + 0.5)(), message); }
  SECTION("reducer over an axis") { CHECK_THROWS_WITH((xt::xtensor<int, 2>(xt::sum(level, {0}))), message); }
  SECTION("iteration") { CHECK_THROWS_WITH(std::accumulate(level.begin(), level.end(), 0), message); }
  SECTION("element") { CHECK_THROWS_WITH(level(3, 3, 3), message); }
  SECTION("comparison") { CHECK_THROWS_WITH((level == level), message); }
  SECTION("kept indices") {
    CHECK_THROWS_WITH((xt::xtensor<Voxel, 3>(xt::view(level, xt::keep(0, 3), xt::all(), xt::range(0, 4)))), message);
  }
  SECTION("strided view") {
    CHECK_THROWS_WITH((xt::xarray<Voxel>(xt::strided_view(level, {3, 3, xt::ellipsis()}))), message);
  }
  SECTION("printing") {
    CHECK_THROWS_WITH(std::ostringstream() << level.slice(3, xt::all(), xt::range(_, _, 3)), message);
  }
  SECTION("asynchronous") {
    auto future = level.read_async();
    CHECK_THROWS_WITH(future.get(), message);
  }
}

// In C++20 g++ lets the dynamic shape of xtensor 0.24 and 0.25 pass for std::array (see xtensor.hpp).
TEST_CASE("temporaries of dynamic rank are xarrays", "[array]") {
  using Dynamic = xt::dynamic_shape<std::size_t>;
  using Static = std::array<std::size_t, 2>;
  constexpr auto order = xt::layout_type::row_major;
  static_assert(std::is_same_v<xt::detail::xtype_for_shape<Dynamic>::type<int, order>, xt::xarray<int>>);
  static_assert(std::is_same_v<xt::detail::xtype_for_shape<Static>::type<int, order>, xt::xtensor<int, 2>>);
  xt::xarray<int> a = xt::zeros<int>({2, 3});
  xt::strided_view(a, {1, xt::all()}) = xt::xarray<int>{1, 2, 3};
  CHECK(list(a) == std::vector{0, 0, 0, 1, 2, 3});
  CHECK(list(xt::eval(xt::strided_view(a, {1, xt::ellipsis()}))) == std::vector{1, 2, 3});
}
