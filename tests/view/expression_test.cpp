// What people do with xtensor expressions, done with a view: the values are those of the same expression over an array
// with the same voxels, and each chunk is requested once.

#include <catvox/view/scale_view.hpp>
#include <numeric>
#include <optional>
#include <sstream>
#include <xtensor/xadapt.hpp>
#include <xtensor/xfixed.hpp>
#include <xtensor/xhistogram.hpp>
#include <xtensor/xio.hpp>
#include <xtensor/xpad.hpp>
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
constexpr catvox::Shape3 shape = {6, 7, 8};
constexpr catvox::Shape3 chunk_shape = {2, 4, 3};
constexpr std::size_t all_chunks = 3 * 2 * 3;

/// A level, and an array with the same voxels that no code under test made.
struct Fixture {
  std::shared_ptr<MemoryLevel<Voxel>> source = std::make_shared<MemoryLevel<Voxel>>(shape, chunk_shape);
  ScaleView<Voxel> level{source};
  xt::xtensor<Voxel, 3> array = [] {
    xt::xtensor<Voxel, 3> voxels({6, 7, 8});
    for (std::size_t z = 0; z < 6; ++z) {
      for (std::size_t y = 0; y < 7; ++y) {
        for (std::size_t x = 0; x < 8; ++x) voxels(z, y, x) = static_cast<Voxel>(100 * z + 10 * y + x);
      }
    }
    return voxels;
  }();

  /// True if since the last call each of `count` chunks was requested exactly once.
  bool requested_once(std::size_t count = all_chunks) const {
    const std::vector<Index3> requests = source->take_requests();
    const std::set<Index3> chunks(requests.begin(), requests.end());
    UNSCOPED_INFO(requests.size() << " requests for " << chunks.size() << " chunks");
    return requests.size() == count && chunks.size() == count;
  }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "every way to assign a view is one read", "[view]") {
  const xt::xtensor<Voxel, 3> expected = array;

  SECTION("construct a tensor") {
    const xt::xtensor<Voxel, 3> a = level;
    CHECK((a == expected));
  }
  SECTION("construct an array of dynamic rank") {
    const xt::xarray<Voxel> a = level;
    CHECK((a == expected));
  }
  SECTION("assign") {
    xt::xtensor<Voxel, 3> a = xt::zeros<Voxel>({1, 1, 1});
    a = level;
    CHECK((a == expected));
  }
  SECTION("assign without a temporary") {
    xt::xtensor<Voxel, 3> a;
    xt::noalias(a) = level;
    CHECK((a == expected));
  }
  SECTION("eval") {
    const auto a = xt::eval(level);
    static_assert(std::is_same_v<std::decay_t<decltype(a)>, xt::xtensor<Voxel, 3>>);
    CHECK((a == expected));
  }
  SECTION("load") { CHECK((level.load() == expected)); }
  SECTION("column-major") {
    const xt::xtensor<Voxel, 3, xt::layout_type::column_major> a = level;
    CHECK((a == expected));
  }
  SECTION("fixed shape") {
    const xt::xtensor_fixed<Voxel, xt::xshape<6, 7, 8>> a = level;
    CHECK((a == expected));
  }
  SECTION("adapted memory") {
    std::vector<Voxel> memory(6 * 7 * 8);
    auto a = xt::adapt(memory, {6, 7, 8});
    xt::noalias(a) = level;
    CHECK(memory.back() == 567);
    CHECK((a == expected));
  }
  SECTION("another type") {
    const xt::xtensor<double, 3> a = level;
    CHECK((a == xt::cast<double>(expected)));
  }
  SECTION("a view of a larger array") {
    xt::xtensor<Voxel, 4> stacks = xt::zeros<Voxel>({2, 6, 7, 8});
    xt::noalias(xt::view(stacks, 1, xt::all(), xt::all(), xt::all())) = level;
    CHECK((xt::view(stacks, 1) == expected));
    CHECK(xt::sum(xt::view(stacks, 0))() == 0);
  }
  SECTION("a view of a larger array, by way of a temporary") {
    xt::xarray<Voxel> stacks = xt::zeros<Voxel>({2, 6, 7, 8});
    xt::view(stacks, 1) = level;
    CHECK((xt::view(stacks, 1) == expected));
  }
  SECTION("a strided view of a larger array") {
    xt::xarray<float> volume = xt::zeros<float>({12, 7, 8});
    xt::noalias(xt::strided_view(volume, {xt::range(0, 12, 2), xt::all(), xt::all()})) = level;
    CHECK((xt::strided_view(volume, {xt::range(0, 12, 2), xt::all(), xt::all()}) == xt::cast<float>(expected)));
    CHECK(xt::sum(xt::strided_view(volume, {xt::range(1, 12, 2), xt::all(), xt::all()}))() == 0);
  }
  SECTION("broadcast to more axes") {
    xt::xtensor<Voxel, 4> stacks = xt::zeros<Voxel>({2, 6, 7, 8});
    xt::noalias(xt::view(stacks, xt::all(), xt::all(), xt::all(), xt::all())) = level;
    CHECK((xt::view(stacks, 0) == expected));
    CHECK((xt::view(stacks, 1) == expected));
  }
  SECTION("broadcast to more axes, by way of a temporary") {
    xt::xtensor<Voxel, 4> stacks = xt::zeros<Voxel>({2, 6, 7, 8});
    xt::view(stacks, xt::all()) = level;
    CHECK((xt::view(stacks, 0) == expected));
    CHECK((xt::view(stacks, 1) == expected));
  }
  CHECK(requested_once());
}

