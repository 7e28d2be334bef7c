// What every ByteSource must do.

#include <atomic>
#include <catvox/bytes/byte_source.hpp>
#include <catvox/core/error.hpp>
#include <cstddef>
#include <memory>
#include <new>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "bytes/read_now.hpp"
#include "recorder.hpp"
#include "sources.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"

using namespace catvox;
using test::buffer;
using test::Gate;
using test::Recorder;
using test::text;
using Notes = std::vector<std::string>;

namespace {

std::unique_ptr<test::SourceCase> each_source(int threads = 2) {
  const auto names = test::source_names();
  const auto name = names[static_cast<std::size_t>(GENERATE(range(0, static_cast<int>(test::source_names().size()))))];
  UNSCOPED_INFO("source: " << name);
  return test::make_source_case(name, threads);
}

ByteResult known_bytes(const std::string& content) {
  ByteResult known;
  known.body = buffer(content);
  return known;
}

}  // namespace

TEST_CASE("a source gives an object's bytes, or says that it is not there", "[byte_source]") {
  const auto tested = each_source();
  const auto key = tested->put("1", "voxels");
  const ByteResult found = detail::read_now(*tested->source, {.key = key});
  CHECK(found.state == ByteResult::State::present);
  CHECK(text(found.body) == "voxels");
  CHECK(found.attempts == 1);
  CHECK(found.url.starts_with(tested->scheme()));
  const ByteResult none = detail::read_now(*tested->source, {.key = tested->missing_key()});
  CHECK(none.state == ByteResult::State::missing);
  CHECK(none.body.size() == 0);
  CHECK(text(detail::read_now(*tested->source, {.key = tested->put("2", "")}).body).empty());
}

