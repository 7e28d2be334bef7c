// Reducers of views against loops in 64 bits and double, over voxels whose sums overflow the type that xtensor adds in.

#include <array>
#include <catvox/array/scale_view.hpp>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <type_traits>
#include <vector>
#include <xtensor/xnorm.hpp>

#include "memory_level.hpp"
#include "support/catch.hpp"

using catvox::ScaleView;
using catvox::Shape3;
using catvox::testing::MemoryLevel;

namespace {

/// Voxels near the ends of T, of both signs where it has them, none of them 0.
template <class T>
class Extreme : public MemoryLevel<T> {
 public:
  using MemoryLevel<T>::MemoryLevel;
  static T at(std::int64_t z, std::int64_t y, std::int64_t x) {
    if constexpr (std::is_floating_point_v<T>) return static_cast<T>(10'000'000 + z * 1000 + y * 10 + x);  // 8 digits
    const auto far = static_cast<T>(std::numeric_limits<T>::max() - static_cast<T>(z * 20 + y * 5 + x));
    return std::is_signed_v<T> && (z + y + x) % 3 == 0 ? static_cast<T>(-far - 1) : far;
  }
  catvox::ReadStatistics read(const catvox::Selection3& s, const catvox::StridedBytes& out,
                              const catvox::ReadOptions&) const override {
    for (std::int64_t i = 0; i < s[0].count; ++i) {
      for (std::int64_t j = 0; j < s[1].count; ++j) {
        for (std::int64_t k = 0; k < s[2].count; ++k) {
          const T value = at(s[0].start + i * s[0].step, s[1].start + j * s[1].step, s[2].start + k * s[2].step);
          std::memcpy(out.data + i * out.strides[0] + j * out.strides[1] + k * out.strides[2], &value, sizeof value);
        }
      }
    }
    return {};
  }
};

constexpr std::int64_t nz = 3, ny = 4, nx = 5;

/// f summed over all voxels, or over those of one slice.
template <class T, class F>
long double summed(F f, std::int64_t first = 0, std::int64_t end = nz) {
  long double sum = 0;
  for (std::int64_t z = first; z < end; ++z) {
    for (std::int64_t y = 0; y < ny; ++y) {
      for (std::int64_t x = 0; x < nx; ++x) sum += f(static_cast<long double>(Extreme<T>::at(z, y, x)));
    }
  }
  return sum;
}

template <class V>
void check_near(const V& value, long double expected) {
  CHECK(static_cast<double>(value) == Approx(static_cast<double>(expected)).epsilon(1e-13));
}

}  // namespace