TEST_CASE_METHOD(Fixture, "a composite of views reads each of them once", "[view]") {
  SECTION("scaled to float") {
    const xt::xtensor<float, 3> a = xt::cast<float>(level) / 255.f;
    CHECK((a == xt::cast<float>(array) / 255.f));
  }
  SECTION("the same view twice") {
    const xt::xtensor<int, 3> a = level * level + xt::abs(1 - level);
    CHECK((a == array * array + xt::abs(1 - array)));
  }
  SECTION("with an array") {
    const xt::xtensor<int, 3> a = array - level;
    CHECK((a == xt::zeros<int>({6, 7, 8})));
  }
  SECTION("with an array of fewer axes") {
    const xt::xtensor<int, 1> weights = xt::arange<int>(8);
    const xt::xarray<int> a = level * weights;
    CHECK((a == array * weights));
  }
  SECTION("into itself") {
    xt::xtensor<Voxel, 3> a = array;
    a += level;
    CHECK((a == 2 * array));
  }
  SECTION("into a view") {
    xt::xarray<float> stacks = xt::zeros<float>({2, 6, 7, 8});
    xt::noalias(xt::view(stacks, 0)) = xt::cast<float>(level) * 2.f;
    CHECK((xt::view(stacks, 0) == 2.f * xt::cast<float>(array)));
  }
  SECTION("choosing") {
    const xt::xtensor<int, 3> a = xt::where(level > 300 && level < 400, 1, level);
    CHECK((a == xt::where(array > 300 && array < 400, 1, array)));
  }
  SECTION("comparing") { CHECK((level == array)); }
  SECTION("of slices") {
    const auto evens = level.slice(xt::all(), xt::all(), xt::range(_, _, 2));
    const xt::xtensor<int, 3> a = evens + evens;
    CHECK((a == 2 * xt::view(array, xt::all(), xt::all(), xt::range(_, _, 2))));
  }
  SECTION("kept after the view is gone") {
    auto expression = [&] {
      const ScaleView<Voxel> local = level;
      return xt::cast<double>(local) + 0.5;
    }();
    const xt::xtensor<double, 3> a = expression;
    CHECK(a(5, 6, 7) == 567.5);
  }
  CHECK(requested_once());
}

