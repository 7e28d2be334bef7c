// What expressions, blocks, cubes and walks of views request of a server: exact numbers, with the usual cache.

#include <array>
#include <atomic>
#include <catvox/array/for_each_block.hpp>
#include <catvox/array/read_cubes.hpp>
#include <catvox/array/scale_view.hpp>
#include <cmath>
#include <cstdint>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "read/array_fixture.hpp"
#include "support/catch.hpp"

using namespace catvox;
using namespace catvox::test;

namespace {

constexpr std::size_t usual_cache = std::size_t{256} << 20;

// 17 slices of 4 x 4 tiles: 272, 6 MB.
Fixture tiles() { return Fixture(DType::uint8, {17, 592, 592}, {1, 148, 148}, usual_cache); }

struct Counts {
  std::size_t requests = 0;
  std::size_t chunks = 0;  // that were requested at all
  friend bool operator==(const Counts&, const Counts&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Counts& counts) {
    return out << counts.requests << " requests for " << counts.chunks << " chunks";
  }
};

Counts counts_of(Fixture& fixture) {
  fixture.transport->settle();
  const auto urls = fixture.transport->urls();
  return {urls.size(), std::set<std::string>(urls.begin(), urls.end()).size()};
}

std::uint8_t at(const Fixture& fixture, std::int64_t z, std::int64_t y, std::int64_t x) {
  return static_cast<std::uint8_t>(*fixture.store->voxel({z, y, x}));
}

}  // namespace

TEST_CASE("reducers that pass twice over a level request its tiles once", "[read]") {
  Fixture fixture = tiles();
  const ScaleView<std::uint8_t> level(fixture.reader());
  SECTION("a deviation of each slice") {
    const xt::xtensor<double, 1> deviations = xt::stddev(level, {1, 2});
    for (std::int64_t z = 0; z < 17; ++z) {
      double sum = 0, squares = 0;
      for (std::int64_t y = 0; y < 592; ++y) {
        for (std::int64_t x = 0; x < 592; ++x) {
          sum += at(fixture, z, y, x);
          squares += std::pow(at(fixture, z, y, x), 2);
        }
      }
      const double mean = sum / (592 * 592);
      CHECK(deviations(static_cast<std::size_t>(z)) == Approx(std::sqrt(squares / (592 * 592) - mean * mean)));
    }
  }
  SECTION("one of all of it, and its mean") {
    const double deviation = xt::stddev(level)();
    CHECK(deviation > 0);
    CHECK(xt::mean(level)() > 0);
  }
  SECTION("the level itself, twice") {
    const xt::xtensor<std::uint8_t, 3> first = level, second = level;
    CHECK((first == second));
    CHECK(first(16, 591, 590) == at(fixture, 16, 591, 590));
  }
  SECTION("iterators and elements") {
    CHECK(*std::max_element(level.begin(), level.end()) == 255);
    CHECK(level(16, 591, 590) == at(fixture, 16, 591, 590));
    CHECK(*(level.end() - 1) == at(fixture, 16, 591, 591));
  }
  CHECK(counts_of(fixture) == Counts{272, 272});
}

TEST_CASE("a box that is read three times is requested once", "[read]") {
  Fixture fixture(DType::uint8, {13, 600, 600}, {1, 200, 200}, usual_cache);
  const ScaleView<std::uint8_t> level(fixture.reader());
  const auto box = level.slice(xt::all(), xt::range(60, 560), xt::range(50, 550));  // 13 x 3 x 3 tiles, 3 MB
  for (int i = 0; i < 3; ++i) {
    const auto voxels = box.load();
    CHECK(voxels(12, 499, 498) == at(fixture, 12, 559, 548));
    CHECK(counts_of(fixture) == Counts{117, 117});
  }
}

TEST_CASE("a level of 480 blocks is requested once, section by section along any axis", "[read]") {
  Fixture fixture(DType::uint8, {80, 240, 160}, {16, 20, 20}, usual_cache);  // 5 x 12 x 8
  const ScaleView<std::uint8_t> level(fixture.reader());
  std::uint64_t sum = 0;
  for (std::size_t z = 0; z < 80; ++z) sum += xt::sum(level.slice(z))();
  CHECK(counts_of(fixture) == Counts{480, 480});
  std::uint64_t again = 0;
  for (std::size_t x = 0; x < 160; ++x) again += xt::sum(level.slice(xt::all(), xt::all(), x))();
  CHECK(again == sum);
  CHECK(counts_of(fixture) == Counts{480, 480});
}

TEST_CASE("six threads over one level request each tile once", "[read]") {
  Fixture fixture(DType::uint8, {15, 400, 400}, {1, 100, 100}, usual_cache);  // 240
  const ScaleView<std::uint8_t> level(fixture.reader());
  std::array<std::uint64_t, 6> sums{};
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < 6; ++i) {
      threads.emplace_back([&, i] {
        for (std::size_t z = 0; z < 15; ++z) sums[i] += xt::sum(level.slice((z + 2 * i) % 15))();
      });
    }
  }
  CHECK(std::set<std::uint64_t>(sums.begin(), sums.end()).size() == 1);
  CHECK(counts_of(fixture) == Counts{240, 240});
}

