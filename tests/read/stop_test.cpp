// Stop tokens that fire while what they stop is going: each case is short, and repeated because it is a race.

#include <atomic>
#include <memory>
#include <stop_token>
#include <thread>

#include "read/array_fixture.hpp"
#include "support/catch.hpp"

using namespace catvox;
using namespace catvox::test;

namespace {

// Runs both at the same moment, as far as that can be had.
template <class F, class G>
void at_once(F&& f, G&& g) {
  std::atomic<int> ready = 0;
  const auto meet = [&] {
    ++ready;
    while (ready < 2) std::this_thread::yield();
  };
  std::jthread other([&] {
    meet();
    f();
  });
  meet();
  g();
}

}  // namespace

TEST_CASE("a token may fire while the last view goes", "[read]") {
  Fixture fixture;
  const bool held = GENERATE(true, false);
  for (int round = 0; round < 300; ++round) {
    if (held) fixture.transport->hold();
    std::stop_source stop;
    auto reader = fixture.reader();
    reader->prefetch(box(0, 7, 0, 23, 0, 31), stop.get_token());
    at_once([&] { stop.request_stop(); },
            [&] {
              reader.reset();
              fixture.prefetcher.reset();
            });
    fixture.transport->release();
    fixture.pool = std::make_shared<ChunkPool>(1 << 20);
  }
}

TEST_CASE("a token may fire while another prefetch begins", "[read]") {
  Fixture fixture;
  const auto reader = fixture.reader();
  for (int round = 0; round < 300; ++round) {
    std::stop_source stop;
    reader->prefetch(box(0, 7, 0, 23, 0, 31), stop.get_token());
    at_once([&] { stop.request_stop(); }, [&] { reader->prefetch(box(round % 7, 7, 0, 8, 0, 10), {}); });
  }
}

TEST_CASE("a token may fire while a walk goes on and ends", "[read]") {
  Fixture fixture;
  for (int round = 0; round < 100; ++round) {
    fixture.pool = std::make_shared<ChunkPool>(1 << 20);
    auto reader = fixture.reader();
    std::stop_source stop;
    at_once([&] { stop.request_stop(); },
            [&] {
              try {
                for (std::int64_t x = 0; x + 6 <= 31; x += 2) {
                  read(*reader, box(0, 2, 0, 8, x, x + 6), nullptr, {.stop = stop.get_token()});
                }
              } catch (const Error& error) {
                CHECK(error.code() == Errc::cancelled);
              }
              reader.reset();
              fixture.prefetcher.reset();
            });
  }
}
