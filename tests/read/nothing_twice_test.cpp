// What fits the cache is requested once: exact numbers of requests, over sequences of reads.

#include <future>
#include <map>
#include <string>
#include <vector>

#include "read/array_fixture.hpp"
#include "support/catch.hpp"

using namespace catvox;
using namespace catvox::detail;
using namespace catvox::test;

namespace {

constexpr std::int64_t tile = 32;

// 6 slices of 4 x 5 tiles of 32 x 32, and a cache for so many of their bodies.
Fixture tiles(std::int64_t bodies) {
  return Fixture(DType::uint8, {6, 4 * tile, 5 * tile}, {1, tile, tile},
                 static_cast<std::size_t>(bodies * (tile * tile + 256)));
}

// How often each chunk was requested.
std::map<std::string, int> requests_of(Fixture& fixture) {
  fixture.transport->settle();
  std::map<std::string, int> requests;
  for (const std::string& url : fixture.transport->urls()) ++requests[url];
  return requests;
}

int repeats_of(Fixture& fixture) {
  int repeats = 0;
  for (const auto& [url, times] : requests_of(fixture)) repeats += times - 1;
  return repeats;
}

void check_read(Fixture& fixture, const LevelSource& reader, const Selection3& selection) {
  REQUIRE(read(reader, selection, nullptr, {.read_ahead = false}) == expected(*fixture.store, selection));
  fixture.transport->settle();
}

Selection3 slice(std::int64_t z) { return box(z, z + 1, 0, 4 * tile, 0, 5 * tile); }

}  // namespace

TEST_CASE("a level that fits the cache is requested once", "[read]") {
  Fixture fixture = tiles(120);  // just fits
  const auto reader = fixture.reader();
  const Selection3 level = box(0, 6, 0, 4 * tile, 0, 5 * tile);
  SECTION("by reads of all of it") {
    for (int i = 0; i < 4; ++i) check_read(fixture, *reader, level);
  }
  SECTION("slice by slice, each twice, as a standard deviation does") {
    for (int pass = 0; pass < 2; ++pass) {
      for (std::int64_t z = 0; z < 6; ++z) {
        check_read(fixture, *reader, slice(z));
        check_read(fixture, *reader, slice(z));
      }
    }
  }
  SECTION("by windows that cut its tiles") {
    for (std::int64_t y = 0; y + 40 <= 4 * tile; y += 20) {
      for (std::int64_t x = 0; x + 40 <= 5 * tile; x += 20)
        check_read(fixture, *reader, box(0, 6, y, y + 40, x, x + 40));
    }
    check_read(fixture, *reader, level);
  }
  SECTION("by parts first, then whole, then by parts") {
    check_read(fixture, *reader, box(0, 6, 5, 100, 7, 150));
    check_read(fixture, *reader, level);
    check_read(fixture, *reader, box(0, 6, 5, 100, 7, 150));
    check_read(fixture, *reader, level);
  }
  SECTION("by six threads at once") {
    std::vector<std::future<void>> threads;
    for (int i = 0; i < 6; ++i) {
      threads.push_back(std::async(std::launch::async, [&, i] {
        for (std::int64_t z = 0; z < 6; ++z) check_read(fixture, *reader, slice((z + i) % 6));
      }));
    }
    for (auto& thread : threads) thread.get();
  }
  CHECK(requests_of(fixture).size() == 120);
  CHECK(repeats_of(fixture) == 0);
}

TEST_CASE("deep blocks that fit the cache are requested once, section by section", "[read]") {
  Fixture fixture(DType::uint16, {40, 60, 60}, {10, 20, 20}, 36 * (10 * 20 * 20 * 2 + 256));
  const auto reader = fixture.reader();
  for (const std::size_t axis : {0U, 1U, 2U}) {
    for (std::int64_t i = 0; i < (axis == 0 ? 40 : 60); ++i) {
      Selection3 section = box(0, 40, 0, 60, 0, 60);
      section[axis] = {i, 1, 1};
      check_read(fixture, *reader, section);
    }
  }
  CHECK(requests_of(fixture).size() == 36);
  CHECK(repeats_of(fixture) == 0);
}