TEST_CASE("reducers of views do not overflow", "[array]") {
  using T = std::uint32_t;
  const ScaleView<T> v(std::make_shared<Extreme<T>>(Shape3{nz, ny, nx}, Shape3{1, 2, 2}));
  constexpr long double voxels = nz * ny * nx;
  const auto self = [](long double t) { return t; };
  const long double sum = summed<T>(self);
  const long double slice_sum = summed<T>(self, 1, 2);

  SECTION("sums, all forms") {
    check_near(xt::sum(v)(), sum);
    check_near(xt::sum(v, {1, 2})(1), slice_sum);
    check_near(xt::sum(v, std::vector<std::size_t>{1, 2})(1), slice_sum);
    check_near(xt::sum(xt::sum(v, 2), 1)(1), slice_sum);
    check_near(xt::sum(v, xt::evaluation_strategy::immediate)(), sum);
    check_near(xt::sum(v, {1, 2}, xt::evaluation_strategy::immediate)(1), slice_sum);
    check_near(xt::nansum(v)(), sum);
    check_near(xt::sum(v.slice(1))(), slice_sum);
    check_near(xt::sum(v.transpose())(), sum);
    check_near(xt::sum(xt::view(v, xt::keep(1)))(), slice_sum);
    check_near(xt::sum(xt::strided_view(v, {1, xt::ellipsis()}))(), slice_sum);
    check_near(xt::sum(xt::broadcast(v, {2, 3, 4, 5}))(), 2 * sum);
    check_near(xt::sum(xt::where(v > T{0}, v, v))(), sum);
    check_near(xt::sum(v > T{0})(), summed<T>([](long double t) { return t > 0; }));
  }
  SECTION("products") {
    const long double product = static_cast<long double>(Extreme<T>::at(0, 0, 1)) * Extreme<T>::at(0, 0, 2);
    check_near(xt::prod(v.slice(0, 0, xt::range(1, 3)))(), product);
    check_near(xt::nanprod(v.slice(0, 0, xt::range(1, 3)), {0})(), product);
    check_near(xt::cumprod(v.slice(0, 0, xt::range(1, 3)))(1), product);
    check_near(xt::nancumprod(v.slice(0, 0, xt::range(1, 3)), 0)(1), product);
  }
  SECTION("running sums") {
    check_near(xt::cumsum(v)(voxels - 1), sum);
    check_near(xt::nancumsum(v)(voxels - 1), sum);
    check_near(xt::cumsum(v, 0)(2, 3, 4),
               static_cast<long double>(Extreme<T>::at(0, 3, 4)) + Extreme<T>::at(1, 3, 4) + Extreme<T>::at(2, 3, 4));
  }
  SECTION("means and what is made of them") {
    check_near(xt::mean(v)(), sum / voxels);
    check_near(xt::mean(v, {1, 2})(1), slice_sum / (ny * nx));
    check_near(xt::nanmean(v)(), sum / voxels);
    check_near(xt::average(v)(), sum / voxels);
    check_near(xt::mean(v.cast<double>() * 2)(), 2 * sum / voxels);
    const long double mean = sum / voxels;
    const long double variance = summed<T>([&](long double t) { return (t - mean) * (t - mean); }) / voxels;
    CHECK(xt::variance(v)() == Approx(static_cast<double>(variance)).epsilon(1e-9));
    CHECK(xt::stddev(v)() == Approx(static_cast<double>(std::sqrt(variance))).epsilon(1e-9));
    CHECK(xt::nanvar(v)() == Approx(static_cast<double>(variance)).epsilon(1e-9));
    const long double slice_mean = slice_sum / (ny * nx);
    const long double slice_variance =
        summed<T>([&](long double t) { return (t - slice_mean) * (t - slice_mean); }, 1, 2) / (ny * nx);
    CHECK(xt::variance(v, {1, 2})(1) == Approx(static_cast<double>(slice_variance)).epsilon(1e-9));
  }
  SECTION("weighted") {
    const xt::xtensor<int, 1> weights{1, 2, 4};
    const long double weighted =
        (Extreme<T>::at(0, 1, 1) + 2.0L * Extreme<T>::at(1, 1, 1) + 4.0L * Extreme<T>::at(2, 1, 1)) / 7;
    check_near(xt::average(v, weights, {0})(1, 1), weighted);
    check_near(xt::average(v, weights, 0)(1, 1), weighted);
    check_near(xt::average(v, weights, std::array<std::size_t, 1>{0})(1, 1), weighted);
    check_near(xt::average(v, xt::ones<int>({nz, ny, nx}))(), sum / voxels);
    check_near(xt::average(v, v)(), summed<T>([](long double t) { return t * t; }) / sum);
  }
  SECTION("norms") {
    const auto abs = [](long double t) { return std::abs(t); };
    const auto square = [](long double t) { return t * t; };
    CHECK(xt::norm_l0(v)() == voxels);
    check_near(xt::norm_l1(v)(), summed<T>(abs));
    check_near(xt::norm_l1(v, {1, 2})(1), summed<T>(abs, 1, 2));
    check_near(xt::norm_sq(v.slice(1, 1, xt::range(0, 3)))(),
               square(Extreme<T>::at(1, 1, 0)) + square(Extreme<T>::at(1, 1, 1)) + square(Extreme<T>::at(1, 1, 2)));
    CHECK(xt::norm_linf(v)() == std::numeric_limits<T>::max());
    check_near(xt::norm_lp_to_p(v, 1.0)(), summed<T>(abs));
    check_near(xt::norm_lp(v, 2.0)(), std::sqrt(summed<T>(square)));
  }
  SECTION("integrals") {
    check_near(xt::trapz(v.slice(0, 0), 0.5)(),
               0.25L * (Extreme<T>::at(0, 0, 0) + 2.0L * Extreme<T>::at(0, 0, 1) + 2.0L * Extreme<T>::at(0, 0, 2) +
                        2.0L * Extreme<T>::at(0, 0, 3) + Extreme<T>::at(0, 0, 4)));
  }
}

TEMPLATE_TEST_CASE("every type has its wide sum", "[array]", std::uint16_t, std::int32_t, float) {
  using T = TestType;
  const ScaleView<T> v(std::make_shared<Extreme<T>>(Shape3{nz, ny, nx}, Shape3{1, 2, 2}));
  constexpr long double voxels = nz * ny * nx;
  const long double sum = summed<T>([](long double t) { return t; });
  const long double squares = summed<T>([](long double t) { return t * t; });
  check_near(xt::sum(v)(), sum);
  check_near(xt::mean(v)(), sum / voxels);
  check_near(xt::average(v, xt::ones<int>({nz, ny, nx}))(), sum / voxels);
  check_near(xt::norm_l1(v)(), summed<T>([](long double t) { return std::abs(t); }));
  check_near(xt::norm_sq(v)(), squares);
  check_near(xt::norm_lp(v, 2.0)(), std::sqrt(squares));
}

