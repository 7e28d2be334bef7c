#include <catvox/core/box.hpp>
#include <catvox/core/dtype.hpp>
#include <cstdint>
#include <limits>

#include "support/catch.hpp"

using namespace catvox;
using catvox::detail::ceil_div;

TEST_CASE("intersect keeps what both boxes cover", "[core]") {
  const Box a{{0, 0, 0}, {10, 10, 10}};
  CHECK(intersect(a, Box{{5, -3, 9}, {20, 4, 10}}) == Box{{5, 0, 9}, {10, 4, 10}});
  CHECK(intersect(a, Box{{10, 0, 0}, {20, 10, 10}}).empty());
  CHECK(intersect(a, Box{{30, 0, 0}, {40, 10, 10}}).shape()[0] == 0);
}

TEST_CASE("volume refuses a product that does not fit 64 bits", "[core]") {
  CHECK(volume({7063, 155648, 253952}) == 279180054888448LL);  // FAFB at level 0
  const auto huge = std::int64_t{1} << 40;
  CHECK_THROWS_AS(volume({huge, huge, 2}), Error);
}

TEST_CASE("ceil_div is exact next to a multiple", "[core]") {
  CHECK(ceil_div(0, 64) == 0);
  CHECK(ceil_div(127, 64) == 2);
  CHECK(ceil_div(128, 64) == 2);
  CHECK(ceil_div(129, 64) == 3);
  constexpr auto max = std::numeric_limits<std::int64_t>::max();
  CHECK(ceil_div(max, 2) == max / 2 + 1);
}

TEST_CASE("dtype names, sizes and C++ types agree", "[core]") {
  CHECK(dtype_of<std::uint8_t> == DType::uint8);
  CHECK(dtype_of<std::uint64_t> == DType::uint64);
  CHECK(dtype_of<unsigned long long> == DType::uint64);
  CHECK(dtype_of<std::int16_t> == DType::int16);
  CHECK(dtype_of<float> == DType::float32);
  CHECK(dtype_of<double> == DType::float64);
  CHECK(name(DType::int32) == "int32");
  CHECK(item_size(DType::float64) == 8);
  CHECK(item_size(DType::int8) == 1);
}
