#include <catvox/core/error.hpp>
#include <catvox/http/session.hpp>
#include <chrono>
#include <cstdint>
#include <string>

#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/fault_server.hpp"
#include "support/http_server.hpp"

using namespace catvox;
using namespace std::chrono_literals;

namespace {

const std::string object = "0123456789abcdefghij";

HttpSession quick(int max_attempts = 2) {
  return HttpSession({.threads = 1,
                      .stall_timeout = 2s,
                      .retry = {.max_attempts = max_attempts, .initial_delay = 1ms},
                      .max_body_bytes = 1 << 20});
}

Request part_of(std::string url, std::uint64_t begin, std::uint64_t size) {
  Request request;
  request.url = std::move(url);
  request.range = ByteRange{begin, size};
  return request;
}

std::string text(const Response& response) {
  return {reinterpret_cast<const char*>(response.body.data()), response.body.size()};
}

test::Step part(const std::string& content_range, const std::string& body) {
  return test::answers(206, body, {{"Content-Range", content_range}});
}

}  // namespace

TEST_CASE("a range of an object comes, and no more", "[http]") {
  const auto [begin, size, status, body] = GENERATE(table<std::uint64_t, std::uint64_t, int, std::string>({
      {0, 20, 206, object},
      {0, 1, 206, "0"},
      {10, 10, 206, "abcdefghij"},
      {19, 1, 206, "j"},
      {18, 5, 206, "ij"},  // the object ends before
      {20, 1, 416, ""},
      {1000, 7, 416, ""},
  }));
  CAPTURE(begin, size);
  // The server's library says "bytes 18-22/20" of the part that the object cuts short: see the next test.
  if (begin + size <= object.size() || begin >= object.size()) {
    test::HttpServer server;
    server.add("/object", object);
    const Response response = quick().get(part_of(server.url("/object"), begin, size));
    CHECK(response.status == status);
    if (status == 206) CHECK(text(response) == body);
    const auto received = server.requests();
    REQUIRE(received.size() == 1);
    CHECK(received[0].header("range") == "bytes=" + std::to_string(begin) + "-" + std::to_string(begin + size - 1));
    CHECK(received[0].header("accept-encoding") == "identity");
  }
  SECTION("of a server that sends the whole, whose length it announces or not") {
    test::FaultServer server;
    server.script("/announced", {test::answers(200, object)});
    server.script("/chunked", {{.bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                         "7\r\n0123456\r\nd\r\n789abcdefghij\r\n0\r\n\r\n"}});
    server.script("/trickling", {test::trickles(object, 3, 1ms)});
    for (const char* path : {"/announced", "/chunked", "/trickling"}) {
      CAPTURE(path);
      const Response response = quick().get(part_of(server.url(path), begin, size));
      CHECK(response.status == status);
      CHECK(text(response) == body);
    }
  }
}

TEST_CASE("a part that the object cuts short comes as far as it goes", "[http]") {
  test::FaultServer server;
  server.script("/object", {part("bytes 18-19/20", "ij")});
  CHECK(text(quick().get(part_of(server.url("/object"), 18, 5))) == "ij");
}

