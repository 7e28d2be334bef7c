#include <algorithm>
#include <catvox/core/error.hpp>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "read/array_fixture.hpp"
#include "support/catch.hpp"

using namespace catvox;
using namespace catvox::test;

namespace {

std::size_t requests_of(Fixture& fixture, const LevelSource& reader, const Selection3& selection,
                        const ReadOptions& options = {}) {
  fixture.transport->settle();
  fixture.transport->reset_log();
  REQUIRE(read(reader, selection, nullptr, options) == expected(*fixture.store, selection));
  return fixture.transport->requests();
}

}  // namespace

TEST_CASE("what was fetched ahead is requested no more, and decoded when it is needed", "[read]") {
  Fixture fixture;
  fixture.scripted[url_of({1, 0, 0})] = {404, ""};
  const auto reader = fixture.reader();
  reader->prefetch(box(0, 2, 0, 16, 0, 20), {});
  fixture.transport->settle();
  CHECK(fixture.transport->requests() == 8);
  CHECK(fixture.store->decodes == 0);
  ReadStatistics statistics;
  const Selection3 selection = box(0, 1, 2, 9, 3, 12);
  CHECK(read(*reader, selection, &statistics) == expected(*fixture.store, selection));
  CHECK(statistics.requests == 0);
  CHECK(statistics.bytes_received == 0);
  CHECK(statistics.cache_hits == 4);
  CHECK(fixture.store->decoded_voxels == 7 * 9);  // the first use: no more than it needs
  read(*reader, box(1, 2, 0, 8, 0, 10), &statistics);
  CHECK(statistics.missing == 1);
  CHECK(statistics.requests == 0);
}

TEST_CASE("a prefetch asks for nothing that is there or on its way", "[read]") {
  Fixture fixture;
  const auto reader = fixture.reader();
  read(*reader, box(0, 1, 0, 4, 0, 10));
  fixture.transport->settle();
  fixture.transport->hold();
  reader->prefetch(box(0, 1, 0, 8, 0, 20), {});
  reader->prefetch(box(0, 1, 0, 8, 0, 20), {});
  fixture.transport->release();
  fixture.transport->settle();
  CHECK(fixture.transport->urls() == std::vector<std::string>{url_of({0, 0, 0}), url_of({0, 0, 1})});
}

TEST_CASE("a read joins a prefetch that is under way", "[read]") {
  Fixture fixture;
  const auto reader = fixture.reader();
  const Selection3 selection = box(0, 1, 0, 8, 0, 10);
  fixture.transport->hold();
  reader->prefetch(selection, {});
  std::jthread source([&] { fixture.transport->release(); });
  CHECK(read(*reader, selection) == expected(*fixture.store, selection));
  CHECK(fixture.transport->requests() == 1);
}

TEST_CASE("a prefetch ends with its token", "[read]") {
  Fixture fixture;
  const auto reader = fixture.reader();
  std::stop_source stop;
  fixture.transport->hold();
  reader->prefetch(box(0, 7, 0, 23, 0, 31), stop.get_token());
  CHECK(fixture.transport->requests() == 2);  // half of the transport's concurrency
  stop.request_stop();
  CHECK(fixture.transport->cancelled() == 2);
  reader->prefetch(box(0, 7, 0, 23, 0, 31), stop.get_token());
  CHECK(fixture.transport->requests() == 2);
}

TEST_CASE("a prefetch ends with the level", "[read]") {
  Fixture fixture;
  fixture.transport->hold();
  fixture.reader()->prefetch(box(0, 7, 0, 23, 0, 31), {});
  fixture.prefetcher.reset();
  CHECK(fixture.transport->cancelled() == 2);
}

TEST_CASE("a prefetch that fails is forgotten: the read reports", "[read]") {
  Fixture fixture;
  fixture.scripted[url_of({0, 0, 0})] = {500, ""};
  const auto reader = fixture.reader();
  reader->prefetch(box(0, 1, 0, 8, 0, 10), {});
  fixture.transport->settle();
  CHECK_THROWS_WITH(read(*reader, box(0, 1, 0, 8, 0, 10)), "cannot fetch chunk 0/0/0 from mem:0/0/0: HTTP 500");
  CHECK(fixture.transport->requests() == 2);
}

TEST_CASE("a prefetch ends when its quarter of the cache is full", "[read]") {
  Fixture fixture(DType::uint8, {7, 23, 31}, {1, 8, 10}, 4 * 10 * (80 + 256));
  const auto reader = fixture.reader();
  reader->prefetch(box(0, 7, 0, 23, 0, 31), {});
  fixture.transport->settle();
  CHECK(fixture.transport->requests() >= 10);
  CHECK(fixture.transport->requests() <= 10 + 2);
}

