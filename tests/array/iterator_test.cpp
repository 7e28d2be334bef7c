// Iterators and elements of views: what they give, what they read for it, and what they keep in memory.

#include <algorithm>
#include <atomic>
#include <catvox/array/scale_view.hpp>
#include <iterator>
#include <latch>
#include <memory>
#include <numeric>
#include <optional>
#include <random>
#include <stop_token>
#include <thread>
#include <type_traits>
#include <vector>

#include "memory_level.hpp"
#include "support/catch.hpp"

using catvox::Index3;
using catvox::ScaleView;
using catvox::Selection3;
using catvox::Shape3;
using catvox::abi::Region;
using catvox::detail::ViewAccess;
using catvox::testing::MemoryLevel;
using xt::placeholders::_;

namespace {

using Voxel = std::uint16_t;
using View = ScaleView<Voxel, 3>;

static_assert(std::is_trivially_copyable_v<View::const_iterator>);
static_assert(std::is_same_v<View::const_iterator, decltype(std::declval<const View&>().begin())>);
static_assert(std::is_same_v<View::const_reverse_iterator, decltype(std::declval<const View&>().rbegin())>);
static_assert(noexcept(std::declval<const View&>().begin()) && noexcept(++std::declval<View::iterator&>()));
static_assert(std::random_access_iterator<View::iterator>);

std::shared_ptr<MemoryLevel<Voxel>> make_level() {
  return std::make_shared<MemoryLevel<Voxel>>(Shape3{6, 7, 8}, Shape3{2, 4, 3});
}

/// A level of 40 MiB a slice, of which three fit what a level keeps. All voxels of a slice have its number.
class Large : public MemoryLevel<std::uint8_t> {
 public:
  static constexpr std::int64_t side = 6476;
  static constexpr std::ptrdiff_t slice = side * side;

  explicit Large(std::int64_t slices = 9) : MemoryLevel({slices, side, side}, {1, side, side}) {}
  catvox::ReadStatistics read(const Selection3& selection, const catvox::StridedBytes& out,
                              const catvox::ReadOptions&) const override {
    ++reads;
    const std::ptrdiff_t voxels = selection[1].count * selection[2].count;
    for (std::int64_t z = 0; z < selection[0].count; ++z) {
      std::fill_n(out.data + z * out.strides[0], voxels, static_cast<std::byte>(selection[0].start + z));
    }
    return {};
  }
  mutable std::atomic<int> reads = 0;
};

/// The whole of a view's region, if it is in one.
template <class V>
std::weak_ptr<const Region> region_of(const V& view) {
  return ViewAccess::level(view).get(ViewAccess::layout(view));
}

template <class V>
void check_walks(const V& view) {
  const auto voxels = view.load();
  REQUIRE(std::distance(view.begin(), view.end()) == static_cast<std::ptrdiff_t>(voxels.size()));
  CHECK(std::equal(view.begin(), view.end(), voxels.begin(), voxels.end()));
  CHECK(std::equal(view.rbegin(), view.rend(), voxels.rbegin(), voxels.rend()));
  constexpr auto columns = xt::layout_type::column_major;
  CHECK(std::equal(view.template begin<columns>(), view.template end<columns>(), voxels.template begin<columns>()));
  CHECK(
      std::equal(view.template crbegin<columns>(), view.template crend<columns>(), voxels.template crbegin<columns>()));
  CHECK(*std::max_element(view.begin(), view.end()) == *std::max_element(voxels.begin(), voxels.end()));
  CHECK(std::vector<Voxel>(view.begin(), view.end()) == std::vector<Voxel>(voxels.begin(), voxels.end()));
}

}  // namespace

TEST_CASE("iterators give a view's voxels in its order", "[array]") {
  const View level(make_level());
  check_walks(level);
  check_walks(level.transpose({1, 2, 0}));
  check_walks(level.slice(xt::range(_, _, -2), xt::range(1, _, 3), xt::range(_, _, -1)));
  check_walks(level.slice(2, xt::range(1, 5)));
  check_walks(level.slice(xt::all(), xt::newaxis(), 3, xt::range(2, 3)));
  check_walks(level.slice(1, 2, 3));
  check_walks(level.slice(1, 2));
  check_walks(level.window({{-2, -1, 3}, {3, 2, 12}}, 7));
}

