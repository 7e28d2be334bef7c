#include <algorithm>
#include <array>
#include <atomic>
#include <catvox/core/error.hpp>
#include <chrono>
#include <future>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "read/array_fixture.hpp"
#include "support/catch.hpp"

using namespace catvox;
using namespace catvox::detail;
using namespace catvox::test;
using namespace std::chrono_literals;

TEST_CASE("any selection of any type gives the voxels that indexing gives", "[read]") {
  const auto dtype = GENERATE(DType::uint8, DType::int16, DType::float32, DType::uint64);
  const auto chunk_shape = GENERATE(Shape3{1, 8, 10}, Shape3{3, 5, 7}, Shape3{7, 23, 31}, Shape3{16, 64, 64});
  const auto cache_bytes = GENERATE(std::size_t{0}, std::size_t{1} << 20);  // without: windows, decoded in place or not
  CAPTURE(name(dtype), chunk_shape, cache_bytes);
  Fixture fixture(dtype, {7, 23, 31}, chunk_shape, cache_bytes);
  const auto reader = fixture.reader();
  std::mt19937 random(3);
  for (int round = 0; round < 60; ++round) {
    Selection3 selection;
    for (std::size_t axis = 0; axis < 3; ++axis) {
      const auto extent = fixture.store->shape()[axis];
      const auto start = static_cast<std::int64_t>(random() % static_cast<unsigned>(extent));
      constexpr std::int64_t steps[] = {1, 1, 1, 2, 3, 11, -1, -2, -5};
      const auto step = steps[random() % std::size(steps)];
      const auto most = step > 0 ? (extent - 1 - start) / step + 1 : start / -step + 1;
      selection[axis] = {start, step, 1 + static_cast<std::int64_t>(random() % static_cast<unsigned>(most))};
    }
    CAPTURE(round, selection[0].start, selection[0].step, selection[0].count, selection[1].start, selection[1].step,
            selection[1].count, selection[2].start, selection[2].step, selection[2].count);
    REQUIRE(read(*reader, selection) == expected(*fixture.store, selection));
  }
}

TEST_CASE("boxes that end next to chunk borders are exact", "[read]") {
  Fixture fixture;  // chunks of 8 x 10
  const auto reader = fixture.reader();
  for (const std::int64_t y : {7, 8, 9, 15, 16, 17, 22}) {
    for (const std::int64_t x : {9, 10, 11, 19, 20, 21, 30}) {
      CAPTURE(y, x);
      for (const Selection3& selection :
           {box(2, 4, 0, y, 0, x), box(2, 4, y, 23, x, 31), box(2, 4, y, y + 1, x, x + 1)}) {
        CHECK(read(*reader, selection) == expected(*fixture.store, selection));
      }
    }
  }
}

TEST_CASE("voxels go where the strides say and nowhere else", "[read]") {
  const auto dtype = GENERATE(DType::uint8, DType::uint32);
  Fixture fixture(dtype, {7, 23, 31}, {3, 5, 7});
  const auto reader = fixture.reader();
  const Selection3 selection = box(1, 6, 3, 20, 2, 29);
  const auto plain = expected(*fixture.store, selection);
  const auto item = static_cast<std::int64_t>(item_size(dtype));
  const std::int64_t nz = 5, ny = 17, nx = 27;
  // Transposed to (x, z, y), reversed along y, inside a larger array.
  const std::int64_t sy = -item, sz = 20 * item, sx = 6 * 20 * item;
  std::vector<std::byte> out(static_cast<std::size_t>(28 * sx), std::byte{0xAA});
  const std::int64_t origin = (ny - 1 + 2) * item;
  reader->read(selection, {out.data() + origin, {sz, sy, sx}}, {});
  std::set<std::int64_t> written;
  for (std::int64_t z = 0; z < nz; ++z) {
    for (std::int64_t y = 0; y < ny; ++y) {
      for (std::int64_t x = 0; x < nx; ++x) {
        const auto at = origin + z * sz + y * sy + x * sx;
        const auto from = ((z * ny + y) * nx + x) * item;
        for (std::int64_t i = 0; i < item; ++i) {
          written.insert(at + i);
          REQUIRE(out[static_cast<std::size_t>(at + i)] == plain[static_cast<std::size_t>(from + i)]);
        }
      }
    }
  }
  for (std::int64_t i = 0; i < static_cast<std::int64_t>(out.size()); ++i) {
    if (!written.contains(i)) REQUIRE(out[static_cast<std::size_t>(i)] == std::byte{0xAA});
  }
}