TEST_CASE("a scan of ten times the cache leaves what is read again and again", "[read]") {
  // 600 tiles, a cache for 60; 20 of them hot
  Fixture fixture(DType::uint8, {30, 4 * tile, 5 * tile}, {1, tile, tile},
                  static_cast<std::size_t>(60 * (tile * tile + 256)));
  const auto reader = fixture.reader();
  const Selection3 hot = slice(29);
  check_read(fixture, *reader, hot);
  check_read(fixture, *reader, hot);
  fixture.transport->reset_log();
  for (std::int64_t z = 0; z < 29; ++z) {
    check_read(fixture, *reader, slice(z));
    check_read(fixture, *reader, hot);
  }
  const auto requests = requests_of(fixture);
  CHECK(requests.size() == 29 * 20);  // none of the hot ones
  CHECK(repeats_of(fixture) == 0);
}

TEST_CASE("one read of ten times the cache leaves what is read again and again", "[read]") {
  Fixture fixture(DType::uint8, {30, 4 * tile, 5 * tile}, {1, tile, tile},
                  static_cast<std::size_t>(60 * (tile * tile + 256)));
  const auto reader = fixture.reader();
  const Selection3 hot = slice(29);
  check_read(fixture, *reader, hot);
  check_read(fixture, *reader, hot);
  check_read(fixture, *reader, box(0, 29, 0, 4 * tile, 0, 5 * tile));
  fixture.transport->reset_log();
  check_read(fixture, *reader, hot);
  CHECK(fixture.transport->requests() == 0);
  // Of the scan itself the cache kept its beginning.
  check_read(fixture, *reader, box(0, 29, 0, 4 * tile, 0, 5 * tile));
  CHECK(fixture.transport->requests() == 29 * 20 - 40);
}

TEST_CASE("a walk larger than the cache requests every chunk once", "[read]") {
  Fixture fixture(DType::uint8, {8, 2 * tile, 100 * tile}, {1, tile, tile},
                  static_cast<std::size_t>(100 * (tile * tile + 256)));
  const auto reader = fixture.reader();
  for (std::int64_t x = 0; x + 24 <= 100 * tile; x += 12) {
    const Selection3 window = box(0, 8, 20, 44, x, x + 24);
    REQUIRE(read(*reader, window) == expected(*fixture.store, window));
  }
  CHECK(requests_of(fixture).size() == 8 * 2 * 100);
  CHECK(repeats_of(fixture) == 0);
}

TEST_CASE("a scan in all three directions requests every chunk once with a cache for a quarter of them", "[read]") {
  constexpr std::int64_t side = 16, across = 8 * side, step = side / 2;
  const bool compressed = GENERATE(false, true);
  Fixture fixture(DType::uint8, {across, across, across}, {side, side, side}, 128 * (side * side * side + 256));
  fixture.store->short_bodies = compressed;
  const auto reader = fixture.reader();
  const bool x_first = GENERATE(true, false);
  CAPTURE(compressed, x_first);
  for (std::int64_t a = 0; a + side <= across; a += step) {
    for (std::int64_t b = 0; b + side <= across; b += step) {
      for (std::int64_t c = 0; c + side <= across; c += step) {
        const auto [z, y, x] = x_first ? Index3{a, b, c} : Index3{c, b, a};
        const Selection3 window = box(z, z + side, y, y + side, x, x + side);
        REQUIRE(read(*reader, window) == expected(*fixture.store, window));
      }
    }
  }
  CHECK(requests_of(fixture).size() == 8 * 8 * 8);
  CHECK(repeats_of(fixture) == 0);
}

TEST_CASE("opening the same data again finds what is kept", "[read]") {
  Fixture fixture = tiles(200);
  check_read(fixture, *fixture.reader(), slice(0));
  fixture.prefetcher.reset();
  check_read(fixture, *fixture.reader(BrokenSlices({{0, 1}}, 6, BrokenSlicePolicy::fill)), slice(1));
  CHECK(fixture.transport->requests() == 40);
  check_read(fixture, *fixture.reader(), slice(0));
  CHECK(fixture.transport->requests() == 40);
  fixture.prefetcher.reset();
  fixture.data = "another";
  check_read(fixture, *fixture.reader(), slice(0));
  CHECK(fixture.transport->requests() == 60);
  fixture.prefetcher.reset();
  fixture.store = std::make_shared<ArrayStore>(DType::uint16, Shape3{6, 4 * tile, 5 * tile}, Shape3{1, tile, tile});
  check_read(fixture, *fixture.reader(), slice(0));  // written anew, as another type
  CHECK(fixture.transport->requests() == 80);
}