TEST_CASE("iterators go anywhere", "[array]") {
  const View level(make_level());
  const auto voxels = level.load();
  auto it = level.begin();
  const auto same = voxels.begin();
  CHECK(it[335] == 567);
  CHECK(*(it + 8) == 10);
  CHECK(*(7 + it) == 7);
  CHECK(*it++ == 0);
  CHECK(*++it == 2);
  CHECK(*it-- == 2);
  CHECK(*--it == 0);
  it += 100;
  CHECK(*it == same[100]);
  it -= 50;
  CHECK(*it == same[50]);
  CHECK(level.end() - it == 286);
  CHECK(it < level.end());
  CHECK(it > level.begin());
  CHECK(*(level.end() - 1) == 567);
  const auto row = level.slice(0, 0);
  CHECK(*std::lower_bound(row.begin(), row.end(), 4) == 4);
  CHECK_THROWS_WITH(*level.end(), "an iterator was read at position 336 of a view of 336 voxels");
  CHECK_THROWS_WITH(*(level.begin() - 1), "an iterator was read at position -1 of a view of 336 voxels");
}

TEST_CASE("iterators over a region with holes in the walk find every voxel", "[array]") {
  // Regions of 8 M doubles: whole rows, chunks of 1500 of them, and at the lower end, where 500 are left, several slices.
  class Formula : public MemoryLevel<double> {
   public:
    Formula() : MemoryLevel({6, 5000, 3000}, {2, 1500, 1000}) {}
    static double at(std::int64_t z, std::int64_t y, std::int64_t x) {
      return static_cast<double>((z * 5000 + y) * 3000 + x);
    }
    catvox::ReadStatistics read(const Selection3& s, const catvox::StridedBytes& out,
                                const catvox::ReadOptions&) const override {
      for (std::int64_t i = 0; i < s[0].count; ++i) {
        for (std::int64_t j = 0; j < s[1].count; ++j) {
          std::byte* row = out.data + i * out.strides[0] + j * out.strides[1];
          const double first = at(s[0].start + i * s[0].step, s[1].start + j * s[1].step, s[2].start);
          for (std::int64_t k = 0; k < s[2].count; ++k) {
            *reinterpret_cast<double*>(row + k * out.strides[2]) = first + static_cast<double>(k * s[2].step);
          }
        }
      }
      return {};
    }
  };
  const ScaleView<double> level(std::make_shared<Formula>());
  std::mt19937_64 random(3);
  const std::int64_t rows = GENERATE(4400, 4600);
  for (int part = 0; part < 3; ++part) {
    const auto z = static_cast<std::int64_t>(random() % 6);
    for (int n = 0; n < 2000; ++n) {
      const std::int64_t y = std::min<std::int64_t>(4999, rows + static_cast<std::int64_t>(random() % 400));
      const auto x = static_cast<std::int64_t>(random() % 3000);
      const std::int64_t position = (z * 5000 + y) * 3000 + x;
      if (level.begin()[position] != static_cast<double>(position)) FAIL("not the voxel at " << position);
    }
  }
}

TEST_CASE("nothing is read before an iterator is dereferenced, and each chunk once", "[array]") {
  const auto source = make_level();
  const View level(source);
  auto first = level.begin();
  const auto last = level.end();
  ++first;
  CHECK(first != last);
  CHECK(source->take_reads() == 0);
  CHECK(std::accumulate(level.begin(), level.end(), 0) == 95256);
  CHECK(*std::max_element(level.begin(), level.end()) == 567);
  for (auto it = level.begin(); it != level.end();) (void)*it++;
  CHECK(source->take_requests().size() == 18);
  for (std::size_t z = 0; z < 6; ++z) {
    for (std::size_t y = 0; y < 7; ++y) {
      for (std::size_t x = 0; x < 8; ++x) REQUIRE(level(z, y, x) == z * 100 + y * 10 + x);
    }
  }
  CHECK(source->take_requests().size() == 18);  // chunk by chunk
}

TEST_CASE("what fails in a walk can be read when it fails no more", "[array]") {
  const auto source = make_level();
  source->break_voxel({5, 6, 7});
  const View level(source);
  const auto it = level.begin();
  CHECK_THROWS_WITH(*it, "cannot fetch the chunk: no route");
  CHECK_THROWS_WITH(level(5, 6, 7), "cannot fetch the chunk: no route");
  CHECK(level(0, 0, 1) == 1);
  source->break_voxel({-1, -1, -1});
  CHECK(*it == 0);
  CHECK(level(5, 6, 7) == 567);
}

TEST_CASE("a walk keeps no more in memory than the level does", "[array]") {
  const auto source = std::make_shared<Large>();
  const ScaleView<std::uint8_t> level(source);
  std::vector<std::weak_ptr<const Region>> regions;
  for (int z = 0; z < 9; ++z) {
    CHECK(level.begin()[z * Large::slice] == z);
    regions.push_back(region_of(level.slice(xt::range(z, z + 1))));
  }
  CHECK(source->reads == 9);
  const auto alive = [&] {
    return std::ranges::count_if(regions, [](const auto& region) { return !region.expired(); });
  };
  CHECK(alive() == 3);
  for (int z = 0; z < 9; ++z) CHECK(level.begin()[z * Large::slice] == z);  // the second pass, too
  CHECK(source->reads == 18);
}