TEST_CASE("each chunk that a box meets is requested once and no other", "[read]") {
  Fixture fixture;
  ReadStatistics statistics;
  read(*fixture.reader(), box(1, 5, 7, 9, 9, 21), &statistics);
  std::multiset<std::string> wanted;
  for (int z = 1; z < 5; ++z) {
    for (int y = 0; y < 2; ++y) {
      for (int x = 0; x < 3; ++x) wanted.insert(url_of({z, y, x}));
    }
  }
  const auto urls = fixture.transport->urls();
  CHECK(std::multiset<std::string>(urls.begin(), urls.end()) == wanted);
  CHECK(statistics.chunks == 24);
  CHECK(statistics.requests == 24);
  CHECK(statistics.retries == 0);
  CHECK(statistics.missing == 0);
  CHECK(statistics.cache_hits == 0);
  CHECK(statistics.bytes_received == 24 * 80);
}

TEST_CASE("an empty selection asks for nothing", "[read]") {
  Fixture fixture;
  CHECK(read(*fixture.reader(), box(0, 0, 0, 5, 0, 5)).empty());
  CHECK(fixture.transport->requests() == 0);
}

TEST_CASE("a broken slice costs no request of its own", "[read]") {
  Fixture fixture;
  const auto reader = fixture.reader(BrokenSlices({{2, 1}, {3, 1}}, 7, BrokenSlicePolicy::nearest));
  const auto got = read(*reader, box(0, 5, 0, 23, 0, 31));
  CHECK(fixture.transport->requests() == 3 * 12);  // slices 0, 1 and 4, each of 3 x 4 tiles
  const std::size_t slice = 23 * 31;
  for (const auto& [z, source] : std::vector<std::pair<int, int>>{{0, 0}, {1, 1}, {2, 1}, {3, 4}, {4, 4}}) {
    CAPTURE(z);
    const auto plane = expected(*fixture.store, box(source, source + 1, 0, 23, 0, 31));
    CHECK(std::equal(plane.begin(), plane.end(),
                     got.begin() + static_cast<std::ptrdiff_t>(static_cast<std::size_t>(z) * slice)));
  }
}

TEST_CASE("broken slices are filled where that is asked for", "[read]") {
  Fixture fixture;
  const auto reader = fixture.reader(BrokenSlices({{1, 1}}, 7, BrokenSlicePolicy::fill));
  const auto got = read(*reader, box(1, 2, 0, 23, 0, 31));
  CHECK(std::all_of(got.begin(), got.end(), [](std::byte b) { return b == std::byte{0}; }));
  CHECK(fixture.transport->requests() == 0);
}

TEST_CASE("missing chunks are zero, and known to be missing afterwards", "[read]") {
  const int status = GENERATE(404, 410, 204);
  Fixture fixture;
  fixture.scripted[url_of({2, 1, 1})] = {status, "<html>not here</html>"};
  const auto reader = fixture.reader();
  for (int round = 0; round < 2; ++round) {
    ReadStatistics statistics;
    const auto got = read(*reader, box(2, 3, 8, 16, 10, 20), &statistics);
    CHECK(std::all_of(got.begin(), got.end(), [](std::byte b) { return b == std::byte{0}; }));
    CHECK(statistics.missing == 1);
    CHECK(statistics.requests == (round == 0 ? 1 : 0));
  }
}

TEST_CASE("403 is an error, or missing where that is asked for", "[read]") {
  Fixture fixture;
  fixture.scripted[url_of({0, 0, 0})] = {403, ""};
  CHECK_THROWS_WITH(read(*fixture.reader(), box(0, 1, 0, 4, 0, 4)),
                    "cannot fetch chunk 0/0/0 from mem:0/0/0: HTTP 403");
  fixture.forbidden_is_missing = true;
  CHECK(read(*fixture.reader(), box(0, 1, 0, 1, 0, 1)).at(0) == std::byte{0});
}

TEST_CASE("any other status is an error and never fill", "[read]") {
  const auto [status, code, text] = GENERATE(table<int, Errc, std::string>({
      {401, Errc::unauthorized, "HTTP 401 (a user and password are needed)"},
      {500, Errc::http_status, "HTTP 500"},
      {304, Errc::http_status, "HTTP 304"},
      {206, Errc::http_status, "HTTP 206"},
  }));
  Fixture fixture;
  fixture.scripted[url_of({0, 0, 0})] = {status, ""};
  try {
    read(*fixture.reader(), box(0, 1, 0, 4, 0, 4));
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.code() == code);
    CHECK(error.what() == "cannot fetch chunk 0/0/0 from mem:0/0/0: " + text);
    CHECK(error.context().chunk == "chunk 0/0/0");
    CHECK(error.context().url == "mem:0/0/0");
  }
}