TEST_CASE("the cache counts every request that a walk made, fetched ahead or not", "[read]") {
  Fixture fixture(DType::uint8, {2, 200, 2000}, {1, 50, 50}, usual_cache);
  const ScaleView<std::uint8_t> level(fixture.reader());
  std::int64_t by_reads = 0;
  for (std::size_t x = 0; x + 100 <= 2000; x += 100) {
    std::vector<std::uint8_t> voxels(2 * 200 * 100);
    by_reads += level.slice(xt::all(), xt::all(), xt::range(x, x + 100)).read_into(voxels).requests;
  }
  CHECK(counts_of(fixture) == Counts{320, 320});
  CHECK(fixture.pool->statistics().requests == 320);
  CHECK(by_reads < 320);  // the rest was fetched ahead
}

TEST_CASE("for_each_block requests each chunk once, and fetches ahead", "[read]") {
  Fixture fixture = tiles();
  const ScaleView<std::uint8_t> level(fixture.reader());
  const std::size_t threads = GENERATE(1, 4);
  std::atomic<std::uint64_t> sum = 0;
  std::atomic<std::int64_t> by_reads = 0;
  const auto add = [&](const ScaleView<std::uint8_t>& block) {
    xt::xtensor<std::uint8_t, 3> voxels(block.shape());
    by_reads += block.read_into(voxels).requests;
    sum += xt::sum<std::uint64_t>(voxels)();
  };
  for_each_block(level, add, {.threads = threads});
  CHECK(counts_of(fixture) == Counts{272, 272});
  CHECK(by_reads < 272);
  const std::uint64_t once = sum;
  for_each_block(level.blocks({2, 300, 300}), add, {.threads = threads});
  CHECK(sum == 2 * once);
  CHECK(counts_of(fixture) == Counts{272, 272});
}

TEST_CASE("for_each_block requests each chunk once through a cache of a tenth of the level", "[read]") {
  Fixture fixture(DType::uint8, {17, 592, 592}, {1, 148, 148}, 600'000);  // 27 tiles
  const ScaleView<std::uint8_t> level(fixture.reader());
  std::atomic<std::int64_t> voxels = 0;
  for_each_block(level, [&](const auto& block) { voxels += static_cast<std::int64_t>(block.load().size()); });
  CHECK(voxels == 17 * 592 * 592);
  CHECK(counts_of(fixture).chunks == 272);
  CHECK(fixture.pool->statistics().bytes <= 600'000);
}

TEST_CASE("cubes around many points request each chunk once", "[read]") {
  Fixture fixture(DType::uint8, {60, 300, 300}, {10, 30, 30}, usual_cache);
  const ScaleView<std::uint8_t> level(fixture.reader());
  std::mt19937 random(11);
  std::vector<WorldPoint> points;
  std::set<Index3> touched;
  for (int i = 0; i < 150; ++i) {
    const Index3 voxel{static_cast<std::int64_t>(random() % 60), static_cast<std::int64_t>(random() % 300),
                       static_cast<std::int64_t>(random() % 300)};
    points.push_back(level.voxel_to_world(voxel));
    for (std::int64_t z = std::max<std::int64_t>(0, voxel[0] - 4); z < std::min<std::int64_t>(60, voxel[0] + 4); ++z) {
      for (std::int64_t y = std::max<std::int64_t>(0, voxel[1] - 10); y < std::min<std::int64_t>(300, voxel[1] + 10);
           ++y) {
        for (std::int64_t x = std::max<std::int64_t>(0, voxel[2] - 12); x < std::min<std::int64_t>(300, voxel[2] + 12);
             ++x) {
          touched.insert({z / 10, y / 30, x / 30});
        }
      }
    }
  }
  const std::size_t threads = GENERATE(1, 4);
  const auto cubes = level.read_cubes(points, {8, 20, 24}, 0, {.threads = threads});
  for (std::size_t i = 0; i < points.size(); ++i) {
    const auto voxel = level.voxel_at(points[i]);
    REQUIRE(cubes(i, 4, 10, 12) == at(fixture, voxel[0], voxel[1], voxel[2]));
  }
  CHECK(counts_of(fixture) == Counts{touched.size(), touched.size()});
  std::mutex mutex;
  std::uint64_t sum = 0;
  level.read_cubes(points, {8, 20, 24},
                   [&](std::size_t, const auto& cube) {
                     const std::lock_guard lock(mutex);
                     sum += xt::sum<std::uint64_t>(cube)();
                   },
                   0, {.threads = threads});
  CHECK(sum == xt::sum<std::uint64_t>(cubes)());
  CHECK(counts_of(fixture) == Counts{touched.size(), touched.size()});
}
