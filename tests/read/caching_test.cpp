// What reads leave in the cache, and what that spares the next ones.

#include <catvox/core/error.hpp>
#include <chrono>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "read/array_fixture.hpp"
#include "support/catch.hpp"

using namespace catvox;
using namespace catvox::test;
using namespace std::chrono_literals;

namespace {

// What one read cost, its voxels checked.
struct Effort {
  std::size_t requests = 0;
  std::int64_t decoded = 0;  // voxels
  std::int64_t cache_hits = 0;
  friend bool operator==(const Effort&, const Effort&) = default;
};

Effort effort(Fixture& fixture, const LevelSource& reader, const Selection3& selection) {
  fixture.transport->settle();  // a chunk that is still being served would be shared
  fixture.transport->reset_log();
  fixture.store->decoded_voxels = 0;
  ReadStatistics statistics;
  REQUIRE(read(reader, selection, &statistics, {.read_ahead = false}) == expected(*fixture.store, selection));
  fixture.transport->settle();
  CHECK(statistics.requests == static_cast<std::int64_t>(fixture.transport->requests()));
  return {fixture.transport->requests(), fixture.store->decoded_voxels, statistics.cache_hits};
}

}  // namespace

TEST_CASE("of a chunk that is cut, the first read decodes its part and the second all", "[read]") {
  Fixture fixture;  // chunks of 8 x 10
  const auto reader = fixture.reader();
  CHECK(effort(fixture, *reader, box(0, 1, 2, 5, 3, 7)) == Effort{1, 12, 0});
  CHECK(effort(fixture, *reader, box(0, 1, 2, 5, 3, 7)) == Effort{0, 0, 1});  // the same again
  CHECK(effort(fixture, *reader, box(0, 1, 3, 5, 4, 7)) == Effort{0, 0, 1});  // a part of it
  CHECK(effort(fixture, *reader, box(0, 1, 2, 6, 3, 7)) == Effort{0, 80, 1});
  CHECK(effort(fixture, *reader, box(0, 1, 0, 8, 0, 9)) == Effort{0, 0, 1});
  CHECK(effort(fixture, *reader, box(0, 1, 0, 8, 0, 10)) == Effort{0, 0, 1});
}

TEST_CASE("of a chunk that sticks out of the level, all means what lies inside", "[read]") {
  Fixture fixture;  // 23 x 31 voxels: the last chunk has 7 x 1
  const auto reader = fixture.reader();
  CHECK(effort(fixture, *reader, box(0, 1, 17, 20, 30, 31)) == Effort{1, 3, 0});
  CHECK(effort(fixture, *reader, box(0, 1, 16, 18, 30, 31)) == Effort{0, 7, 1});
  CHECK(effort(fixture, *reader, box(0, 1, 16, 23, 30, 31)) == Effort{0, 0, 1});
}

TEST_CASE("chunks that a read needs whole are kept as they came, and decoded from the second use on", "[read]") {
  Fixture fixture;
  fixture.store->short_bodies = true;
  const auto reader = fixture.reader();
  const Selection3 two = box(0, 1, 0, 8, 0, 20);
  CHECK(effort(fixture, *reader, two) == Effort{2, 160, 0});
  CHECK(effort(fixture, *reader, two) == Effort{0, 160, 2});
  CHECK(effort(fixture, *reader, two) == Effort{0, 0, 2});
}

TEST_CASE("a read whose voxels do not fit decodes them into place again", "[read]") {
  constexpr std::int64_t chunk = 64 * 64;
  Fixture fixture(DType::uint8, {7, 64, 64}, {1, 64, 64}, 4 * chunk);
  fixture.store->short_bodies = true;
  const auto reader = fixture.reader();
  const Selection3 everything = box(0, 7, 0, 64, 0, 64);
  CHECK(effort(fixture, *reader, everything) == Effort{7, 7 * chunk, 0});
  CHECK(effort(fixture, *reader, everything) == Effort{0, 7 * chunk, 7});
  CHECK(effort(fixture, *reader, everything) == Effort{0, 7 * chunk, 7});
}