TEST_CASE("a cancelled read leaves the cache as it was", "[read]") {
  Fixture fixture = tiles(120);
  const auto reader = fixture.reader();
  reader->prefetch(box(0, 1, 0, 4 * tile, 0, 5 * tile), {});
  check_read(fixture, *reader, slice(0));
  CHECK(fixture.transport->requests() == 20);
  for (int round = 0; round < 20; ++round) {
    std::stop_source stop;
    int chunks = 0;
    fixture.store->before_decode = [&](const Box&) {
      if (++chunks == 1 + round) stop.request_stop();
    };
    try {
      read(*reader, slice(0), nullptr, {.stop = stop.get_token(), .read_ahead = false});
    } catch (const Error& error) {
      CHECK(error.code() == Errc::cancelled);
    }
    fixture.transport->settle();
  }
  fixture.store->before_decode = nullptr;
  check_read(fixture, *reader, slice(0));
  CHECK(fixture.transport->requests() == 20);
}

TEST_CASE("what a cancelled read brought goes first", "[read]") {
  Fixture fixture = tiles(60);
  const auto reader = fixture.reader();
  check_read(fixture, *reader, slice(0));
  std::stop_source stop;
  std::atomic<int> chunks = 0;
  fixture.store->before_decode = [&](const Box&) {
    if (++chunks == 10) stop.request_stop();
  };
  CHECK_THROWS_AS(read(*reader, slice(1), nullptr, {.stop = stop.get_token(), .read_ahead = false}), Error);
  fixture.transport->settle();
  fixture.store->before_decode = nullptr;
  check_read(fixture, *reader, slice(2));
  check_read(fixture, *reader, slice(3));
  fixture.transport->reset_log();
  check_read(fixture, *reader, slice(0));
  CHECK(fixture.transport->requests() == 0);
}

TEST_CASE("the cache can be emptied, and says what it holds and what was done", "[read]") {
  Fixture fixture = tiles(120);
  fixture.scripted[url_of({1, 0, 0})] = {404, ""};
  const auto reader = fixture.reader();
  reader->prefetch(slice(1), {});
  fixture.transport->settle();
  check_read(fixture, *reader, slice(0));
  check_read(fixture, *reader, slice(0));
  CacheStatistics statistics = fixture.pool->statistics();
  CHECK(statistics.max_bytes == 120 * (tile * tile + 256));
  CHECK(statistics.requests == 40);
  CHECK(statistics.bytes_received == 39 * tile * tile);
  CHECK(statistics.chunks == 40);
  CHECK(statistics.missing == 1);
  CHECK(statistics.cache_hits == 20);
  CHECK(statistics.bytes >= 39 * tile * tile);
  CHECK(statistics.evictions == 0);
  fixture.pool->clear();
  statistics = fixture.pool->statistics();
  CHECK(statistics.chunks == 0);
  CHECK(statistics.bytes == 0);
  CHECK(statistics.requests == 40);
  check_read(fixture, *reader, slice(0));
  CHECK(fixture.pool->statistics().requests == 60);
}

TEST_CASE("a prefetch over more chunks than there is memory for takes no memory", "[read]") {
  constexpr std::int64_t across = std::int64_t{1} << 40;
  Fixture fixture(DType::uint8, {1, 1, 1}, {1, 1, 1}, 4000);
  struct Endless final : ChunkStore {
    Shape3 whole{4, 4, across}, one{1, 1, 1};
    [[nodiscard]] DType dtype() const noexcept override { return DType::uint8; }
    [[nodiscard]] const Shape3& shape() const noexcept override { return whole; }
    [[nodiscard]] const Shape3& chunk_shape() const noexcept override { return one; }
    [[nodiscard]] ByteRequest request(const Index3&) const override { return {.key = url_of({0, 0, 0})}; }
    [[nodiscard]] std::string describe(const Index3&) const override { return "one"; }
    void decode(const Index3&, std::span<const std::byte>, const Box&, const StridedBytes&) const override {}
  };
  const auto store = std::make_shared<Endless>();
  const ChunkOrigin origin{.store = store, .source = make_http_source({.transport = fixture.transport}), .data = "e"};
  const auto prefetcher = std::make_shared<Prefetcher>(origin, fixture.pool);
  const auto reader = make_chunk_reader({.level = 0,
                                         .geometry = LevelGeometry(StackFrame{}, {1, 1, 1}, store->shape()),
                                         .broken = {},
                                         .origin = origin,
                                         .pool = fixture.pool,
                                         .prefetcher = prefetcher,
                                         .at_level = {}});
  reader->prefetch(box(0, 4, 0, 4, 0, across), {});
  fixture.transport->settle();
  CHECK(fixture.transport->requests() > 3);
  CHECK(fixture.transport->requests() < 100);  // what a quarter of the cache holds
}