TEST_CASE_METHOD(Fixture, "reducers of views read each chunk once", "[view]") {
  SECTION("whole") {
    CHECK(xt::sum(level)() == xt::sum(array)());
    CHECK(xt::mean(level)() == Approx(xt::mean(array)()));
    CHECK(xt::amax(level)() == 567);
    CHECK(xt::stddev(level)() == Approx(xt::stddev(array)()));
  }
  SECTION("first axis") {
    const xt::xtensor<int, 2> a = xt::sum(level, {0});
    CHECK((a == xt::sum(array, {0})));
  }
  SECTION("last axes") {
    const xt::xarray<int> a = xt::amin(level, {1, 2});
    CHECK((a == xt::amin(array, {1, 2})));
  }
  SECTION("outer axes, kept") {
    const xt::xarray<int> a = xt::sum(level, {0, 2}, xt::keep_dims);
    CHECK((a == xt::sum(array, {0, 2}, xt::keep_dims)));
  }
  SECTION("at once") {
    const xt::xtensor<int, 2> a = xt::sum(level, {1}, xt::evaluation_strategy::immediate);
    CHECK((a == xt::sum(array, {1})));
  }
  SECTION("from an initial value") { CHECK(xt::sum<int>(level, xt::initial(1000))() == xt::sum<int>(array)() + 1000); }
  SECTION("a reducer in a function") {
    const xt::xtensor<double, 2> a = xt::mean(level, {0}) * 2.0;
    CHECK(xt::allclose(a, xt::mean(array, {0}) * 2.0));
  }
  SECTION("a function in a reducer") {
    const xt::xtensor<double, 1> a = xt::sum(xt::cast<double>(level) / 10. + level, {0, 1});
    CHECK(xt::allclose(a, xt::sum(xt::cast<double>(array) / 10. + array, {0, 1})));
  }
  SECTION("a reducer in a reducer") { CHECK(xt::amax(xt::sum(level, {0}))() == xt::amax(xt::sum(array, {0}))()); }
  SECTION("iterated, forwards and backwards") {
    const auto lazy = xt::sum(level, {0});
    const xt::xtensor<int, 2> expected = xt::sum(array, {0});
    CHECK(std::vector<int>(lazy.begin(), lazy.end()) == std::vector<int>(expected.begin(), expected.end()));
    CHECK(std::vector<int>(lazy.rbegin(), lazy.rend()) == std::vector<int>(expected.rbegin(), expected.rend()));
    CHECK(lazy(6, 7) == expected(6, 7));
  }
  SECTION("with results of other types") {
    CHECK(xt::minmax(level)() == std::array<Voxel, 2>{0, 567});
    CHECK(xt::prod(xt::cast<double>(level) + 1.)() == Approx(xt::prod(xt::cast<double>(array) + 1.)()));
    CHECK((xt::eval(xt::count_nonzero(level, {0})) == xt::eval(xt::count_nonzero(array, {0}))));
  }
  CHECK(requested_once());
}

TEST_CASE_METHOD(Fixture, "accumulators and sorting go through a copy", "[view]") {
  const xt::xarray<double> running = xt::cumsum(xt::cast<double>(level), 0);
  CHECK((running == xt::cumsum(xt::cast<double>(array), 0)));
  CHECK((xt::sort(level, 0) == xt::sort(array, 0)));
  CHECK((xt::argmax(level, 2) == xt::argmax(array, 2)));
  CHECK(xt::median(level) == xt::median(array));
  CHECK((xt::unique(level) == xt::unique(array)));
  CHECK((xt::histogram(level.load(), std::size_t{4}) == xt::histogram(array, std::size_t{4})));
  CHECK((xt::pad(level.load(), 1) == xt::pad(array, 1)));
}

