// What RangeMerger does with reads of one batch. What every source must do it is tested for in byte_source_test.

#include "bytes/range_merger.hpp"

#include <algorithm>
#include <atomic>
#include <catvox/core/error.hpp>
#include <catvox/http/session.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "bytes/disk_cache_source.hpp"
#include "bytes/http_source.hpp"
#include "bytes/read_batch.hpp"
#include "bytes/read_now.hpp"
#include "recorder.hpp"
#include "support/catch.hpp"
#include "support/fault_server.hpp"
#include "support/http_server.hpp"
#include "support/scripted_source.hpp"
#include "support/temp_dir.hpp"

using namespace catvox;
using detail::make_range_merger;
using detail::ReadBatch;
using test::Recorder;
using test::text;
using Notes = std::vector<std::string>;
using Ranges = std::vector<std::string>;

namespace {

/// "0123456789ABCDEF…", by a source that notes what is asked of it.
class Object {
 public:
  /// \param size  of the object
  explicit Object(std::size_t size = 500'000, int attempts = 3) {
    for (std::size_t i = 0; i < size; ++i) content_ += static_cast<char>('a' + i % 26);
    behind_ = std::make_shared<test::ScriptedSource>([this](const ByteRequest& request) { return answer(request); }, 2,
                                                     8, attempts);
    source = make_range_merger(behind_);
  }

  [[nodiscard]] std::string at(std::uint64_t begin, std::uint64_t size) const {
    return begin < content_.size() ? content_.substr(begin, size) : "";
  }

  /// "key 10+5", sorted: of each request.
  [[nodiscard]] Ranges asked() const {
    const std::lock_guard lock(mutex_);
    Ranges sorted = asked_;
    std::sort(sorted.begin(), sorted.end());
    return sorted;
  }

  std::function<void(const ByteRequest&, ByteResult&)> change;  // before anything is read
  std::shared_ptr<ByteSource> source;

 private:
  ByteResult answer(const ByteRequest& request) {
    const auto [begin, size] = request.range.value_or(ByteRange{0, content_.size()});
    {
      const std::lock_guard lock(mutex_);
      asked_.push_back(request.key + " " + std::to_string(begin) + "+" + std::to_string(size) +
                       (request.past_caches ? " past caches" : ""));
    }
    ByteResult result;
    result.url = "http://h/" + request.key;
    result.body = test::buffer(at(begin, size));
    if (change) change(request, result);
    return result;
  }

  std::string content_;
  std::shared_ptr<test::ScriptedSource> behind_;
  mutable std::mutex mutex_;
  Ranges asked_;
};

ByteRequest range_of(std::uint64_t begin, std::uint64_t size, const std::string& key = "o") {
  return {.key = key, .range = ByteRange{begin, size}};
}

}  // namespace

TEST_CASE("ranges of one batch that lie together are read as one", "[range_merger]") {
  Object object;
  std::vector<std::pair<ByteRequest, std::shared_ptr<Recorder>>> reads;
  const std::vector<ByteRange> ranges{{300, 5}, {0, 10}, {10, 20}, {100'000, 7}, {30, 1}, {10, 20}, {200'000, 9}};
  {
    const ReadBatch together;
    for (const auto& [begin, size] : ranges) {
      reads.emplace_back(range_of(begin, size), std::make_shared<Recorder>());
      object.source->read(reads.back().first, reads.back().second);
    }
    reads.emplace_back(range_of(31, 4, "other"), std::make_shared<Recorder>());
    object.source->read(reads.back().first, reads.back().second);
    CHECK(object.asked().empty());
  }
  for (const auto& [request, recorder] : reads) {
    CHECK(recorder->wait() == Notes{object.at(request.range->begin, request.range->size)});
  }
  // From 305 to 100 000 there are more than 64 KiB.
  CHECK(object.asked() == Ranges{"o 0+305", "o 100000+7", "o 200000+9", "other 31+4"});
}