TEST_CASE("a source gives what there is of a range", "[byte_source]") {
  const auto tested = each_source();
  if (!tested->has_ranges()) return;
  const auto key = tested->put("1", "0123456789");
  const auto [begin, size, expected] = GENERATE(table<std::uint64_t, std::uint64_t, std::string>({
      {0, 1, "0"},
      {0, 10, "0123456789"},
      {3, 4, "3456"},
      {9, 1, "9"},
      {8, 5, "89"},  // it ends before the range does
      {10, 1, ""},   // it ends where the range begins
      {11, 4, ""},
      {99'000, 1, ""},
      {2, 50'000, "23456789"},
  }));
  CAPTURE(begin, size);
  const auto result = detail::read_now(*tested->source, {.key = key, .range = ByteRange{begin, size}});
  CHECK(text(result.body) == expected);
  CHECK(detail::read_now(*tested->source, {.key = tested->missing_key(), .range = ByteRange{begin, size}}).missing());
  const Error error = test::error_of([&] {
    detail::read_now(*tested->source, {.key = key, .range = ByteRange{begin, 0}});
  });
  CHECK(error.code() == Errc::invalid_argument);
  CHECK(std::string(error.what()) == "an empty range is asked for");
}

TEST_CASE("an answer larger than asked for is an error", "[byte_source]") {
  const auto tested = each_source();
  const auto key = tested->put("1", std::string(1000, 'v'));
  const auto code_of = [&](ByteRequest request) {
    return test::error_of([&] { detail::read_now(*tested->source, std::move(request)); }).code();
  };
  CHECK(code_of({.key = key, .max_bytes = 999}) == Errc::too_large);
  CHECK(detail::read_now(*tested->source, {.key = key, .max_bytes = 1000}).body.size() == 1000);
  CHECK(code_of({.key = tested->put("2", std::string(100'001, 'v'))}) == Errc::too_large);
}

TEST_CASE("bytes that are known already are handed over without a read", "[byte_source]") {
  const auto tested = each_source();
  const auto recorder = std::make_shared<Recorder>([](const ByteResult& result) { CHECK(result.attempts == 0); });
  tested->source->deliver({.key = tested->missing_key()}, known_bytes("known"), recorder);
  CHECK(recorder->wait() == Notes{"known"});
}

TEST_CASE("that there is nothing can be known already", "[byte_source]") {
  const auto tested = each_source();
  const auto recorder = std::make_shared<Recorder>();
  ByteResult known;
  known.state = ByteResult::State::missing;
  tested->source->deliver({.key = tested->put("1", "voxels")}, std::move(known), recorder);
  CHECK(recorder->wait() == Notes{"(missing)"});
}

TEST_CASE("known bytes that do not decode are read after all", "[byte_source]") {
  const auto tested = each_source();
  const auto recorder = std::make_shared<Recorder>([](const ByteResult& result) {
    if (text(result.body) == "known") throw Error(Errc::corrupt_data, "no image");
    CHECK(result.attempts == 1);
  });
  tested->source->deliver({.key = tested->put("1", "voxels")}, known_bytes("known"), recorder);
  CHECK(recorder->wait() == Notes{"known", "voxels"});
}

TEST_CASE("bytes that do not decode are asked for again where that may help", "[byte_source]") {
  const auto tested = each_source();
  const auto key = tested->put("1", "voxels");
  SECTION("and decode in the end") {
    std::atomic<int> looks = 0;
    const auto recorder = std::make_shared<Recorder>([&](const ByteResult&) {
      if (++looks == 1) throw Error(Errc::corrupt_data, "no image");
    });
    tested->source->read({.key = key}, recorder);
    CHECK(recorder->wait() ==
          (tested->fetches_again() ? Notes{"voxels", "voxels"} : Notes{"voxels", "error: no image"}));
  }
  SECTION("or never do") {
    const auto recorder =
        std::make_shared<Recorder>([](const ByteResult&) { throw Error(Errc::corrupt_data, "no image"); });
    tested->source->read({.key = key}, recorder);
    const auto notes = recorder->wait();
    CHECK(notes.back() == "error: no image");
    CHECK(notes.size() == (tested->fetches_again() ? 4 : 2));
    CHECK(recorder->error().code() == Errc::corrupt_data);
    CHECK(recorder->error().context().attempts == (tested->fetches_again() ? 3 : 1));
    CHECK_FALSE(recorder->error().context().url.empty());
  }
}

TEST_CASE("whatever a handler throws ends its read, and only that", "[byte_source]") {
  const auto tested = each_source();
  const auto key = tested->put("1", "voxels");
  const auto [thrown, code, expected] = GENERATE(table<int, Errc, std::string>({
      {0, Errc::unsupported, "error: no such image"},
      {1, Errc::too_large, "error: not enough memory"},
      {2, Errc::io, "error: a bug"},
      {3, Errc::io, "error: an exception that is no std::exception"},
  }));
  CAPTURE(thrown);
  const auto recorder = std::make_shared<Recorder>([what = thrown](const ByteResult&) {
    if (what == 0) throw Error(Errc::unsupported, "no such image");
    if (what == 1) throw std::bad_alloc();
    if (what == 2) throw std::runtime_error("a bug");
    throw 3;
  });
  tested->source->read({.key = key}, recorder);
  CHECK(recorder->wait() == Notes{"voxels", expected});
  CHECK(recorder->error().code() == code);
  const auto delivered = std::make_shared<Recorder>([what = thrown](const ByteResult&) {
    if (what == 0) throw Error(Errc::unsupported, "no such image");
    if (what == 1) throw std::bad_alloc();
    if (what == 2) throw std::runtime_error("a bug");
    throw 3;
  });
  tested->source->deliver({.key = key}, known_bytes("known"), delivered);
  CHECK(delivered->wait() == Notes{"known", expected});
  CHECK(text(detail::read_now(*tested->source, {.key = key}).body) == "voxels");
}

TEST_CASE("a handler may read on", "[byte_source]") {
  const auto tested = each_source();
  const auto first = tested->put("1", "first");
  const auto second = tested->put("2", "second");
  const auto later = std::make_shared<Recorder>();
  const auto recorder =
      std::make_shared<Recorder>([&](const ByteResult&) { tested->source->read({.key = second}, later); });
  tested->source->read({.key = first}, recorder);
  CHECK(recorder->wait() == Notes{"first"});
  CHECK(later->wait() == Notes{"second"});
}

TEST_CASE("a handler may keep the body", "[byte_source]") {
  const auto tested = each_source();
  const auto key = tested->put("1", "voxels");
  Buffer kept;
  const auto recorder = std::make_shared<Recorder>([&](ByteResult& result) { kept = std::move(result.body); });
  tested->source->read({.key = key}, recorder);
  (void)recorder->wait();
  CHECK(text(kept) == "voxels");
  CHECK(text(detail::read_now(*tested->source, {.key = key}).body) == "voxels");
}

TEST_CASE("no handler starts after its read was cancelled", "[byte_source]") {
  const auto tested = each_source(1);
  const auto key = tested->put("1", "voxels");
  Gate gate;
  const auto blocking = std::make_shared<Recorder>([&](const ByteResult&) { gate.pass(); });
  tested->source->read({.key = key}, blocking);
  gate.wait_for(1);  // no thread is left
  const auto cancelled = std::make_shared<Recorder>();
  const auto other = std::make_shared<Recorder>();
  std::vector<ByteSource::ReadId> ids;
  for (int i = 0; i < 20; ++i) {
    ids.push_back(tested->source->read({.key = key}, cancelled));
    ids.push_back(tested->source->deliver({.key = key}, known_bytes("known"), cancelled));
  }
  tested->source->read({.key = key}, other);
  for (const auto id : ids) tested->source->cancel(id);
  tested->source->cancel(12'345'678);  // no such read
  gate.open();
  CHECK(other->wait() == Notes{"voxels"});
  (void)blocking->wait();
  for (const auto id : ids) tested->source->cancel(id);
  CHECK(text(detail::read_now(*tested->source, {.key = key}).body) == "voxels");
  tested->close();
  CHECK(cancelled->notes().empty());
}

TEST_CASE("a read that is cancelled while its handler runs is not begun again", "[byte_source]") {
  const auto tested = each_source();
  const auto key = tested->put("1", "voxels");
  Gate gate;
  const auto recorder = std::make_shared<Recorder>([&](const ByteResult&) {
    gate.pass();
    throw Error(Errc::corrupt_data, "no image");
  });
  ByteSource::ReadId id = 0;
  SECTION("of bytes that came") { id = tested->source->read({.key = key}, recorder); }
  SECTION("of known bytes") { id = tested->source->deliver({.key = key}, known_bytes("voxels"), recorder); }
  gate.wait_for(1);
  tested->source->cancel(id);
  gate.open();
  CHECK(text(detail::read_now(*tested->source, {.key = key}).body) == "voxels");
  tested->close();
  CHECK(recorder->notes() == Notes{"voxels"});
}

TEST_CASE("a source that goes ends what waits, and no handler runs afterwards", "[byte_source]") {
  const auto tested = each_source();
  const auto key = tested->put("1", "voxels");
  const auto recorder = std::make_shared<Recorder>();
  std::weak_ptr<Recorder> watched = recorder;
  for (int i = 0; i < 200; ++i) {
    tested->source->read({.key = key}, recorder);
    tested->source->deliver({.key = key}, known_bytes("voxels"), recorder);
  }
  tested->close();
  const auto ends = recorder->ends();
  CHECK(recorder.use_count() == 1);  // all that held it has gone
  CHECK(recorder->ends() == ends);
}

TEST_CASE("the last owner of a source may be one of its handlers", "[byte_source]") {
  const auto tested = each_source();
  const auto key = tested->put("1", "voxels");
  Gate gate;
  struct Owner {
    std::shared_ptr<ByteSource> source;
  };
  const auto owner = std::make_shared<Owner>();
  owner->source = tested->source;
  const auto recorder = std::make_shared<Recorder>([owner, &gate](const ByteResult&) {
    gate.pass();
    owner->source.reset();
  });
  owner->source->read({.key = key}, recorder);
  gate.wait_for(1);
  tested->source.reset();
  gate.open();
  CHECK(recorder->wait() == Notes{"voxels"});
}

TEST_CASE("each of many reads by many threads ends once, or was cancelled", "[byte_source]") {
  const auto tested = each_source();
  constexpr int threads = 4, reads = 200;
  std::vector<std::string> keys;
  for (int i = 0; i < 10; ++i) keys.push_back(tested->put(std::to_string(i + 1), "voxels " + std::to_string(i)));
  struct Tally {
    std::atomic<int> right = 0, wrong = 0, ends = 0, cancelled = 0;
  } tally;
  class Check final : public ByteHandler {
   public:
    Check(Tally& tally, std::string expected) : tally_(tally), expected_(std::move(expected)) {}
    void on_bytes(ByteResult& result) override { end(text(result.body) == expected_); }
    void on_error(const Error&) noexcept override { end(false); }

   private:
    void end(bool right) {
      ++(right ? tally_.right : tally_.wrong);
      ++tally_.ends;
      tally_.ends.notify_all();
    }
    Tally& tally_;
    const std::string expected_;
  };
  std::vector<std::thread> running;
  for (int t = 0; t < threads; ++t) {
    running.emplace_back([&, t] {
      for (int i = 0; i < reads; ++i) {
        const auto n = static_cast<std::size_t>((t + i) % 10);
        const auto check = std::make_shared<Check>(tally, "voxels " + std::to_string(n));
        const auto id =
            i % 3 == 0 ? tested->source->deliver({.key = keys[n]}, known_bytes("voxels " + std::to_string(n)), check)
                       : tested->source->read({.key = keys[n]}, check);
        if (i % 5 == 0) {
          tested->source->cancel(id);
          ++tally.cancelled;
        }
      }
    });
  }
  for (auto& thread : running) thread.join();
  constexpr int kept = threads * reads * 4 / 5;  // at least: some ended before they were cancelled
  for (int ends = tally.ends; ends < kept; ends = tally.ends) tally.ends.wait(ends);
  tested->close();
  CHECK(tally.wrong == 0);
  CHECK(tally.right == tally.ends);
  CHECK(tally.ends <= threads * reads);
}

TEST_CASE("a stop token ends a wait", "[byte_source]") {
  const auto tested = each_source(1);
  const auto key = tested->put("1", "voxels");
  std::stop_source stop;
  stop.request_stop();
  Gate gate;
  const auto blocking = std::make_shared<Recorder>([&](const ByteResult&) { gate.pass(); });
  tested->source->read({.key = key}, blocking);
  gate.wait_for(1);
  const Error error = test::error_of([&] { detail::read_now(*tested->source, {.key = key}, stop.get_token()); });
  CHECK(error.code() == Errc::cancelled);
  gate.open();
}
