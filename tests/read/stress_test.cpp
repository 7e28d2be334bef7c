// Reads, walks, prefetches, tokens that fire, mirrors that are chosen again and views that go, on several threads: every
// voxel is checked, and every request counted.
//
//   CATVOX_STRESS_SECONDS=60 catvox_test_read "[stress]"
//
// runs as long as told; two seconds each otherwise.

#include <atomic>
#include <catvox/core/error.hpp>
#include <map>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "read/array_fixture.hpp"
#include "read/stress.hpp"
#include "support/catch.hpp"
#include "support/scripted_source.hpp"

using namespace catvox;
using namespace catvox::test;

TEST_CASE("under stress every voxel is right and nothing hangs", "[read][stress]") {
  // A cache for everything, for half of it, for a handful of chunks, and none.
  const auto cache_bytes = GENERATE(std::size_t{1} << 20, std::size_t{40'000}, std::size_t{2500}, std::size_t{0});
  CAPTURE(cache_bytes);
  Fixture fixture(DType::uint16, {9, 40, 50}, {2, 7, 9}, cache_bytes);
  std::mutex mutex;
  std::map<std::string, int> requests;  // that were not cancelled
  Dice faults(3);
  fixture.source = std::make_shared<ScriptedSource>(
      [&](const ByteRequest& request) {
        ByteResult result;
        result.url = request.key;
        std::string body = fixture.store->encoded(chunk_of(request.key));
        {
          const std::lock_guard lock(mutex);
          ++requests[request.key];
          if (cache_bytes < 40'000 && faults.one_in(50)) body.pop_back();  // fetched again
        }
        result.body.append(std::as_bytes(std::span(body)));
        return result;
      },
      3, 6, 3);

  const auto end = end_of_stress();
  std::atomic<std::int64_t> reads = 0, wrong = 0, stopped = 0, failed = 0;
  const auto work = [&](unsigned seed) {
    Dice dice(seed);
    const ChunkOrigin origin{.store = fixture.store, .source = fixture.source, .data = "volume"};
    std::shared_ptr<Prefetcher> prefetcher;
    std::shared_ptr<const LevelSource> level;
    while (StressClock::now() < end) {
      if (!level || dice.one_in(20)) {  // the mirror is opened again, and views of the last time go
        level.reset();
        prefetcher = std::make_shared<Prefetcher>(origin, fixture.pool);
        level = make_chunk_reader({.level = 0,
                                   .geometry = LevelGeometry(StackFrame{}, {1, 1, 1}, fixture.store->shape()),
                                   .broken = {},
                                   .origin = origin,
                                   .pool = fixture.pool,
                                   .prefetcher = prefetcher,
                                   .at_level = {}});
      }
      std::stop_source stop;
      std::jthread firing;
      if (dice.one_in(4)) firing = fire_soon(dice, stop);
      const ReadOptions options{.missing = Missing::error, .stop = stop.get_token()};
      const auto check = [&](const Selection3& selection) {
        ++reads;
        if (read(*level, selection, nullptr, options) != expected(*fixture.store, selection)) ++wrong;
      };
      try {
        switch (dice.below(4)) {
          case 0:
            level->prefetch(random_box(dice, fixture.store->shape()), stop.get_token());
            break;
          case 1: {
            const auto z = dice.below(6), y = dice.below(20);
            for (std::int64_t x = 0; x + 12 <= 50; x += 4) check(box(z, z + 3, y, y + 12, x, x + 12));
            break;
          }
          default:
            check(random_box(dice, fixture.store->shape()));
        }
      } catch (const Error& error) {
        (error.code() == Errc::cancelled ? stopped : failed) += 1;
      }
      if (dice.one_in(50)) fixture.pool->clear();
    }
  };
  {
    std::vector<std::jthread> threads;
    for (unsigned seed = 1; seed <= 4; ++seed) threads.emplace_back(work, seed);
  }
  CHECK(wrong == 0);
  CHECK(reads > 100);
  if (cache_bytes >= 40'000) CHECK(failed == 0);

  // What is there is whole, and counted.
  const Selection3 all = box(0, 9, 0, 40, 0, 50);
  CHECK(read(*fixture.reader(), all) == expected(*fixture.store, all));
  const CacheStatistics statistics = fixture.pool->statistics();
  CHECK(statistics.bytes <= cache_bytes);
  fixture.prefetcher.reset();
  fixture.source.reset();  // no thread is left
  std::int64_t served = 0;
  for (const auto& [url, times] : requests) served += times;
  CHECK(fixture.pool->statistics().requests == served);
}

TEST_CASE("under stress nothing that fits is requested twice", "[read][stress]") {
  Fixture fixture(DType::uint8, {8, 64, 80}, {2, 16, 16}, std::size_t{1} << 20);
  std::mutex mutex;
  std::map<std::string, int> requests;
  fixture.source = std::make_shared<ScriptedSource>([&](const ByteRequest& request) {
    ByteResult result;
    const std::string body = fixture.store->encoded(chunk_of(request.key));
    const std::lock_guard lock(mutex);
    ++requests[request.key];
    result.body.append(std::as_bytes(std::span(body)));
    return result;
  });
  const auto level = fixture.reader();
  const auto end = end_of_stress();
  std::atomic<std::int64_t> wrong = 0;
  {
    std::vector<std::jthread> threads;
    for (unsigned seed = 1; seed <= 4; ++seed) {
      threads.emplace_back([&, seed] {
        Dice dice(seed);
        while (StressClock::now() < end) {
          const Selection3 selection = random_box(dice, fixture.store->shape());
          if (dice.one_in(3)) {
            level->prefetch(selection, {});
          } else if (read(*level, selection) != expected(*fixture.store, selection)) {
            ++wrong;
          }
        }
      });
    }
  }
  CHECK(wrong == 0);
  for (const auto& [url, times] : requests) {
    CAPTURE(url);
    CHECK(times == 1);
  }
}