TEST_CASE("iterators that are far apart do not read again and again", "[array]") {
  const auto source = std::make_shared<Large>();
  const ScaleView<std::uint8_t> level(source);
  const std::ptrdiff_t iterators = GENERATE(2, 3, 6, 8);
  for (int round = 0; round < 100; ++round) {
    for (std::ptrdiff_t z = 0; z < iterators; ++z) {
      REQUIRE(level.begin()[z * Large::slice + 1000 + round] == z);
    }
  }
  CAPTURE(iterators);
  CHECK(source->reads <= 2 * iterators + 2);
}

TEST_CASE("an idle thread keeps nothing of a level that is gone", "[array]") {
  std::optional<View> level(make_level());
  std::latch walked(1), looked(1);
  std::thread idle([&] {
    (void)std::accumulate(level->begin(), level->end(), 0);
    (void)(*level)(5, 6, 7);
    walked.count_down();
    looked.wait();
  });
  walked.wait();
  const auto whole = region_of(*level);
  const auto chunk = region_of(level->slice(xt::range(4, 6), xt::range(4, 7), xt::range(6, 8)));
  CHECK_FALSE(whole.expired());
  CHECK_FALSE(chunk.expired());
  level.reset();
  CHECK(whole.expired());
  CHECK(chunk.expired());
  looked.count_down();
  idle.join();
}

TEST_CASE("views can be read while their thread ends", "[array]") {
  static const View level(make_level());
  static const ScaleView<std::uint8_t> large(std::make_shared<Large>());
  static std::atomic<int> sum = 0, seen = 0;
  struct ReadsAtItsEnd {
    int begun = 0;
    ~ReadsAtItsEnd() {
      sum = std::accumulate(level.begin(), level.end(), 0) + level(5, 6, 7);
      seen = large.begin()[7 * Large::slice + 5];
    }
  };
  std::latch read(1), forgotten(1);
  std::thread thread([&] {
    static thread_local ReadsAtItsEnd first;  // made first, so destroyed after what the walks make
    first.begun = 1;
    CHECK(level(0, 0, 1) == 1);
    CHECK(large.begin()[7 * Large::slice] == 7);
    read.count_down();
    forgotten.wait();
  });
  read.wait();
  for (int z = 0; z < 4; ++z) CHECK(large.begin()[z * Large::slice] == z);  // only the thread holds slice 7 now
  forgotten.count_down();
  thread.join();
  CHECK(sum == 95256 + 567);
  CHECK(seen == 7);
}

TEST_CASE("threads walk over one view and over views that come and go", "[array]") {
  const View level(make_level());
  const auto expected = level.load();
  std::vector<std::jthread> threads;
  std::atomic<int> wrong = 0;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      for (int round = 0; round < 300; ++round) {
        wrong += std::equal(level.begin(), level.end(), expected.begin()) ? 0 : 1;
        wrong += level(static_cast<std::size_t>(round % 6), 3, 4) == round % 6 * 100 + 34 ? 0 : 1;
        const auto part = level.slice(xt::range(round % 5, 6), thread);
        wrong += *part.begin() == round % 5 * 100 + thread * 10 ? 0 : 1;
        const View own(make_level());  // its regions go with it
        wrong += *(own.end() - 1) == 567 && own(1, 1, 1) == 111 ? 0 : 1;
        auto copy = std::make_unique<View>(own.slice(xt::range(_, _, -1)));
        wrong += *copy->begin() == 500 ? 0 : 1;
        copy.reset();
      }
    });
  }
  threads.clear();
  CHECK(wrong == 0);

  // A level whose last view goes on another thread than those that walked over it.
  for (int round = 0; round < 50; ++round) {
    auto shared = std::make_unique<View>(make_level());
    std::latch walked(2);
    std::atomic<bool> gone = false;
    std::vector<std::jthread> walkers;
    for (int thread = 0; thread < 2; ++thread) {
      walkers.emplace_back([&] {
        wrong += std::accumulate(shared->begin(), shared->end(), 0) == 95256 ? 0 : 1;
        walked.count_down();
        while (!gone) wrong += level.begin()[100] == expected.data()[100] ? 0 : 1;  // goes on elsewhere meanwhile
      });
    }
    walked.wait();
    shared.reset();
    gone = true;
  }
  CHECK(wrong == 0);
}