TEST_CASE("where all voxels of a chunk did not last, whole rows are decoded", "[read]") {
  constexpr std::int64_t chunk = 64 * 64;
  Fixture fixture(DType::uint8, {6, 64, 64}, {1, 64, 64}, 4 * (chunk + 1000));  // a chunk a read, four in all
  fixture.store->short_bodies = true;
  const auto reader = fixture.reader();
  for (std::int64_t z = 0; z < 6; ++z) {
    CHECK(effort(fixture, *reader, box(z, z + 1, 3, 8, 0, 8)) == Effort{1, 40, 0});
    CHECK(effort(fixture, *reader, box(z, z + 1, 3, 8, 8, 16)) == Effort{0, chunk, 1});
    CHECK(effort(fixture, *reader, box(z, z + 1, 30, 40, 1, 64)) == Effort{0, 0, 1});
  }
  CHECK(effort(fixture, *reader, box(0, 1, 3, 8, 16, 24)) == Effort{0, 5 * 64, 1});
  CHECK(effort(fixture, *reader, box(0, 1, 3, 8, 24, 32)) == Effort{0, 0, 1});
  CHECK(effort(fixture, *reader, box(0, 1, 4, 9, 24, 32)) == Effort{0, 5 * 64, 1});
}

TEST_CASE("kept bytes that turn out not to decode are requested anew", "[read]") {
  Fixture fixture;
  const auto reader = fixture.reader();
  effort(fixture, *reader, box(0, 1, 0, 2, 0, 10));
  bool damaged = true;  // below the rows that were decoded so far
  fixture.store->before_decode = [&](const Box& window) {
    if (window.max[1] > 2 && std::exchange(damaged, false)) throw Error(Errc::corrupt_data, "damaged");
  };
  CHECK(effort(fixture, *reader, box(0, 1, 0, 8, 0, 9)).requests == 1);
}

TEST_CASE("reads that share a request leave all of the chunk", "[read]") {
  Fixture fixture;
  const auto reader = fixture.reader();
  fixture.transport->hold();
  const std::vector<Selection3> selections{box(0, 1, 0, 2, 0, 10), box(0, 1, 6, 8, 0, 10)};
  std::vector<std::future<std::vector<std::byte>>> reads;
  for (const auto& selection : selections) {
    reads.push_back(std::async(std::launch::async, [&] { return read(*reader, selection); }));
  }
  fixture.transport->wait_for_requests(1);
  std::this_thread::sleep_for(50ms);  // for the other to join
  fixture.transport->release();
  for (std::size_t i = 0; i < 2; ++i) CHECK(reads[i].get() == expected(*fixture.store, selections[i]));
  CHECK(fixture.transport->requests() == 1);
  CHECK(effort(fixture, *reader, box(0, 1, 0, 8, 0, 9)) == Effort{0, 0, 1});
}

TEST_CASE("a read says how long it waited and how long it decoded", "[read]") {
  Fixture fixture;
  const auto reader = fixture.reader();
  SECTION("for the source") {
    fixture.transport->hold();
    std::jthread source([&] {
      fixture.transport->wait_for_requests(1);
      std::this_thread::sleep_for(60ms);
      fixture.transport->release();
    });
    ReadStatistics statistics;
    read(*reader, box(0, 1, 0, 8, 0, 10), &statistics);
    CHECK(statistics.wait_seconds >= 0.06);
    CHECK(statistics.wait_seconds <= statistics.seconds);
    CHECK(statistics.decode_seconds < 0.06);
  }
  SECTION("for nothing: it decoded") {
    fixture.store->before_decode = [](const Box&) { std::this_thread::sleep_for(60ms); };
    ReadStatistics statistics;
    read(*reader, box(0, 1, 0, 8, 0, 10), &statistics);
    CHECK(statistics.decode_seconds >= 0.06);
    CHECK(statistics.wait_seconds <= statistics.seconds - 0.06);
  }
  SECTION("for nothing: the cache had it") {
    const Selection3 selection = box(0, 1, 0, 7, 0, 10);
    read(*reader, selection);
    fixture.transport->settle();
    ReadStatistics statistics;
    read(*reader, selection, &statistics);
    CHECK(statistics.wait_seconds == 0);
    CHECK(statistics.decode_seconds == 0);
  }
}
