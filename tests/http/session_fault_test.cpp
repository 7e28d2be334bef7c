#include <catvox/core/error.hpp>
#include <catvox/http/session.hpp>
#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "support/catch.hpp"
#include "support/fault_server.hpp"

using namespace catvox;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

namespace {

const std::string body(20'000, 'v');

HttpOptions quick(int max_attempts = 3) {
  return {.threads = 1,
          .connect_timeout = 2s,
          .stall_timeout = 1s,
          .retry = {.max_attempts = max_attempts, .initial_delay = 5ms, .max_retry_after = 2s},
          .max_body_bytes = 1 << 20};
}

Request request_for(std::string url) {
  Request request;
  request.url = std::move(url);
  return request;
}

struct Failure {
  Errc code = Errc::io;
  std::string text;
  ErrorContext context;
};

Failure failure_of(const HttpSession& session, const std::string& url) {
  try {
    const Response response = session.get(request_for(url));
    FAIL("an answer with status " << response.status);
  } catch (const Error& error) {
    return {error.code(), error.what(), error.context()};
  }
  return {};
}

}  // namespace

TEST_CASE("transfers that fail are made again and the good answer counts", "[http]") {
  test::FaultServer server;
  const auto [name, fault] = GENERATE(table<std::string, test::Step>({
      {"closes unanswered", test::closes_unanswered()},
      {"resets", test::resets()},
      {"cuts the body", test::cuts_body(body)},
      {"resets in the body", test::resets_in_body(body)},
      {"sends garbage", test::sends_garbage()},
      {"is unavailable", test::unavailable()},
      {"is unavailable for 0 s", test::unavailable("0")},
      {"answers 500", test::answers(500, "oops")},
      {"answers 408", test::answers(408, "slow")},
      {"answers 429", test::answers(429, "often")},
  }));
  CAPTURE(name);
  server.script("/tile", {fault, fault, test::answers(200, body)});
  const Response response = HttpSession(quick()).get(request_for(server.url("/tile")));
  CHECK(response.status == 200);
  CHECK(response.body.size() == body.size());
  CHECK(response.attempts == 3);
  CHECK(server.count("/tile") == 3);
}

TEST_CASE("a transfer that fails every time is an error that says how often", "[http]") {
  test::FaultServer server;
  const HttpSession session(quick());
  const auto [name, fault, code, text] = GENERATE(table<std::string, test::Step, Errc, std::string>({
      {"closes", test::closes_unanswered(), Errc::connection, "Server returned nothing (no headers, no data)"},
      {"cuts", test::cuts_body(body), Errc::connection, "Transferred a partial file"},
      {"garbage", test::sends_garbage(), Errc::connection, "Unsupported protocol"},
  }));
  CAPTURE(name);
  server.script("/tile", {fault});
  const Failure failure = failure_of(session, server.url("/tile"));
  CHECK(failure.code == code);
  CHECK(failure.text == text);
  CHECK(failure.context.attempts == 3);
  CHECK(failure.context.url == server.url("/tile"));
  CHECK(server.count("/tile") == 3);
}

TEST_CASE("a port that nobody listens on is an error", "[http]") {
  std::string url;
  {
    const test::FaultServer server;
    url = server.url("/tile");
  }
  const Failure failure = failure_of(HttpSession(quick()), url);
  CHECK(failure.code == Errc::connection);
  CHECK(failure.text == "Couldn't connect to server");
}

TEST_CASE("a transfer that stalls times out", "[http]") {
  test::FaultServer server;
  const auto [name, fault] = GENERATE(table<std::string, test::Step>({
      {"without an answer", test::stalls()},
      {"after the headers", test::stalls_after_headers()},
      {"in the body", test::stalls_in_body(body)},
  }));
  CAPTURE(name);
  server.script("/tile", {fault});
  const auto start = Clock::now();
  const Failure failure = failure_of(HttpSession(quick(1)), server.url("/tile"));
  CHECK(failure.code == Errc::timeout);
  CHECK(failure.text == "no byte arrived for 1000 ms");
  CHECK(Clock::now() - start >= 1s);
  CHECK(Clock::now() - start < 5s);
}

TEST_CASE("a slow transfer that goes on is no stall", "[http]") {
  test::FaultServer server;
  server.script("/tile", {test::trickles(std::string(100, 'v'), 25, 400ms)});
  CHECK(HttpSession(quick(1)).get(request_for(server.url("/tile"))).body.size() == 100);
}

TEST_CASE("a status that is no success comes back once its retries are used up, with its body", "[http]") {
  test::FaultServer server;
  server.script("/busy", {test::answers(503, "busy")});
  server.script("/forbidden", {test::answers(403, "no")});
  const HttpSession session(quick());
  const Response busy = session.get(request_for(server.url("/busy")));
  CHECK(busy.status == 503);
  CHECK(busy.attempts == 3);
  CHECK(busy.body.size() == 4);
  CHECK(session.get(request_for(server.url("/forbidden"))).attempts == 1);
}

TEST_CASE("500 is no reason to ask again where the request says so", "[http]") {
  test::FaultServer server;
  server.script("/api", {test::answers(500, "no such project")});
  Request request = request_for(server.url("/api"));
  request.retry_on_500 = false;
  CHECK(HttpSession(quick()).get(std::move(request)).status == 500);
  CHECK(server.count("/api") == 1);
}

TEST_CASE("Retry-After is waited out by all requests to its server, without holding up another's", "[http]") {
  test::FaultServer server, other;
  server.script("/busy", {test::unavailable("1"), test::answers(200, "v")});
  server.script("/beside", {test::answers(200, "v")});
  other.script("/tile", {test::answers(200, "v")});
  const HttpSession session(quick());
  auto busy = std::async(std::launch::async, [&] { return session.get(request_for(server.url("/busy"))); });
  while (server.count("/busy") == 0) std::this_thread::sleep_for(1ms);
  CHECK(session.get(request_for(other.url("/tile"))).status == 200);  // on the same single thread
  CHECK(server.requests().size() == 1);
  CHECK(busy.get().status == 200);
  CHECK(session.get(request_for(server.url("/beside"))).status == 200);
  const auto requests = server.requests();
  REQUIRE(requests.size() == 3);
  CHECK(requests[1].time - requests[0].time >= 1s);
}

TEST_CASE("a server that asks for more patience than there is fails the request", "[http]") {
  test::FaultServer server;
  server.script("/busy", {test::unavailable("3600")});
  const Failure failure = failure_of(HttpSession(quick()), server.url("/busy"));
  CHECK(failure.code == Errc::http_status);
  CHECK(failure.text == "HTTP 503, and the server asks to wait 3600 s");
  CHECK(server.count("/busy") == 1);
}

TEST_CASE("answers larger than allowed are refused, announced or not", "[http]") {
  test::FaultServer server;
  server.script("/absurd", {test::announces_absurd_length()});
  server.script("/endless", {test::sends_endless_body()});
  const HttpSession session(quick());
  for (const char* path : {"/absurd", "/endless"}) {
    CAPTURE(path);
    const Failure failure = failure_of(session, server.url(path));
    CHECK(failure.code == Errc::too_large);
    CHECK(failure.text == "the answer is larger than the limit of 1048576 bytes");
  }
}

TEST_CASE("the endless body of an answer that is no success ends", "[http]") {
  test::FaultServer server;
  const int status = GENERATE(302, 404, 500);
  CAPTURE(status);
  const bool announced = GENERATE(false, true);
  server.script("/endless", {{.bytes = "HTTP/1.1 " + std::to_string(status) + " X\r\nConnection: close\r\n" +
                                       (announced ? "Content-Length: 1000000000\r\n" : "") + "\r\n",
                              .flood = std::string(65536, 'x')}});
  const Response response = HttpSession(quick(1)).get(request_for(server.url("/endless")));
  CHECK(response.status == status);
  CHECK(response.body.size() == 65536);
}

TEST_CASE("a body that trickles ends in an error, whatever its status", "[http]") {
  test::FaultServer server;
  const int status = GENERATE(200, 404);
  auto step = test::trickles(std::string(2000, 'v'), 20, 50ms);
  step.bytes.replace(step.bytes.find("200"), 3, std::to_string(status));
  server.script("/tile", {step});
  HttpOptions options = quick(1);
  options.min_bytes_per_second = 1000;
  const Failure failure = failure_of(HttpSession(options), server.url("/tile"));
  CHECK(failure.code == Errc::timeout);
  CHECK(failure.text == "less than 1000 bytes a second arrived for 1000 ms");
}

TEST_CASE("a request with a deadline ends by then, whatever it waits for", "[http]") {
  test::FaultServer server;
  HttpOptions options = quick(100);
  options.max_connections = 1;
  options.retry.initial_delay = options.retry.max_delay = 10s;
  const HttpSession session(options);
  const auto [name, step] = GENERATE(table<std::string, test::Step>({
      {"an answer", test::stalls()},
      {"a body that trickles", test::trickles(std::string(100'000, 'v'), 1, 5ms)},
      {"the next attempt", test::resets()},
      {"the server, which asks to wait", test::unavailable("1")},
  }));
  CAPTURE(name);
  server.script("/api", {step});
  Request request = request_for(server.url("/api"));
  request.deadline = 300ms;
  SECTION("itself") {}
  SECTION("behind another, for the connection") {
    server.script("/slow", {test::trickles(std::string(100'000, 'v'), 1, 5ms)});
    class Ignored final : public TransferHandler {
      void on_response(Response&) override {}
      void on_error(const Error&) noexcept override {}
    };
    session.transport()->start(request_for(server.url("/slow")), std::make_shared<Ignored>());
    while (server.count("/slow") == 0) std::this_thread::sleep_for(1ms);
  }
  try {
    (void)session.get(request);
    FAIL("an answer");
  } catch (const Error& error) {
    CHECK(error.code() == Errc::timeout);
    CHECK(error.what() == std::string("no answer within 300 ms"));
    CHECK(error.context().url == server.url("/api"));
  }
}

TEST_CASE("a server that takes no connection for a while does not end what it had begun to serve", "[http]") {
  auto server = std::make_unique<test::FaultServer>();
  server->script("/tile", {test::answers(200, "v")});
  const int port = server->port();
  const std::string url = server->url("/tile");
  HttpOptions options = quick(2);
  options.outage_timeout = 20s;
  const HttpSession session(options);
  REQUIRE(session.get(request_for(url)).status == 200);
  server.reset();
  auto waiting = std::async(std::launch::async, [&] { return session.get(request_for(url)); });
  REQUIRE(waiting.wait_for(1s) == std::future_status::timeout);  // far longer than its two attempts would take
  server = std::make_unique<test::FaultServer>(port);
  server->script("/tile", {test::answers(200, "v")});
  const Response response = waiting.get();
  CHECK(response.status == 200);
  CHECK(response.attempts > 2);
}

TEST_CASE("an outage that lasts ends in an error that says how long", "[http]") {
  auto server = std::make_unique<test::FaultServer>();
  server->script("/tile", {test::answers(200, "v")});
  const std::string url = server->url("/tile");
  HttpOptions options = quick(2);
  options.outage_timeout = 1s;
  const HttpSession session(options);
  REQUIRE(session.get(request_for(url)).status == 200);
  server.reset();
  const Failure failure = failure_of(session, url);
  CHECK(failure.code == Errc::connection);
  CHECK(failure.text == "Couldn't connect to server, and the server has taken no request for 1 s");
}

TEST_CASE("endless headers end in an error", "[http]") {
  test::FaultServer server;
  server.script("/headers", {test::sends_endless_headers()});
  const auto start = Clock::now();
  CHECK(failure_of(HttpSession(quick(1)), server.url("/headers")).code == Errc::connection);
  CHECK(Clock::now() - start < 10s);
}

TEST_CASE("redirects that never end, or leave http, are refused", "[http]") {
  test::FaultServer server;
  server.script("/loop", {test::redirects("/loop")});
  server.script("/file", {test::redirects("file:///etc/passwd")});
  server.script("/ftp", {test::redirects("ftp://user:secret@127.0.0.1/x")});
  const HttpSession session(quick());
  const Failure loop = failure_of(session, server.url("/loop"));
  CHECK(loop.code == Errc::refused);
  CHECK(loop.text == "more than 10 redirects");
  CHECK(failure_of(session, server.url("/file")).text == "a redirect to file:///etc/passwd is not followed");
  CHECK(failure_of(session, server.url("/ftp")).text == "a redirect to ftp://127.0.0.1/x is not followed");
}

TEST_CASE("a body that its handler cannot decode is fetched again past caches", "[http]") {
  test::FaultServer server;
  server.script("/tile", {test::answers(200, "bad"), test::answers(200, "good")});
  class Decoder final : public TransferHandler {
   public:
    void on_response(Response& response) override {
      if (response.body.size() != 4) throw Error(Errc::corrupt_data, "not good");
      done.set_value("good after " + std::to_string(response.attempts));
    }
    void on_error(const Error& error) noexcept override { done.set_value(error.what()); }
    std::promise<std::string> done;
  };
  const HttpSession session(quick(2));
  const auto decoder = std::make_shared<Decoder>();
  session.transport()->start(request_for(server.url("/tile")), decoder);
  CHECK(decoder->done.get_future().get() == "good after 2");
  const auto requests = server.requests();
  REQUIRE(requests.size() == 2);
  CHECK(requests[0].header("cache-control").empty());
  CHECK(requests[1].header("cache-control") == "no-cache");

  server.script("/tile", {test::answers(200, "bad")});
  const auto hopeless = std::make_shared<Decoder>();
  session.transport()->start(request_for(server.url("/tile")), hopeless);
  CHECK(hopeless->done.get_future().get() == "not good");
}

TEST_CASE("a URL that is none ends in an error, not in silence", "[http]") {
  const HttpSession session(quick(1));
  for (const auto& url :
       {std::string("http://"), std::string("http://h:x/"), std::string("http://127.0.0.1/\0.jpg", 22)}) {
    CAPTURE(url);
    CHECK(failure_of(session, url).code == Errc::invalid_argument);
  }
  for (const char* url : {"gopher://127.0.0.1/", "file:///etc/passwd", "tile.jpg"}) {
    const auto failure = failure_of(session, url);
    CHECK(failure.code == Errc::refused);
    CHECK(failure.text == "a session fetches http: and https: URLs only");
  }
}