TEST_CASE("a chunk that does not decode is an error that names it", "[read]") {
  Fixture fixture;
  fixture.scripted[url_of({4, 1, 2})] = {200, "junk"};
  CHECK_THROWS_WITH(read(*fixture.reader(), box(0, 7, 0, 23, 0, 31)),
                    "cannot decode chunk 4/1/2 from mem:4/1/2: expected a whole chunk, got 4 bytes");
  // What could be read before is no worse for it.
  fixture.scripted.clear();
  CHECK(read(*fixture.reader(), box(0, 7, 0, 23, 0, 31)) == expected(*fixture.store, box(0, 7, 0, 23, 0, 31)));
}

TEST_CASE("views of one store share the cache", "[read]") {
  Fixture fixture;
  read(*fixture.reader(), box(0, 1, 0, 4, 0, 4));
  read(*fixture.reader(), box(0, 1, 2, 6, 2, 6));
  CHECK(fixture.transport->requests() == 1);
}

TEST_CASE("a reader without a cache fetches anew and decodes what it needs", "[read]") {
  Fixture fixture(DType::uint8, {7, 23, 31}, {1, 8, 10}, 0);
  const auto reader = fixture.reader();
  for (int round = 0; round < 2; ++round) {
    const Selection3 selection = box(0, 2, 3, 5, 3, 17);
    CHECK(read(*reader, selection) == expected(*fixture.store, selection));
    fixture.transport->settle();
  }
  CHECK(fixture.transport->requests() == 8);
}

TEST_CASE("concurrent reads share requests", "[read]") {
  Fixture fixture;
  const auto reader = fixture.reader();
  const Selection3 selection = box(0, 1, 0, 16, 0, 20);  // 2 x 2 chunks, whole: the cache plays no part
  fixture.transport->hold();
  std::vector<std::future<std::vector<std::byte>>> reads;
  for (int i = 0; i < 4; ++i) {
    reads.push_back(std::async(std::launch::async, [&] { return read(*reader, selection); }));
  }
  fixture.transport->wait_for_requests(4);
  std::this_thread::sleep_for(50ms);  // for the other reads to join
  fixture.transport->release();
  for (auto& future : reads) CHECK(future.get() == expected(*fixture.store, selection));
  CHECK(fixture.transport->requests() == 4);
}

TEST_CASE("many reads at once from many threads are right", "[read]") {
  Fixture fixture(DType::uint16, {7, 23, 31}, {3, 5, 7}, 4000);
  const auto reader = fixture.reader();
  std::vector<std::future<bool>> threads;
  for (unsigned seed = 0; seed < 6; ++seed) {
    threads.push_back(std::async(std::launch::async, [&, seed] {
      std::mt19937 random(seed);
      for (int round = 0; round < 50; ++round) {
        const auto z = static_cast<std::int64_t>(random() % 6);
        const auto y = static_cast<std::int64_t>(random() % 20);
        const auto x = static_cast<std::int64_t>(random() % 28);
        const Selection3 selection = box(z, 7, y, 23, x, 31);
        if (read(*reader, selection) != expected(*fixture.store, selection)) return false;
      }
      return true;
    }));
  }
  for (auto& thread : threads) CHECK(thread.get());
}

TEST_CASE("a stopped read ends at once and takes its transfers with it", "[read]") {
  Fixture fixture;
  const auto reader = fixture.reader();
  fixture.transport->hold();
  std::stop_source stop;
  std::jthread stopper([&] {
    fixture.transport->wait_for_requests(8);
    stop.request_stop();
  });
  try {
    read(*reader, box(0, 7, 0, 23, 0, 31), nullptr, {.stop = stop.get_token()});
    FAIL("not stopped");
  } catch (const Error& error) {
    CHECK(error.code() == Errc::cancelled);
    CHECK(std::string(error.what()) == "the read was cancelled");
  }
  CHECK(fixture.transport->cancelled() == fixture.transport->requests());
  CHECK(fixture.transport->requests() == 8);  // twice the transport's concurrency, not all 84
}

TEST_CASE("a read that was stopped before it began asks for little and throws", "[read]") {
  Fixture fixture;
  std::stop_source stop;
  stop.request_stop();
  fixture.transport->hold();
  CHECK_THROWS_WITH(read(*fixture.reader(), box(0, 7, 0, 23, 0, 31), nullptr, {.stop = stop.get_token()}),
                    "the read was cancelled");
}