TEST_CASE("statistics of many white voxels are those of white", "[array]") {
  // 9 Mi voxels of 255: their sum exceeds 2^31, and so does that of one in four of them, doubled.
  class White : public MemoryLevel<std::uint8_t> {
   public:
    using MemoryLevel::MemoryLevel;
    catvox::ReadStatistics read(const catvox::Selection3& s, const catvox::StridedBytes& out,
                                const catvox::ReadOptions&) const override {
      for (std::int64_t i = 0; i < s[0].count; ++i) {
        for (std::int64_t j = 0; j < s[1].count; ++j) {
          std::memset(out.data + i * out.strides[0] + j * out.strides[1], 255, static_cast<std::size_t>(s[2].count));
        }
      }
      return {};
    }
  };
  const ScaleView<std::uint8_t> v(std::make_shared<White>(Shape3{9, 1024, 1024}, Shape3{1, 1024, 1024}));
  const std::int64_t sum = std::int64_t{9 << 20} * 255;
  CHECK(xt::sum(v)() == sum);
  CHECK(xt::mean(v)() == 255);
  CHECK(xt::mean(v * 2)() == 510);
  CHECK(xt::sum(xt::cast<int>(v))() == sum);
  CHECK(xt::sum(v.cast<std::int16_t>())() == sum);
  CHECK(xt::stddev(v)() == 0);
}

TEST_CASE("only reducers of views are widened, and not those that name a type", "[array]") {
  const ScaleView<std::uint8_t> v(std::make_shared<MemoryLevel<std::uint8_t>>(Shape3{2, 3, 4}, Shape3{1, 2, 2}));
  const xt::xtensor<std::uint8_t, 3> a = v;
  const auto type_of = []<class E>(const E&) { return std::type_identity<typename E::value_type>{}; };
  static_assert(std::is_same_v<decltype(type_of(xt::sum(v))), std::type_identity<std::int64_t>>);
  static_assert(std::is_same_v<decltype(type_of(xt::sum(v.cast<float>()))), std::type_identity<double>>);
  static_assert(std::is_same_v<decltype(type_of(xt::sum(v.cast<std::uint32_t>()))), std::type_identity<std::uint64_t>>);
  static_assert(std::is_same_v<decltype(type_of(xt::sum(a))), std::type_identity<int>>);
  static_assert(std::is_same_v<decltype(type_of(xt::sum<int>(v))), std::type_identity<int>>);
  static_assert(std::is_same_v<decltype(type_of(xt::sum<float>(v))), std::type_identity<float>>);
  static_assert(std::is_same_v<decltype(type_of(xt::norm_sq(v))), decltype(type_of(xt::norm_sq(a)))>);
  CHECK(xt::sum(v)() == xt::sum(a)());
  CHECK(xt::average(v, a)() == Approx(xt::average(xt::cast<double>(a), xt::cast<double>(a))()));
}

TEST_CASE("a failed read in a norm is thrown, not the end of the program", "[array]") {
  const auto source = std::make_shared<MemoryLevel<std::uint16_t>>(Shape3{6, 7, 8}, Shape3{2, 4, 3});
  source->break_voxel({3, 3, 3});
  const ScaleView<std::uint16_t> v(source);
  const char* const message = "cannot fetch the chunk: no route";
  constexpr auto now = xt::evaluation_strategy::immediate;
  CHECK_THROWS_WITH(xt::norm_l0(v, now), message);
  CHECK_THROWS_WITH(xt::norm_l1(v, {0}, now), message);
  CHECK_THROWS_WITH(xt::norm_sq(v, std::vector<std::size_t>{1}, now), message);
  CHECK_THROWS_WITH(xt::norm_l2(v, now), message);
  CHECK_THROWS_WITH(xt::norm_l2(v, {0, 1}, now), message);
  CHECK_THROWS_WITH(xt::norm_linf(v, {0, 1}, now), message);
  CHECK_THROWS_WITH(xt::norm_lp_to_p(v, 3, {0, 1}, now), message);
  CHECK_THROWS_WITH(xt::norm_lp(v, 3, now), message);
  CHECK_THROWS_WITH(xt::norm_l2(v)(), message);
  CHECK_THROWS_WITH(xt::norm_induced_l1(v.slice(3))(), message);
}