TEST_CASE("a server that sends the whole of a long object is not listened to till its end", "[http]") {
  test::FaultServer server;
  server.script("/endless", {test::sends_endless_body()});
  const Response response = quick().get(part_of(server.url("/endless"), 100'000, 1000));
  CHECK(response.status == 206);
  CHECK(text(response) == std::string(1000, 'x'));
  CHECK(response.attempts == 1);
}

TEST_CASE("a connection outlives the rest of a whole object that is not long", "[http]") {
  test::FaultServer server;
  server.script("/object", {test::answers(200, std::string(100'000, 'x'))});
  const HttpSession session = quick();
  for (int i = 0; i < 3; ++i) CHECK(session.get(part_of(server.url("/object"), 10, 10)).status == 206);
  CHECK(server.connections() == 1);
}

TEST_CASE("an answer that is not the part that was asked for is an error", "[http]") {
  const auto [name, answer, message] = GENERATE(table<std::string, test::Step, std::string>({
      {"another part", part("bytes 0-4/20", "01234"), "asked for bytes 5 to 9, the answer is bytes 0 to 4"},
      {"too early an end", part("bytes 5-8/20", "5678"), "asked for bytes 5 to 9, the answer is bytes 5 to 8"},
      {"too late an end", part("bytes 5-10/20", "56789a"), "asked for bytes 5 to 9, the answer is bytes 5 to 10"},
      {"no Content-Range", test::answers(206, "56789"),
       "asked for bytes 5 to 9, the answer is a part that does not say which"},
      {"nonsense", part("bytes 5-9/7", "56789"), "asked for bytes 5 to 9, the answer is a part that makes no sense"},
      {"other units", part("lines 5-9/20", "56789"),
       "asked for bytes 5 to 9, the answer is a part that makes no sense"},
      {"a shorter body", part("bytes 5-9/20", "567"), "the answer has 3 bytes, not the 5 that its Content-Range says"},
      {"no body", part("bytes 5-9/20", ""), "the answer has 0 bytes, not the 5 that its Content-Range says"},
      {"a longer body", part("bytes 5-9/20", "56789a"), "the answer is longer than its Content-Range says"},
  }));
  CAPTURE(name);
  test::FaultServer server;
  SECTION("if it comes each time") {
    server.script("/object", {answer});
    const Error error = test::error_of([&] { (void)quick().get(part_of(server.url("/object"), 5, 5)); });
    CHECK(error.code() == Errc::corrupt_data);
    CHECK(error.what() == message);
    CHECK(error.context().attempts == 2);
  }
  SECTION("unless the next attempt, past caches, brings the part") {
    server.script("/object", {answer, part("bytes 5-9/20", "56789")});
    CHECK(text(quick().get(part_of(server.url("/object"), 5, 5))) == "56789");
    CHECK(server.requests().back().header("cache-control") == "no-cache");
  }
}

TEST_CASE("a part of an object whose size the server does not tell is taken as it comes", "[http]") {
  test::FaultServer server;
  server.script("/object", {part("bytes 5-7/*", "567")});
  CHECK(text(quick().get(part_of(server.url("/object"), 5, 5))) == "567");
}

TEST_CASE("a request bounds its body, and the error names the bound", "[http]") {
  test::HttpServer server;
  server.add("/object", object);
  const HttpSession session = quick();
  Request request;
  request.url = server.url("/object");
  request.max_body_bytes = 20;
  CHECK(text(session.get(request)) == object);
  request.max_body_bytes = 19;
  const Error error = test::error_of([&] { (void)session.get(request); });
  CHECK(error.code() == Errc::too_large);
  CHECK(error.what() == std::string("the answer is larger than the limit of 19 bytes"));
  request.range = ByteRange{0, 20};
  CHECK(test::error_of([&] { (void)session.get(request); }).what() ==
        std::string("the answer is larger than the limit of 19 bytes"));
  request.range = ByteRange{1, 19};
  CHECK(text(session.get(request)) == object.substr(1));
}

TEST_CASE("a part that begins too far behind in a whole object is an error", "[http]") {
  test::FaultServer server;
  server.script("/endless", {test::sends_endless_body()});
  const Error error = test::error_of([&] { (void)quick().get(part_of(server.url("/endless"), 2'000'000, 10)); });
  CHECK(error.code() == Errc::too_large);
  CHECK(error.what() == std::string("the server sends the whole object instead of a part, and the part begins after "
                                    "2000000 bytes, more than the limit of 1048576"));
}

TEST_CASE("a range without bytes, or past 2^64, is refused", "[http]") {
  const std::string message = "Request: range must have a size, and an end below 2^64";
  for (const ByteRange range : {ByteRange{0, 0}, ByteRange{5, 0}, ByteRange{~std::uint64_t{0}, 2}}) {
    CHECK(test::error_of([&] { (void)quick().get(part_of("http://127.0.0.1/", range.begin, range.size)); }).what() ==
          message);
  }
}
