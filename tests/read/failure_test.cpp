// Failures that are nobody's Error: exceptions of other types, no memory, another process.

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <catvox/core/error.hpp>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "read/array_fixture.hpp"
#include "support/catch.hpp"
#include "support/scripted_source.hpp"

using namespace catvox;
using namespace catvox::detail;
using namespace catvox::test;

namespace {

// Throws what it is told to when it is asked for anything, on the thread that asks.
class ThrowingSource final : public ByteSource {
 public:
  explicit ThrowingSource(std::function<void()> thrower) : thrower_(std::move(thrower)) {}
  ReadId read(ByteRequest, std::shared_ptr<ByteHandler>) override {
    thrower_();
    return 0;
  }
  ReadId deliver(ByteRequest, ByteResult, std::shared_ptr<ByteHandler>) override { return 0; }
  void cancel(ReadId) noexcept override {}
  [[nodiscard]] int concurrency() const noexcept override { return 4; }

 private:
  const std::function<void()> thrower_;
};

std::string error_of_read(Fixture& fixture) {
  try {
    read(*fixture.reader(), box(0, 7, 0, 23, 0, 31));
    return "none";
  } catch (const Error& error) {
    return error.what();
  }
}

}  // namespace

TEST_CASE("whatever a store throws ends the read with an Error", "[read]") {
  const auto [thrower, text] = GENERATE(table<std::function<void()>, std::string>({
      {[] { throw std::bad_alloc(); }, "cannot decode chunk 0/0/0 from mem:0/0/0: not enough memory"},
      {[] { throw std::out_of_range("beyond"); }, "cannot fetch chunk 0/0/0 from mem:0/0/0: beyond"},
      {[] { throw 7; }, "cannot fetch chunk 0/0/0 from mem:0/0/0: an exception that is no std::exception"},
  }));
  Fixture fixture;
  fixture.store->before_decode = [&, thrower = thrower](const Box&) { thrower(); };
  const auto reader = fixture.reader();
  for (int round = 0; round < 3; ++round) {
    CHECK_THROWS_WITH(read(*reader, box(0, 1, 0, 8, 0, 10)), text);
    fixture.transport->settle();
  }
  fixture.store->before_decode = nullptr;
  CHECK(read(*reader, box(0, 7, 0, 23, 0, 31)) == expected(*fixture.store, box(0, 7, 0, 23, 0, 31)));
}

TEST_CASE("whatever a source throws ends the read with an Error", "[read]") {
  const auto [thrower, text] = GENERATE(table<std::function<void()>, std::string>({
      {[] { throw std::bad_alloc(); }, "cannot fetch chunk 0/0/0: not enough memory"},
      {[] { throw std::runtime_error("no thread"); }, "cannot fetch chunk 0/0/0: no thread"},
      {[] { throw Error(Errc::refused, "not here"); }, "cannot fetch chunk 0/0/0: not here"},
  }));
  Fixture fixture;
  fixture.source = std::make_shared<ThrowingSource>(thrower);
  CHECK(error_of_read(fixture) == text);
  fixture.reader()->prefetch(box(0, 7, 0, 23, 0, 31), {});  // a prefetch forgets it
  CHECK(error_of_read(fixture) == text);
}

TEST_CASE("a chunk that does not decode is not fetched again for a consumer that was stopped", "[read]") {
  // Wants chunk (0, 0, 0), and is stopped while that is decoded.
  class Consumer final : public ChunkConsumer {
   public:
    [[nodiscard]] Purpose purpose() const noexcept override { return Purpose::read; }
    [[nodiscard]] ChunkPart part(std::int64_t) const override {
      return {.of = plan_.part(0), .out = {out_.data(), {80, 10, 1}}, .item = 1};
    }
    [[nodiscard]] std::int64_t parts() const noexcept override { return 1; }
    [[nodiscard]] std::uint64_t id() const noexcept override { return 1; }
    [[nodiscard]] bool stopped() const noexcept override { return stop; }
    void decoding() noexcept override {}
    void decoding_failed() noexcept override {}
    void finished(std::int64_t, const ChunkCost&, bool) noexcept override { ended = "finished"; }
    void failed(std::int64_t, const Error&) noexcept override { ended = "failed"; }
    void dropped(std::int64_t) noexcept override { ended = "dropped"; }

    std::atomic<bool> stop = false;
    std::atomic<const char*> ended = "not";

   private:
    ReadPlan plan_{box(0, 1, 0, 8, 0, 10), {1, 8, 10}, 7, BrokenSlices(), 1};
    mutable std::vector<std::byte> out_ = std::vector<std::byte>(80);
  };
  Fixture fixture;
  std::atomic<int> requests = 0;
  auto source = std::make_shared<ScriptedSource>(
      [&](const ByteRequest& request) {
        ++requests;
        ByteResult result;
        const std::string body = fixture.store->encoded(chunk_of(request.key));
        result.body.append(std::as_bytes(std::span(body)));
        return result;
      },
      1, 1, 5);
  ChunkOrigin origin{.store = fixture.store, .source = source, .data = "volume"};
  fixture.pool->enlist(origin);
  const auto consumer = std::make_shared<Consumer>();
  const auto [stops, expected_requests, end] =
      GENERATE(table<bool, int, std::string>({{true, 1, "dropped"}, {false, 5, "failed"}}));
  fixture.store->before_decode = [&, stop = stops](const Box&) {
    consumer->stop = stop;
    throw Error(Errc::corrupt_data, "damaged");
  };
  fixture.pool->get(origin, consumer, 0);
  while (std::string(consumer->ended) == "not") std::this_thread::yield();
  origin.source.reset();
  source.reset();  // its thread has ended
  CHECK(requests == expected_requests);
  CHECK(std::string(consumer->ended) == end);
}

TEST_CASE("a forked child gets an Error at once", "[read]") {
  Fixture fixture;
  const auto reader = fixture.reader();
  fixture.transport->hold();
  reader->prefetch(box(0, 7, 0, 23, 0, 31), {});
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    alarm(20);  // a child that hangs ends by a signal
    int failed = 0;
    constexpr const char* text =
        "this stack was opened before the process was forked, and its threads stayed behind: open it anew, with a new "
        "client, in the child process";
    for (int round = 0; round < 2; ++round) {
      try {
        std::vector<std::byte> out(23 * 31);
        reader->read(box(0, 1, 0, 23, 0, 31), {out.data(), {23 * 31, 31, 1}}, {});
        failed |= 1;
      } catch (const Error& error) {
        if (error.what() != std::string(text)) failed |= 2;
      }
      try {
        reader->prefetch(box(0, 1, 0, 23, 0, 31), {});
        failed |= 4;
      } catch (const Error& error) {
        if (error.what() != std::string(text)) failed |= 8;
      }
    }
    fixture.prefetcher.reset();
    _exit(failed);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  fixture.transport->release();
  CHECK(read(*reader, box(0, 7, 0, 23, 0, 31)) == expected(*fixture.store, box(0, 7, 0, 23, 0, 31)));
}
