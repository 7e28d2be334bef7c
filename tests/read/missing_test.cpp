// What a read makes of chunks that the source does not have, and what it reports.

#include <catvox/core/error.hpp>
#include <map>
#include <string>
#include <vector>

#include "read/array_fixture.hpp"
#include "support/catch.hpp"
#include "support/scripted_source.hpp"

using namespace catvox;
using namespace catvox::test;

TEST_CASE("missing chunks end a read that says so", "[read]") {
  Fixture fixture;  // chunks of 8 x 10
  fixture.scripted[url_of({2, 1, 1})] = {404, ""};
  const auto reader = fixture.reader();
  for (const char* where : {" at mem:2/1/1", ""}) {  // the second time the cache knows
    try {
      read(*reader, box(2, 3, 8, 16, 10, 20), nullptr, {.missing = Missing::error});
      FAIL("no error");
    } catch (const Error& error) {
      CHECK(error.code() == Errc::not_found);
      CHECK(error.what() == std::string("chunk 2/1/1 is missing") + where);
      CHECK(error.context().chunk == "chunk 2/1/1");
    }
    fixture.transport->settle();
  }
  CHECK(read(*reader, box(2, 3, 0, 8, 0, 10), nullptr, {.missing = Missing::error}) ==
        expected(*fixture.store, box(2, 3, 0, 8, 0, 10)));
}

TEST_CASE("a report names what is missing and what served the rest", "[read]") {
  Fixture fixture;
  fixture.scripted[url_of({0, 0, 0})] = {404, ""};
  fixture.scripted[url_of({0, 2, 3})] = {410, ""};  // the last, which sticks out of 23 x 31 voxels
  const auto reader = fixture.reader();
  ReadStatistics statistics;
  read(*reader, box(0, 1, 0, 23, 0, 31), &statistics);
  CHECK(statistics.missing == 2);
  CHECK_FALSE(statistics.report);
  fixture.transport->settle();
  fixture.pool->clear();

  const ReadOptions options{.missing = Missing::report, .progress = {}, .stop = {}, .read_ahead = false};
  read(*reader, box(0, 1, 0, 23, 0, 31), &statistics, options);
  REQUIRE(statistics.report);
  CHECK(statistics.report->missing == 2);
  std::map<std::string, Box> missing;
  for (const auto& [name, voxels] : statistics.report->missing_chunks) missing[name] = voxels;
  CHECK(missing == std::map<std::string, Box>{{"chunk 0/0/0", {{0, 0, 0}, {1, 8, 10}}},
                                              {"chunk 0/2/3", {{0, 16, 30}, {1, 23, 31}}}});
  fixture.transport->settle();
  read(*reader, box(0, 1, 0, 23, 0, 31), &statistics, options);
  CHECK(statistics.report->missing == 2);
  CHECK(statistics.report->served == std::map<std::string, std::int64_t>{{"memory", 10}});
  read(*reader, box(0, 1, 0, 0, 0, 31), &statistics, options);
  REQUIRE(statistics.report);
  CHECK(statistics.report->missing == 0);
}

TEST_CASE("a report is bounded, its count is not", "[read]") {
  Fixture fixture(DType::uint8, {1, 60, 60}, {1, 1, 1});
  fixture.source = std::make_shared<ScriptedSource>([](const ByteRequest& request) {
    ByteResult nothing;
    nothing.state = ByteResult::State::missing;
    nothing.url = "https://images.example.org/" + request.key;
    return nothing;
  });
  ReadStatistics statistics;
  read(*fixture.reader(), box(0, 1, 0, 60, 0, 60), &statistics, {.missing = Missing::report});
  REQUIRE(statistics.report);
  CHECK(statistics.report->missing == 3600);
  CHECK(statistics.report->missing_chunks.size() == 1000);
  CHECK(statistics.missing == 3600);
}

TEST_CASE("a report tells origins apart", "[read]") {
  Fixture fixture;
  fixture.source = std::make_shared<ScriptedSource>([&](const ByteRequest& request) {
    const Index3 chunk = chunk_of(request.key);
    const std::string body = fixture.store->encoded(chunk);
    ByteResult result;
    result.url = chunk[2] == 0 ? "http://b.example:8080/tiles/1" : "https://a.example/tiles/1";
    result.from_disk = chunk[2] == 1;
    result.body.append(std::as_bytes(std::span(body)));
    return result;
  });
  ReadStatistics statistics;
  const Selection3 slice = box(0, 1, 0, 23, 0, 31);
  CHECK(read(*fixture.reader(), slice, &statistics, {.missing = Missing::report}) == expected(*fixture.store, slice));
  REQUIRE(statistics.report);
  CHECK(statistics.report->served ==
        std::map<std::string, std::int64_t>{{"http://b.example:8080", 3}, {"disk cache", 3}, {"https://a.example", 6}});
}
