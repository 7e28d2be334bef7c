#include "support/http_server.hpp"

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "support/catch.hpp"
#include "support/temp_dir.hpp"
#include "support_test/fetch.hpp"

using namespace catvox::test;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

TEST_CASE("HttpServer serves what was added and counts it", "[support]") {
  HttpServer server;
  server.add("/a", "plain");
  server.add("/a?level=1", "with its query");
  server.add("/gone", Answer{.status = 410, .body = "no more"});
  const std::string binary("\0\xff\r\n\0", 5);
  server.add("/binary", binary, "image/jpeg");

  Fetcher fetcher;
  CHECK(fetcher.get(server.url("/a")).body == "plain");
  CHECK(fetcher.get(server.url("/a?level=0")).body == "plain");
  CHECK(fetcher.get(server.url("/a?level=1")).body == "with its query");
  CHECK(fetcher.get(server.url("/gone")).status == 410);
  CHECK(fetcher.get(server.url("/unknown")).status == 404);
  CHECK(fetcher.get(server.url("/binary")).body == binary);

  CHECK(server.count("/a") == 3);
  CHECK(server.count("/a?level=1") == 1);
  CHECK(server.count_prefix("/a?") == 2);
  CHECK(server.count_prefix() == 6);
  CHECK(server.connections() == 1);
  CHECK(server.peak_concurrency() == 1);

  server.reset_log();
  CHECK(server.requests().empty());
  CHECK(server.connections() == 0);
}

TEST_CASE("HttpServer gives a handler the request as it was sent", "[support]") {
  HttpServer server;
  server.add("/tiles/7%20b", [](const Received& request) {
    return Answer{.status = 201, .body = request.query + " " + request.header("x-token"), .headers = {{"X-Own", "1"}}};
  });
  Fetcher fetcher;
  curl_slist* headers = curl_slist_append(nullptr, "X-Token: t0ken");
  curl_easy_setopt(fetcher.handle(), CURLOPT_HTTPHEADER, headers);
  const Fetched answer = fetcher.get(server.url("/tiles/7%20b?x=%31&y"));
  curl_slist_free_all(headers);
  CHECK(answer.status == 201);
  CHECK(answer.body == "x=%31&y t0ken");

  REQUIRE(server.requests().size() == 1);
  const Received request = server.requests()[0];
  CHECK(request.method == "GET");
  CHECK(request.path == "/tiles/7%20b");
  CHECK(request.target() == "/tiles/7%20b?x=%31&y");
  CHECK(request.headers.count("x-token") == 1);
  CHECK(request.remote_port > 0);
}

TEST_CASE("HttpServer cuts the part that a Range header asks for", "[support]") {
  HttpServer server;
  server.add("/shard", "0123456789");
  Fetcher fetcher;
  curl_easy_setopt(fetcher.handle(), CURLOPT_RANGE, "3-5");
  const Fetched answer = fetcher.get(server.url("/shard"));
  CHECK(answer.status == 206);
  CHECK(answer.body == "345");
  curl_easy_setopt(fetcher.handle(), CURLOPT_RANGE, "8-20");
  CHECK(fetcher.get(server.url("/shard")).body == "89");
  curl_easy_setopt(fetcher.handle(), CURLOPT_RANGE, "10-20");
  CHECK(fetcher.get(server.url("/shard")).status == 416);
  server.set_cuts_ranges(false);
  const Fetched whole = fetcher.get(server.url("/shard"));
  CHECK(whole.status == 200);
  CHECK(whole.body == "0123456789");
}

TEST_CASE("HttpServer protects a prefix with Basic authorization", "[support]") {
  HttpServer server;
  server.add("/open/tile", "open");
  server.add("/closed/tile", "closed");
  server.protect("/closed/", "user", "pass:word");

  Fetcher fetcher;
  CHECK(fetcher.get(server.url("/open/tile")).status == 200);
  CHECK(fetcher.get(server.url("/closed/tile")).status == 401);
  curl_easy_setopt(fetcher.handle(), CURLOPT_USERNAME, "user");
  curl_easy_setopt(fetcher.handle(), CURLOPT_PASSWORD, "wrong");
  CHECK(fetcher.get(server.url("/closed/tile")).status == 401);
  curl_easy_setopt(fetcher.handle(), CURLOPT_PASSWORD, "pass:word");
  CHECK(fetcher.get(server.url("/closed/tile")).body == "closed");
  CHECK(server.requests().back().header("authorization") == "Basic dXNlcjpwYXNzOndvcmQ=");  // RFC 4648 by base64(1)
}

TEST_CASE("HttpServer serves a folder", "[support]") {
  const TempDir folder;
  folder.write("0/a b.png", "png");
  HttpServer server;
  server.serve_folder("/tiles", folder.path());
  Fetcher fetcher;
  CHECK(fetcher.get(server.url("/tiles/0/a%20b.png")).body == "png");
  CHECK(fetcher.get(server.url("/tiles/0/none.png")).status == 404);
  CHECK(fetcher.get(server.url("/tiles/0")).status == 404);
  curl_easy_setopt(fetcher.handle(), CURLOPT_PATH_AS_IS, 1L);
  CHECK(fetcher.get(server.url("/tiles/0/../0/a%20b.png")).status == 404);
}

TEST_CASE("HttpServer delays its answers side by side", "[support]") {
  constexpr int clients = 160;
  HttpServer server;
  server.add("/slow", "slow");
  server.set_delay(500ms);
  std::atomic<int> good = 0;
  std::vector<std::thread> threads;
  const auto begin = Clock::now();
  for (int i = 0; i < clients; ++i) {
    threads.emplace_back([&] { good += Fetcher().get(server.url("/slow")).body == "slow" ? 1 : 0; });
  }
  for (std::thread& thread : threads) thread.join();
  const auto took = Clock::now() - begin;
  CHECK(good == clients);
  CHECK(took >= 500ms);
  CHECK(took < 20s);  // one after the other: 80 s
  CHECK(server.connections() == clients);
  CHECK(server.peak_concurrency() > clients / 2);
}

TEST_CASE("HttpServer does not wait out a delay when it ends", "[support]") {
  const auto begin = Clock::now();
  std::thread client;
  {
    HttpServer server;
    server.add("/slow", Answer{.body = "slow", .delay = 60s});
    client = std::thread([url = server.url("/slow")] { Fetcher().get(url); });
    while (server.count("/slow") == 0) std::this_thread::sleep_for(1ms);
  }
  client.join();
  CHECK(Clock::now() - begin < 20s);
}
