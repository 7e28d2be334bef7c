// for_each_block(): every part once, on as many threads as asked for, and what ends it.

#include <atomic>
#include <catvox/array/for_each_block.hpp>
#include <latch>
#include <map>
#include <mutex>
#include <set>
#include <stdexcept>
#include <stop_token>
#include <thread>
#include <vector>

#include "memory_level.hpp"
#include "support/catch.hpp"

using catvox::Error;
using catvox::Index3;
using catvox::ScaleView;
using catvox::Selection3;
using catvox::Shape3;
using catvox::testing::MemoryLevel;

namespace {

using Voxel = std::uint16_t;

std::shared_ptr<MemoryLevel<Voxel>> make_level() {
  return std::make_shared<MemoryLevel<Voxel>>(Shape3{6, 7, 8}, Shape3{2, 4, 3});
}

/// What the voxels of make_level() add up to: of 100 z + 10 y + x, 56 times 100 (0 + … + 5), and so on.
constexpr std::uint64_t sum_of_level = 56 * 1500 + 48 * 210 + 42 * 28;

/// How often each chunk was among those that a level was told to fetch ahead.
std::map<Index3, int> prefetched_chunks(const MemoryLevel<Voxel>& level) {
  std::map<Index3, int> chunks;
  for (const Selection3& selection : level.take_prefetches()) {
    Index3 chunk{};
    for (std::size_t axis = 0; axis < 3; ++axis) chunk[axis] = selection[axis].start / level.chunk_shape()[axis];
    ++chunks[chunk];
  }
  return chunks;
}

}  // namespace

TEST_CASE("for_each_block gives every part once, whatever the threads", "[array]") {
  const auto source = make_level();
  const ScaleView<Voxel> level(source);
  const std::size_t threads = GENERATE(0, 1, 2, 5, 100);
  CAPTURE(threads);
  std::mutex mutex;
  std::uint64_t sum = 0;
  std::set<std::thread::id> on;
  std::vector<std::int64_t> done;
  catvox::for_each_block(level,
                         [&](const ScaleView<Voxel>& block) {
                           const xt::xtensor<Voxel, 3> voxels = block.load();
                           const std::lock_guard lock(mutex);
                           sum += xt::sum<std::uint64_t>(voxels)();
                           on.insert(std::this_thread::get_id());
                         },
                         {.threads = threads, .progress = [&](const catvox::Progress& progress) {
                            CHECK(progress.chunks_total == 18);
                            done.push_back(progress.chunks_done);
                          }});
  CHECK(sum == sum_of_level);
  std::vector<std::int64_t> counted;
  for (std::int64_t i = 1; i <= 18; ++i) counted.push_back(i);
  CHECK(done == counted);
  const auto requests = source->take_requests();
  CHECK(requests.size() == 18);
  CHECK(std::set<Index3>(requests.begin(), requests.end()).size() == 18);
  if (threads == 1) CHECK(on == std::set{std::this_thread::get_id()});
  // Each thread's first part is read at once; the rest is fetched ahead, and nothing twice.
  const auto ahead = prefetched_chunks(*source);
  for (const auto& [chunk, times] : ahead) CHECK(times == 1);
  if (threads == 1) CHECK(ahead.size() == 17);
}

TEST_CASE("for_each_block runs as many at once as asked for", "[array]") {
  const ScaleView<Voxel> level(make_level());
  std::latch all(6);  // none goes on before six are there
  std::atomic<int> calls = 0;
  catvox::for_each_block(level.blocks({1, 7, 8}),
                         [&](const auto& block) {
                           all.arrive_and_wait();
                           calls += block.shape() == std::array<std::size_t, 3>{1, 7, 8} ? 1 : 0;
                         },
                         {.threads = 6});
  CHECK(calls == 6);
}

TEST_CASE("for_each_block takes parts of any view, and none of an empty one", "[array]") {
  const ScaleView<Voxel> level(make_level());
  std::uint64_t sum = 0;
  const auto add = [&](const auto& block) { sum += static_cast<std::uint64_t>(xt::sum(block)()); };
  catvox::for_each_block(level.slice(2).transpose().cast<float>(), add);
  CHECK(sum == 56 * 200 + 8 * 210 + 7 * 28);
  sum = 0;
  catvox::for_each_block(level.slice(xt::range(3, 3)), add);
  CHECK(sum == 0);
}

TEST_CASE("what f throws ends for_each_block", "[array]") {
  const ScaleView<Voxel> level(make_level());
  const std::size_t threads = GENERATE(1, 4);
  std::atomic<int> calls = 0;
  const auto third_fails = [&](const auto&) {
    if (++calls == 3) throw std::runtime_error("the third");
  };
  CHECK_THROWS_WITH(catvox::for_each_block(level, third_fails, {.threads = threads}), "the third");
  CHECK(calls <= 3 + static_cast<int>(threads) - 1 + static_cast<int>(threads));
  calls = 0;
  const auto count = [&](const auto&) { ++calls; };
  const auto fails = [](const catvox::Progress&) { throw std::runtime_error("no terminal"); };
  CHECK_THROWS_WITH(catvox::for_each_block(level, count, {.progress = fails}), "no terminal");
  CHECK(calls == 1);

  const auto source = make_level();
  source->break_voxel({5, 6, 7});
  CHECK_THROWS_WITH(catvox::for_each_block(ScaleView<Voxel>(source), [](const auto& block) { (void)block.load(); },
                                           {.threads = threads}),
                    "cannot fetch the chunk: no route");
}

TEST_CASE("a failure stops the reads of the other threads", "[array]") {
  // Its reads end with their token, and no sooner.
  struct Endless : MemoryLevel<Voxel> {
    using MemoryLevel::MemoryLevel;
    catvox::ReadStatistics read(const Selection3&, const catvox::StridedBytes&,
                                const catvox::ReadOptions& options) const override {
      std::latch over(1);
      const std::stop_callback on_stop(options.stop, [&over] { over.count_down(); });
      over.wait();
      throw Error(catvox::Errc::cancelled, "read cancelled");
    }
  };
  const ScaleView<Voxel> level(std::make_shared<Endless>(Shape3{2, 4, 4}, Shape3{1, 4, 4}));
  std::atomic<int> calls = 0;
  const auto f = [&](const auto& block) {
    if (++calls == 1) (void)block.load();
    throw std::runtime_error("the other one");
  };
  CHECK_THROWS_WITH(catvox::for_each_block(level, f, {.threads = 2}), "the other one");

  SECTION("and so does the caller's token, beside one that is bound to the view") {
    std::stop_source bound, given;
    catvox::ReadOptions options;
    options.stop = bound.get_token();
    std::stop_source& stopping = GENERATE(0, 1) == 0 ? bound : given;
    const auto stop_and_read = [&](const auto& block) {
      stopping.request_stop();
      (void)block.load();
    };
    CHECK_THROWS_WITH(catvox::for_each_block(level.with(options), stop_and_read, {.stop = given.get_token()}),
                      "read cancelled");
  }
}

TEST_CASE("a stopped for_each_block does not begin another part", "[array]") {
  const ScaleView<Voxel> level(make_level());
  std::stop_source stop;
  int calls = 0;
  const auto stop_at_second = [&](const auto&) {
    if (++calls == 2) stop.request_stop();
  };
  CHECK_THROWS_WITH(catvox::for_each_block(level, stop_at_second, {.stop = stop.get_token()}),
                    "for_each_block was cancelled");
  CHECK(calls == 2);
}
