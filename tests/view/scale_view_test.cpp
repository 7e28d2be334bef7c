#include <catvox/view/scale_view.hpp>
#include <numeric>
#include <xtensor/xadapt.hpp>
#include <xtensor/xio.hpp>
#include <xtensor/xstrided_view.hpp>

#include "memory_level.hpp"
#include "support/catch.hpp"

using catvox::ScaleView;
using catvox::testing::MemoryLevel;

TEST_CASE("smoke", "[view]") {
  auto source = std::make_shared<MemoryLevel<std::uint16_t>>(catvox::Shape3{6, 7, 8}, catvox::Shape3{1, 4, 4});
  const ScaleView<std::uint16_t> level(source);
  xt::xtensor<std::uint16_t, 3> a = level;
  CHECK(a(5, 6, 7) == 567);
  CHECK(source->take_requests().size() == 24);
  auto cut = level.slice(xt::range(1, 3), xt::all(), 2);
  static_assert(std::is_same_v<decltype(cut), ScaleView<std::uint16_t, 2>>);
  xt::xarray<std::uint16_t> b = cut;
  CHECK(b(1, 6) == 262);
  source->take_requests();
  xt::xtensor<float, 3> f = xt::cast<float>(level) / 2.f;
  CHECK(f(5, 6, 7) == 283.5f);
  CHECK(source->take_requests().size() == 24);
  CHECK(xt::sum(level)() == std::accumulate(a.begin(), a.end(), 0));
  CHECK(std::accumulate(level.begin(), level.end(), 0) == std::accumulate(a.begin(), a.end(), 0));
  xt::xtensor<double, 3> d = level.cast<double>();
  CHECK(d(5, 6, 7) == 567.);
  CHECK(level(5, 6, 7) == 567);
  std::ostringstream os;
  os << level.slice(0, 0, xt::range(0, 3));
  CHECK(os.str() == "{0, 1, 2}");
  xt::xtensor<std::uint16_t, 4> big = xt::zeros<std::uint16_t>({2, 6, 7, 8});
  xt::view(big, 1, xt::all(), xt::all(), xt::all()) = level;
  CHECK(big(1, 5, 6, 7) == 567);
  CHECK((level.read_async().get() == a));
  CHECK(level.slice(5, 6, 7)() == 567);
  CHECK(xt::amax(level, {0, 1})(7) == 567);
  std::vector<std::uint16_t> flat(level.size());
  level.read_into(flat, {.progress = [](const catvox::Progress&) {}});
  CHECK(flat.back() == 567);
  level.read_into(xt::view(big, 0, xt::all(), xt::all(), xt::all()));
  CHECK(big(0, 5, 6, 7) == 567);
}