TEST_CASE("outside of a batch, and without a range, reads go on as they are", "[range_merger]") {
  Object object;
  CHECK(text(detail::read_now(*object.source, range_of(3, 4)).body) == object.at(3, 4));
  const auto recorder = std::make_shared<Recorder>();
  {
    const ReadBatch together;
    object.source->read({.key = "o"}, recorder);
    CHECK(recorder->wait() == Notes{object.at(0, 500'000)});  // at once
    {
      const ReadBatch inner;
      object.source->read(range_of(0, 1), recorder);
    }
    object.source->read(range_of(1, 1), recorder);
    CHECK(object.asked().size() == 2);  // what is asked for in an inner batch waits for the outer one
  }
  CHECK(recorder->wait(3).size() == 3);
  CHECK(object.asked() == Ranges{"o 0+2", "o 0+500000", "o 3+4"});
}

TEST_CASE("a part that does not decode is read by itself, and the others are not", "[range_merger]") {
  Object object;
  const auto good = std::make_shared<Recorder>();
  std::atomic<int> looks = 0;
  const auto bad = std::make_shared<Recorder>([&](const ByteResult& result) {
    CHECK(result.attempts == (looks == 0 ? 1 : 2));
    if (++looks == 1) throw Error(Errc::corrupt_data, "no image");
  });
  {
    const ReadBatch together;
    object.source->read(range_of(0, 2), good);
    object.source->read(range_of(2, 2), bad);
    object.source->read(range_of(4, 2), good);
  }
  CHECK(bad->wait() == Notes{"cd", "cd"});
  CHECK(good->wait(2) == Notes{"ab", "ef"});
  CHECK(object.asked() == Ranges{"o 0+6", "o 2+2 past caches"});
}

TEST_CASE("whatever a handler of a part throws ends that part alone", "[range_merger]") {
  Object object;
  const auto good = std::make_shared<Recorder>();
  const auto bad =
      std::make_shared<Recorder>([](const ByteResult&) { throw Error(Errc::unsupported, "no such image"); });
  const auto never = std::make_shared<Recorder>([](const ByteResult&) { throw Error(Errc::corrupt_data, "no image"); });
  {
    const ReadBatch together;
    object.source->read(range_of(0, 2), bad);
    object.source->read(range_of(2, 2), never);
    object.source->read(range_of(4, 2), good);
  }
  CHECK(bad->wait() == Notes{"ab", "error: no such image"});
  CHECK(bad->error().context().url == "http://h/o");
  CHECK(never->wait().back() == "error: no image");
  CHECK(never->error().context().attempts == 1 + 3);  // with the others, then three times alone
  CHECK(good->wait() == Notes{"ef"});
}

TEST_CASE("only the first part of a range counts its requests", "[range_merger]") {
  Object object;
  std::atomic<int> with_another = 0, attempts = 0;
  const auto recorder = std::make_shared<Recorder>([&](const ByteResult& result) {
    with_another += result.with_another ? 1 : 0;
    attempts += result.attempts;
  });
  {
    const ReadBatch together;
    for (std::uint64_t i = 0; i < 5; ++i) object.source->read(range_of(10 * i, 10), recorder);
  }
  (void)recorder->wait(5);
  CHECK(with_another == 4);
  CHECK(attempts == 5);
}

TEST_CASE("a range that is missing, or ends early, is that for each part", "[range_merger]") {
  Object object(100);
  const auto recorder = std::make_shared<Recorder>();
  SECTION("missing") {
    object.change = [](const ByteRequest&, ByteResult& result) {
      result.state = ByteResult::State::missing;
      result.body.clear();
    };
    {
      const ReadBatch together;
      object.source->read(range_of(0, 2), recorder);
      object.source->read(range_of(2, 2), recorder);
    }
    CHECK(recorder->wait(2) == Notes{"(missing)", "(missing)"});
  }
  SECTION("the object ends before the last part does") {
    {
      const ReadBatch together;
      object.source->read(range_of(90, 5), recorder);
      object.source->read(range_of(95, 10), recorder);
      object.source->read(range_of(105, 10), recorder);
    }
    CHECK(recorder->wait(3) == Notes{object.at(90, 5), object.at(95, 5), ""});
  }
}

TEST_CASE("a range that fails for its size leaves its parts to be read one by one", "[range_merger]") {
  Object object;
  const auto [code, alone] =
      GENERATE(table<Errc, bool>({{Errc::too_large, true}, {Errc::corrupt_data, true}, {Errc::connection, false}}));
  object.change = [code = code](const ByteRequest& request, ByteResult&) {
    if (request.range->size > 2) throw Error(code, "not so");
  };
  const auto recorder = std::make_shared<Recorder>();
  {
    const ReadBatch together;
    object.source->read(range_of(0, 2), recorder);
    object.source->read(range_of(2, 2), recorder);
  }
  auto notes = recorder->wait(2);
  std::sort(notes.begin(), notes.end());
  CHECK(notes == (alone ? Notes{"ab", "cd"} : Notes{"error: not so", "error: not so"}));
}

TEST_CASE("a part that was cancelled is left out, and all of them end the request", "[range_merger]") {
  Object object;
  test::Gate gate;
  const auto blocking = std::make_shared<Recorder>([&](const ByteResult&) { gate.pass(); });
  object.source->read(range_of(400'000, 1), blocking);
  object.source->read(range_of(400'001, 1), blocking);
  gate.wait_for(2);  // no thread is left
  const auto cancelled = std::make_shared<Recorder>();
  const auto kept = std::make_shared<Recorder>();
  std::vector<ByteSource::ReadId> held, under_way, all;
  {
    const ReadBatch together;
    held.push_back(object.source->read(range_of(0, 2), cancelled));
    under_way.push_back(object.source->read(range_of(2, 2), cancelled));
    object.source->read(range_of(4, 2), kept);
    all.push_back(object.source->read(range_of(200'000, 2), cancelled));
    all.push_back(object.source->read(range_of(200'002, 2), cancelled));
    for (const auto id : held) object.source->cancel(id);
  }
  for (const auto id : under_way) object.source->cancel(id);
  for (const auto id : all) object.source->cancel(id);
  for (const auto id : all) object.source->cancel(id);  // nothing is left of it
  gate.open();
  CHECK(kept->wait() == Notes{"ef"});
  CHECK(text(detail::read_now(*object.source, range_of(300'000, 1)).body) == object.at(300'000, 1));
  CHECK(object.asked() == Ranges{"o 2+4", "o 300000+1", "o 400000+1", "o 400001+1"});
  CHECK(cancelled->notes().empty());
}

TEST_CASE("what a source that has gone held back ends in silence", "[range_merger]") {
  const auto recorder = std::make_shared<Recorder>();
  {
    const ReadBatch together;
    Object object;
    object.source->read(range_of(0, 2), recorder);
    object.source->read(range_of(2, 2), recorder);
  }
  CHECK(recorder.use_count() == 1);
  CHECK(recorder->notes().empty());
}

TEST_CASE("over HTTP a range is merged with servers that cut it, and with servers that do not", "[range_merger]") {
  test::HttpServer server;
  server.add("/o", std::string(1000, 'a') + std::string(1000, 'b') + std::string(1000, 'c'));
  server.set_cuts_ranges(GENERATE(true, false));
  const HttpSession session;
  const auto source = make_range_merger(detail::make_http_source({.transport = session.transport()}));
  const auto recorder = std::make_shared<Recorder>();
  {
    const ReadBatch together;
    source->read(range_of(998, 4, server.url("/o")), recorder);
    source->read(range_of(1998, 4, server.url("/o")), recorder);
    source->read(range_of(2998, 4, server.url("/o")), recorder);
  }
  CHECK(recorder->wait(3) == Notes{"aabb", "bbcc", "cc"});
  REQUIRE(server.requests().size() == 1);
  CHECK(server.requests()[0].header("range") == "bytes=998-3001");
}

TEST_CASE("behind a disk cache what is not kept is merged, and each range is kept by itself",
          "[range_merger][disk_cache]") {
  test::HttpServer server;
  server.add("/o", std::string(1000, 'a') + std::string(1000, 'b') + std::string(1000, 'c'));
  const test::TempDir folder;
  HttpOptions options;
  options.threads = 2;
  options.disk_cache.folder = folder.path().string();
  const auto read = [&](const std::vector<std::uint64_t>& begins) {
    server.reset_log();
    const HttpSession session(options);  // all is on disk when it has ended
    const auto source = detail::make_disk_cache_source(
        {.source = make_range_merger(detail::make_http_source({.transport = session.transport(), .cacheable = true})),
         .cache = session.disk_cache()});
    std::vector<std::shared_ptr<Recorder>> recorders;
    {
      const ReadBatch together;
      for (const auto begin : begins) {
        recorders.push_back(std::make_shared<Recorder>());
        source->read(range_of(begin, 4, server.url("/o")), recorders.back());
      }
    }
    Notes notes;
    for (const auto& recorder : recorders) notes.push_back(recorder->wait().at(0));
    return notes;
  };
  CHECK(read({998, 1998, 500}) == Notes{"aabb", "bbcc", "aaaa"});
  REQUIRE(server.requests().size() == 1);
  CHECK(server.requests()[0].header("range") == "bytes=500-2001");
  CHECK(read({1998, 998}) == Notes{"bbcc", "aabb"});
  CHECK(server.requests().empty());
  CHECK(read({998, 1500, 1998, 1996}) == Notes{"aabb", "bbbb", "bbcc", "bbbb"});
  REQUIRE(server.requests().size() == 1);
  CHECK(server.requests()[0].header("range") == "bytes=1500-1999");
}

TEST_CASE("a 206 of another part than was asked for is no answer to any read", "[range_merger]") {
  test::FaultServer server;
  server.script("/o", {test::answers(206, "abcd", {{"Content-Range", "bytes 4-7/100"}})});
  HttpOptions options;
  options.retry = {.max_attempts = 2, .initial_delay = std::chrono::milliseconds(1)};
  const HttpSession session(options);
  const auto source = make_range_merger(detail::make_http_source({.transport = session.transport()}));
  const auto first = std::make_shared<Recorder>(), second = std::make_shared<Recorder>();
  {
    const ReadBatch together;
    source->read(range_of(0, 2, server.url("/o")), first);
    source->read(range_of(2, 2, server.url("/o")), second);
  }
  CHECK(first->wait() == Notes{"error: asked for bytes 0 to 1, the answer is bytes 4 to 7"});
  CHECK(second->wait() == Notes{"error: asked for bytes 2 to 3, the answer is bytes 4 to 7"});
}