TEST_CASE("without a cache nothing is fetched ahead", "[read]") {
  Fixture fixture(DType::uint8, {7, 23, 31}, {1, 8, 10}, 0);
  const auto reader = fixture.reader();
  reader->prefetch(box(0, 7, 0, 23, 0, 31), {});
  CHECK(fixture.transport->requests() == 0);
  for (const std::int64_t x : {0, 2, 4}) {
    CHECK(requests_of(fixture, *reader, box(0, 1, 0, 8, x, x + 6)) == 1);
    fixture.transport->settle();
    CHECK(fixture.transport->requests() == 1);
  }
}

TEST_CASE("a prefetch that leaves the level is refused", "[read]") {
  Fixture fixture;
  CHECK_THROWS_WITH(fixture.reader()->prefetch(box(0, 8, 0, 1, 0, 1), {}),
                    "the selection leaves the level on the slice axis: start 0, step 1, count 8 of 7");
  fixture.reader()->prefetch(box(0, 0, 0, 1, 0, 1), {});
  CHECK(fixture.transport->requests() == 0);
}

TEST_CASE("boxes that slide along an axis are fetched ahead", "[read]") {
  Fixture fixture;  // chunks of 8 x 10
  const auto reader = fixture.reader();
  const auto at = [](std::int64_t x) { return box(0, 2, 0, 8, x, x + 6); };
  CHECK(requests_of(fixture, *reader, at(0)) == 2);
  CHECK(requests_of(fixture, *reader, at(2)) == 0);
  SECTION("by four steps") {
    CHECK(requests_of(fixture, *reader, at(4)) == 2);  // not its own: [10, 18) beyond it
    fixture.transport->settle();
    CHECK(fixture.transport->urls() == std::vector<std::string>{url_of({0, 0, 1}), url_of({1, 0, 1})});
    CHECK(requests_of(fixture, *reader, at(6)) == 0);  // [12, 20)
    CHECK(requests_of(fixture, *reader, at(8)) == 2);  // [14, 22)
  }
  SECTION("unless the read says no") {
    CHECK(requests_of(fixture, *reader, at(4), {.read_ahead = false}) == 0);
    fixture.transport->settle();
    CHECK(fixture.transport->requests() == 0);
  }
  SECTION("until the reader is stopped") {
    fixture.transport->settle();
    fixture.transport->reset_log();
    fixture.transport->hold();
    std::stop_source stop;
    read(*reader, at(4), nullptr, {.stop = stop.get_token()});  // its own voxels are in the cache
    CHECK(fixture.transport->requests() == 2);
    stop.request_stop();
    CHECK(fixture.transport->cancelled() == 2);
  }
}

TEST_CASE("chunks ahead of a walk are decoded before they are read, if boxes need one part of them after another",
          "[read]") {
  Fixture fixture;  // chunks of 1 x 8 x 10
  const auto reader = fixture.reader();
  const auto decoded_by = [&](const Selection3& selection) {
    const auto before = fixture.store->decoded_voxels.load();
    REQUIRE(read(*reader, selection) == expected(*fixture.store, selection));
    const auto by_read = fixture.store->decoded_voxels - before;
    fixture.transport->settle();
    return by_read;
  };
  SECTION("by steps that are shorter than a chunk: whole, not by the read") {
    const auto at = [](std::int64_t x) { return box(0, 2, 0, 4, x, x + 6); };
    CHECK(decoded_by(at(0)) == 2 * 4 * 6);
    CHECK(decoded_by(at(2)) == 2 * 80);
    (void)decoded_by(at(4));
    CHECK(fixture.store->decoded_voxels == 2 * 4 * 6 + 2 * 80 + 2 * 80);
    CHECK(decoded_by(at(6)) == 0);  // up to 12, in chunks 0 and 1
  }
  SECTION("by whole chunks: what the reads need of them, and no more") {
    for (std::int64_t z = 0; z < 6; ++z) CHECK(decoded_by(box(z, z + 1, 2, 6, 3, 9)) == 4 * 6);
    CHECK(fixture.store->decoded_voxels == 6 * 4 * 6);
  }
}

TEST_CASE("a walk through a level requests every chunk once", "[read]") {
  Fixture fixture(DType::uint16, {7, 23, 31}, {2, 5, 7});
  const auto reader = fixture.reader();
  for (std::int64_t z = 0; z + 3 <= 7; z += 2) {
    for (std::int64_t y = 0; y + 6 <= 23; y += 3) {
      for (std::int64_t x = 0; x + 8 <= 31; x += 4) {
        const Selection3 selection = box(z, z + 3, y, y + 6, x, x + 8);
        REQUIRE(read(*reader, selection) == expected(*fixture.store, selection));
      }
    }
  }
  fixture.transport->settle();
  std::vector<std::string> urls = fixture.transport->urls();
  std::sort(urls.begin(), urls.end());
  CHECK(std::adjacent_find(urls.begin(), urls.end()) == urls.end());
  CHECK(urls.size() >= 4 * 5 * 4);
}