TEST_CASE_METHOD(Fixture, "xt::view and xt::transpose of a view are views", "[view]") {
  SECTION("a slice") {
    const auto cut = xt::view(level, 5, xt::all(), xt::range(0, 3));
    static_assert(std::is_same_v<decltype(cut), const ScaleView<Voxel, 2>>);
    const xt::xtensor<Voxel, 2> a = cut;
    CHECK((a == xt::view(array, 5, xt::all(), xt::range(0, 3))));
    CHECK(requested_once(2));
  }
  SECTION("a slice of a temporary, broadcast") {
    const xt::xtensor<Voxel, 3> a = xt::broadcast(xt::view(ScaleView<Voxel>(level), xt::range(0, 1)), {6, 7, 8});
    CHECK((a == xt::broadcast(xt::view(array, xt::range(0, 1)), {6, 7, 8})));
    CHECK(requested_once(6));
  }
  SECTION("rows") {
    const xt::xtensor<Voxel, 1> a = xt::row(level.slice(3), 2);
    CHECK((a == xt::row(xt::xtensor<Voxel, 2>(xt::view(array, 3)), 2)));
    CHECK(requested_once(3));
  }
  SECTION("transposed") {
    const xt::xtensor<Voxel, 3> a = xt::transpose(level);
    CHECK((a == xt::transpose(array)));
    CHECK(requested_once());
    const xt::xtensor<Voxel, 3> b = xt::transpose(level, {1, 2, 0});
    CHECK((b == xt::transpose(array, {1, 2, 0})));
    const xt::xtensor<Voxel, 3> c = xt::transpose(level, std::vector<std::size_t>{2, 0, 1});
    CHECK((c == xt::transpose(array, {2, 0, 1})));
    CHECK_THROWS_WITH(xt::transpose(level, {1, 0}), "transpose: 2 axes for a view with 3");
  }
  SECTION("kept indices fetch their chunks alone") {
    const xt::xtensor<Voxel, 3> a = xt::view(level, xt::keep(0, 5), xt::all(), xt::range(0, 3));
    CHECK((a == xt::view(array, xt::keep(0, 5), xt::all(), xt::range(0, 3))));
    CHECK(requested_once(4));
  }
  SECTION("dropped indices") {
    const xt::xarray<Voxel> a = xt::view(level, 1, xt::drop(0, 1, 2, 3), xt::all());
    CHECK((a == xt::view(array, 1, xt::drop(0, 1, 2, 3), xt::all())));
    CHECK(requested_once(3));
  }
  SECTION("strided views fetch the chunks of their voxels alone") {
    const xt::xarray<Voxel> a = xt::strided_view(level, {xt::range(4, 6), 0, xt::ellipsis()});
    CHECK((a == xt::strided_view(array, {xt::range(4, 6), 0, xt::ellipsis()})));
    CHECK(requested_once(3));
  }
  SECTION("flattened") {
    CHECK((xt::eval(xt::flatten(level)) == xt::flatten(array)));
    CHECK(requested_once());
  }
}

TEST_CASE_METHOD(Fixture, "walking a view requests each chunk once", "[view]") {
  const xt::xtensor<Voxel, 3> expected = array;
  SECTION("in C order") { CHECK(std::equal(level.begin(), level.end(), expected.begin(), expected.end())); }
  SECTION("backwards") { CHECK(std::equal(level.rbegin(), level.rend(), expected.rbegin(), expected.rend())); }
  SECTION("in column-major order") {
    constexpr auto order = xt::layout_type::column_major;
    CHECK(std::equal(level.begin<order>(), level.end<order>(), expected.begin<order>(), expected.end<order>()));
  }
  SECTION("by random access") {
    const auto begin = level.begin();
    CHECK(begin[335] == 567);
    CHECK(*(begin + 8) == 10);
    CHECK(*(level.end() - 336) == 0);
    CHECK(level.end() - begin == 336);
  }
  SECTION("element by element") {
    for (std::size_t z = 0; z < 6; ++z) {
      for (std::size_t y = 0; y < 7; ++y) {
        for (std::size_t x = 0; x < 8; ++x) REQUIRE(level(z, y, x) == expected(z, y, x));
      }
    }
  }
  SECTION("by algorithms") {
    CHECK(std::accumulate(level.begin(), level.end(), 0) == xt::sum(array)());
    CHECK(*std::max_element(level.begin(), level.end()) == 567);
  }
  CHECK(requested_once());
}

