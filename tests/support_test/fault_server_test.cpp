#include "support/fault_server.hpp"

#include <chrono>
#include <string>
#include <thread>

#include "support/catch.hpp"
#include "support_test/fetch.hpp"

using namespace catvox::test;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

namespace {

Fetched get(const std::string& url, std::chrono::milliseconds timeout = 30s) { return Fetcher().get(url, timeout); }

}  // namespace

TEST_CASE("FaultServer plays each step once and the last one for ever", "[support]") {
  FaultServer server;
  server.script("/tile?a=1", {unavailable("0"), answers(200, "corrupt"), answers(200, "good")});
  Fetcher fetcher;
  CHECK(fetcher.get(server.url("/tile?a=1")).status == 503);
  CHECK(fetcher.get(server.url("/tile?a=1")).body == "corrupt");
  CHECK(fetcher.get(server.url("/tile?a=1")).body == "good");
  CHECK(fetcher.get(server.url("/tile?a=1")).body == "good");
  CHECK(fetcher.get(server.url("/other")).status == 404);
  CHECK(server.count("/tile?a=1") == 4);
  CHECK(server.connections() == 1);
  CHECK(server.abandoned() == 0);

  const Received first = server.requests()[0];
  CHECK(first.method == "GET");
  CHECK(first.path == "/tile");
  CHECK(first.query == "a=1");
  CHECK(first.header("host") == "127.0.0.1:" + std::to_string(server.port()));
  CHECK(first.header("accept") == "*/*");
}

TEST_CASE("FaultServer breaks connections", "[support]") {
  FaultServer server;
  server.script("/close", {closes_unanswered()});
  server.script("/reset", {resets()});
  server.script("/cut", {cuts_body("0123456789")});
  server.script("/cut-by-reset", {resets_in_body("0123456789")});
  server.script("/garbage", {sends_garbage()});
  server.script("/absurd", {announces_absurd_length()});

  CHECK(get(server.url("/close")).code == CURLE_GOT_NOTHING);
  CHECK(get(server.url("/reset")).code == CURLE_RECV_ERROR);
  const Fetched cut = get(server.url("/cut"));
  CHECK(cut.code == CURLE_PARTIAL_FILE);
  CHECK(cut.body == "01234");
  CHECK(get(server.url("/cut-by-reset")).code == CURLE_RECV_ERROR);
  CHECK(get(server.url("/garbage")).code == CURLE_UNSUPPORTED_PROTOCOL);  // libcurl: HTTP/0.9 is not allowed
  const Fetched absurd = get(server.url("/absurd"));
  CHECK(absurd.code == CURLE_PARTIAL_FILE);
  CHECK(absurd.body == "abc");
  CHECK(server.connections() == 6);
}

TEST_CASE("FaultServer stalls until the client goes", "[support]") {
  FaultServer server;
  server.script("/silent", {stalls()});
  server.script("/headers", {stalls_after_headers()});
  server.script("/body", {stalls_in_body("0123456789")});
  for (const auto* path : {"/silent", "/headers", "/body"}) {
    CAPTURE(path);
    CHECK(get(server.url(path), 100ms).code == CURLE_OPERATION_TIMEDOUT);
  }
  const auto limit = Clock::now() + 20s;
  while (server.abandoned() < 3 && Clock::now() < limit) std::this_thread::sleep_for(1ms);
  CHECK(server.abandoned() == 3);
}

TEST_CASE("FaultServer floods", "[support]") {
  FaultServer server;
  server.script("/body", {sends_endless_body()});
  server.script("/headers", {sends_endless_headers()});
  server.script("/huge", {sends_huge_header(200'000)});
  CHECK(get(server.url("/body"), 200ms).body.size() > 65536);
  const CURLcode endless = get(server.url("/headers"), 1s).code;
  CHECK((endless == CURLE_RECV_ERROR || endless == CURLE_OPERATION_TIMEDOUT));  // libcurl < 8.3 sets no limit
  CHECK(get(server.url("/huge")).code != CURLE_OK);                             // libcurl takes 100 KiB a line
}

TEST_CASE("FaultServer redirects to itself for ever", "[support]") {
  FaultServer server;
  server.script("/loop", {redirects("/loop")});
  Fetcher fetcher;
  curl_easy_setopt(fetcher.handle(), CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(fetcher.handle(), CURLOPT_MAXREDIRS, 5L);
  CHECK(fetcher.get(server.url("/loop")).code == CURLE_TOO_MANY_REDIRECTS);
  CHECK(server.count("/loop") == 6);
}

TEST_CASE("FaultServer trickles and delays", "[support]") {
  FaultServer server;
  server.script("/trickle", {trickles("0123456789", 20, 20ms)});
  server.script("/late", {{.bytes = http_answer(200, "late"), .delay = 100ms}});
  auto begin = Clock::now();
  CHECK(get(server.url("/trickle")).body == "0123456789");
  CHECK(Clock::now() - begin >= 40ms);  // 51 bytes: two pauses before the last piece
  begin = Clock::now();
  CHECK(get(server.url("/late")).body == "late");
  CHECK(Clock::now() - begin >= 100ms);
}

TEST_CASE("FaultServer ends while clients wait", "[support]") {
  const auto begin = Clock::now();
  std::thread stalled, delayed;
  {
    FaultServer server;
    server.script("/stall", {stalls_in_body("0123456789")});
    server.script("/late", {{.bytes = http_answer(200, "late"), .delay = 60s}});
    stalled = std::thread([url = server.url("/stall")] { get(url); });
    delayed = std::thread([url = server.url("/late")] { get(url); });
    while (server.requests().size() < 2) std::this_thread::sleep_for(1ms);
  }
  stalled.join();
  delayed.join();
  CHECK(Clock::now() - begin < 20s);
}