TEST_CASE("stopping one of two reads of a chunk leaves the other its transfer", "[read]") {
  Fixture fixture;
  const auto reader = fixture.reader();
  const Selection3 selection = box(0, 1, 0, 8, 0, 10);
  fixture.transport->hold();
  std::stop_source stop;
  auto first =
      std::async(std::launch::async, [&] { return read(*reader, selection, nullptr, {.stop = stop.get_token()}); });
  fixture.transport->wait_for_requests(1);
  auto second = std::async(std::launch::async, [&] { return read(*reader, selection); });
  std::this_thread::sleep_for(50ms);  // for it to join
  stop.request_stop();
  CHECK_THROWS_AS(first.get(), Error);
  fixture.transport->release();
  CHECK(second.get() == expected(*fixture.store, selection));
  CHECK(fixture.transport->requests() == 1);
}

TEST_CASE("the first failure ends the read and cancels the rest", "[read]") {
  Fixture fixture;
  fixture.scripted[url_of({0, 0, 0})] = {500, ""};
  const auto reader = fixture.reader();
  CHECK_THROWS_AS(read(*reader, box(0, 7, 0, 23, 0, 31)), Error);
  CHECK(fixture.transport->requests() < 84);
}

TEST_CASE("progress counts up to the end", "[read]") {
  Fixture fixture;
  std::vector<Progress> reports;
  const auto caller = std::this_thread::get_id();
  bool elsewhere = false;
  read(*fixture.reader(), box(0, 7, 0, 23, 0, 31), nullptr, {.progress = [&](const Progress& progress) {
    elsewhere = elsewhere || std::this_thread::get_id() != caller;
    reports.push_back(progress);
  }});
  REQUIRE_FALSE(reports.empty());
  CHECK_FALSE(elsewhere);
  CHECK(std::is_sorted(reports.begin(), reports.end(),
                       [](const Progress& a, const Progress& b) { return a.chunks_done < b.chunks_done; }));
  CHECK(reports.back().chunks_done == 84);
  CHECK(reports.back().chunks_total == 84);
  CHECK(reports.back().bytes_received == 84 * 80);
}

TEST_CASE("an exception of the progress function ends the read and is passed on", "[read]") {
  Fixture fixture;
  fixture.transport->hold();
  CHECK_THROWS_AS(read(*fixture.reader(), box(0, 7, 0, 23, 0, 31), nullptr,
                       {.progress = [](const Progress&) { throw std::out_of_range("enough"); }}),
                  std::out_of_range);
  CHECK(fixture.transport->cancelled() == fixture.transport->requests());
}

TEST_CASE("a selection that leaves the level is refused", "[read]") {
  Fixture fixture;
  const auto [selection, text] = GENERATE(table<Selection3, std::string>({
      {box(0, 8, 0, 1, 0, 1), "the selection leaves the level on the slice axis: start 0, step 1, count 8 of 7"},
      {box(0, 1, 20, 24, 0, 1), "the selection leaves the level on the row axis: start 20, step 1, count 4 of 23"},
      {Selection3{AxisSelection{0, 1, 1}, {0, 1, 1}, {5, -3, 3}},
       "the selection leaves the level on the column axis: start 5, step -3, count 3 of 31"},
      {Selection3{AxisSelection{0, 1, 1}, {0, 1, 1}, {0, std::int64_t{1} << 62, 3}},
       "the selection leaves the level on the column axis: start 0, step 4611686018427387904, count 3 of 31"},
      {Selection3{AxisSelection{0, 1, 1}, {0, 1, 1}, {0, 0, 3}},
       "the selection leaves the level on the column axis: start 0, step 0, count 3 of 31"},
  }));
  const auto reader = fixture.reader();
  CHECK_THROWS_WITH(reader->read(selection, {}, {}), text);
}

TEST_CASE("a read returns when no thread uses its reader any more", "[read]") {
  Fixture fixture;
  // The last chunk is asked for on a transport's thread, which goes on after another thread has delivered it.
  std::atomic<int> asking = 0;
  fixture.transport->before_start_returns = [&] {
    ++asking;
    std::this_thread::sleep_for(5ms);
    --asking;
  };
  for (int round = 0; round < 5; ++round) {
    auto reader = fixture.reader();
    const Selection3 selection = box(0, 1, 0, 23, 0, 31);  // 12 chunks, 8 under way at a time
    CHECK(read(*reader, selection) == expected(*fixture.store, selection));
    CHECK(asking == 0);
    reader.reset();
    fixture.transport->settle();
    fixture.pool = std::make_shared<ChunkPool>(0);
    fixture.prefetcher.reset();
  }
}