TEST_CASE_METHOD(Fixture, "elements are reached as in any expression", "[view]") {
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

TEST_CASE_METHOD(Fixture, "one element fetches one chunk", "[view]") {
  CHECK(level(5, 6, 7) == 567);
  CHECK(source->take_requests() == std::vector<Index3>{{2, 1, 2}});
  CHECK(level.front() == 0);
  CHECK(source->take_requests() == std::vector<Index3>{{0, 0, 0}});
}

TEST_CASE_METHOD(Fixture, "a small view prints as an array does", "[view]") {
  std::ostringstream text;
  text << level.slice(1, xt::range(2, 4), xt::range(_, _, 3));
  CHECK(text.str() == "{{120, 123, 126},\n {130, 133, 136}}");
}

TEST_CASE_METHOD(Fixture, "views of rank 0 and without voxels are expressions too", "[view]") {
  const auto voxel = level.slice(1, 2, 3);
  static_assert(std::is_same_v<decltype(voxel), const ScaleView<Voxel, 0>>);
  const xt::xtensor<Voxel, 0> a = voxel;
  CHECK(a() == 123);
  CHECK(xt::sum(voxel)() == 123);
  CHECK(*voxel.begin() == 123);

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

TEST_CASE_METHOD(Fixture, "a failed read is thrown out of the statement that evaluates", "[view]") {
  source->break_voxel({3, 3, 3});
  const char* const message = "cannot fetch the chunk: no route";
  xt::xtensor<Voxel, 3> tensor;
  xt::xarray<double> array_of_double;
  xt::xtensor<Voxel, 4> larger = xt::zeros<Voxel>({2, 6, 7, 8});
  SECTION("construct") { CHECK_THROWS_WITH((xt::xtensor<Voxel, 3>(level)), message); }
  SECTION("assign") { CHECK_THROWS_WITH(tensor = level, message); }
  SECTION("noalias") { CHECK_THROWS_WITH(xt::noalias(tensor) = level, message); }
  SECTION("another type") { CHECK_THROWS_WITH(array_of_double = level, message); }
  SECTION("eval") { CHECK_THROWS_WITH(xt::eval(level), message); }
  SECTION("composite") { CHECK_THROWS_WITH(array_of_double = xt::cast<double>(level) / 255., message); }
  SECTION("into itself") { CHECK_THROWS_WITH(larger += level, message); }
  SECTION("into a view") { CHECK_THROWS_WITH(xt::noalias(xt::view(larger, 1)) = level, message); }
  SECTION("composite into a view") { CHECK_THROWS_WITH(xt::noalias(xt::view(larger, 1)) = level * 2, message); }
  SECTION("reducer") { CHECK_THROWS_WITH(xt::sum(level)(), message); }
  SECTION("reducer of a composite") { CHECK_THROWS_WITH(xt::mean(xt::cast<double>(level) / 2.)(), message); }
  SECTION("reducer over an axis") { CHECK_THROWS_WITH(array_of_double = xt::sum(level, {0}), message); }
  SECTION("iteration") { CHECK_THROWS_WITH(std::accumulate(level.begin(), level.end(), 0), message); }
  SECTION("element") { CHECK_THROWS_WITH(level(3, 3, 3), message); }
  SECTION("comparison") { CHECK_THROWS_WITH((level == array), message); }
  SECTION("kept indices") { CHECK_THROWS_WITH(array_of_double = xt::view(level, xt::keep(3)), message); }
  SECTION("strided view") { CHECK_THROWS_WITH(array_of_double = xt::strided_view(level, {3, xt::all()}), message); }
  SECTION("printing") { CHECK_THROWS_WITH(std::ostringstream() << level.slice(3), message); }
  SECTION("asynchronous") {
    auto future = level.read_async();
    CHECK_THROWS_WITH(future.get(), message);
  }
}

// In C++20 g++ lets the dynamic shape of xtensor 0.24 and 0.25 pass for std::array (see xtensor.hpp).
TEST_CASE("temporaries of dynamic rank are xarrays", "[view]") {
  using Dynamic = xt::dynamic_shape<std::size_t>;
  static_assert(
      std::is_same_v<xt::detail::xtype_for_shape<Dynamic>::type<int, xt::layout_type::row_major>, xt::xarray<int>>);
  static_assert(
      std::is_same_v<xt::detail::xtype_for_shape<std::array<std::size_t, 2>>::type<int, xt::layout_type::row_major>,
                     xt::xtensor<int, 2>>);
  xt::xarray<int> a = xt::zeros<int>({2, 3});
  const xt::xarray<int> b = {1, 2, 3};
  xt::strided_view(a, {1, xt::all()}) = b;
  CHECK((a == xt::xarray<int>{{0, 0, 0}, {1, 2, 3}}));
  CHECK((xt::eval(xt::strided_view(a, {1, xt::ellipsis()})) == b));
  CHECK((xt::pad(b, 1) == xt::xarray<int>{0, 1, 2, 3, 0}));
}
