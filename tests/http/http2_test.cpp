// Streams of HTTP/2 from nginx over TLS: what tests of one request a connection cannot show.

#include <algorithm>
#include <atomic>
#include <catvox/core/error.hpp>
#include <catvox/http/session.hpp>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "http/curl_transport.hpp"
#include "nginx.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/temp_dir.hpp"

using namespace catvox;
using namespace std::chrono_literals;

namespace {

std::string text(const Response& response) {
  return {reinterpret_cast<const char*>(response.body.data()), response.body.size()};
}

Request request_for(std::string url) {
  Request request;
  request.url = std::move(url);
  return request;
}

class Collector final : public TransferHandler {
 public:
  void on_response(Response& response) override {
    const std::lock_guard lock(mutex_);
    bytes_.push_back(response.status == 200 ? response.body.size() : 0);
    changed_.notify_all();
  }
  void on_error(const Error& error) noexcept override {
    const std::lock_guard lock(mutex_);
    errors_.emplace_back(error.what());
    changed_.notify_all();
  }
  void wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    REQUIRE(changed_.wait_for(lock, 60s, [&] { return bytes_.size() + errors_.size() >= count; }));
  }
  [[nodiscard]] std::vector<std::size_t> bytes() {
    const std::lock_guard lock(mutex_);
    return bytes_;
  }
  [[nodiscard]] std::vector<std::string> errors() {
    const std::lock_guard lock(mutex_);
    return errors_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::size_t> bytes_;
  std::vector<std::string> errors_;
};

// nginx with files in a folder, and what a test adds to its configuration.
class Site {
 public:
  explicit Site(const std::string& server_directives = {}) {
    folder_.write("tile", std::string(75'000, 't'));
    folder_.write("large", std::string(1 << 20, 'l'));
    nginx_ = std::make_unique<bench::Nginx>(
        folder_.path(),
        bench::Nginx::Options{.tls = true,
                              .server = "location = /protocol { return 200 $server_protocol; }\n"
                                        "location = /secret { return 200 \"$http_x_authorization\"; }\n" +
                                        server_directives});
  }
  [[nodiscard]] std::string url(const std::string& path) const { return nginx_->url(path); }
  [[nodiscard]] HttpOptions options(int connections = 16) const {
    return {.max_connections = connections,
            .threads = 2,
            .retry = {.max_attempts = 3, .initial_delay = 5ms},
            .headers = {{"X-Authorization", "Token secret"}},
            .ca_file = nginx_->certificate()};
  }

 private:
  test::TempDir folder_;
  std::unique_ptr<bench::Nginx> nginx_;
};

}  // namespace

TEST_CASE("tiles come as streams of HTTP/2 where a server offers it", "[http][nginx]") {
  const Site site;
  const HttpSession session(site.options(64));
  CHECK(text(session.get(request_for(site.url("/protocol")))) == "HTTP/2.0");
  const auto collector = std::make_shared<Collector>();
  for (int i = 0; i < 500; ++i) session.transport()->start(request_for(site.url("/tile")), collector);
  collector->wait_for(500);
  CHECK(collector->errors().empty());
  CHECK(collector->bytes() == std::vector<std::size_t>(500, 75'000));
}

TEST_CASE("a server that ends its HTTP/2 connections after a few requests is read all the same", "[http][nginx]") {
  const Site site("keepalive_requests 3;");
  const HttpSession session(site.options(64));
  const auto collector = std::make_shared<Collector>();
  for (int i = 0; i < 300; ++i) session.transport()->start(request_for(site.url("/tile")), collector);
  collector->wait_for(300);
  CHECK(collector->errors() == std::vector<std::string>{});
  CHECK(collector->bytes() == std::vector<std::size_t>(300, 75'000));
}

TEST_CASE("streams that are cancelled leave their neighbours alone", "[http][nginx]") {
  const Site site("location = /large { limit_rate 500k; }");
  const HttpSession session(site.options(16));
  const auto cancelled = std::make_shared<Collector>();
  const auto kept = std::make_shared<Collector>();
  std::vector<Transport::TransferId> ids;
  for (int i = 0; i < 16; ++i) {
    const auto id = session.transport()->start(request_for(site.url("/large")), i % 2 == 0 ? cancelled : kept);
    if (i % 2 == 0) ids.push_back(id);
  }
  std::this_thread::sleep_for(300ms);  // some are in the middle of their bodies, some wait
  for (const auto id : ids) session.transport()->cancel(id);
  CHECK(session.get(request_for(site.url("/tile"))).status == 200);
  kept->wait_for(8);
  CHECK(kept->errors().empty());
  CHECK(kept->bytes() == std::vector<std::size_t>(8, 1 << 20));
  CHECK(cancelled->bytes().empty());
  CHECK(cancelled->errors().empty());
}

TEST_CASE("secrets go along redirects over HTTP/2 to their origin and to no other", "[http][nginx]") {
  const Site other;
  const Site site(
      "location = /here { return 302 /secret; }\n"
      "location = /away { return 302 " +
      other.url("/secret") + "; }");
  HttpOptions options = site.options();
  options.verify_tls = false;  // each has a certificate of its own
  const HttpSession session(options);
  const auto get = [&](const std::string& path) {
    Request request = request_for(site.url(path));
    request.credentials = session.credentials_for(site.url("/"));
    return text(session.get(request));
  };
  CHECK(get("/secret") == "Token secret");
  CHECK(get("/here") == "Token secret");
  CHECK(get("/away").empty());
}

TEST_CASE("bodies that wait for memory share an HTTP/2 connection with others", "[http][nginx]") {
  const Site site;
  HttpOptions options = site.options(32);
  options.max_bytes_in_flight = 4 << 20;
  options.stall_timeout = 2s;
  detail::CurlTransport transport(std::make_shared<const HttpOptions>(options));
  const auto collector = std::make_shared<Collector>();
  std::atomic<bool> done = false;
  std::size_t most_held = 0;
  std::thread watcher([&] {
    while (!done) {
      most_held = std::max(most_held, transport.gate().held());
      std::this_thread::sleep_for(100us);
    }
  });
  std::vector<Transport::TransferId> ids;
  for (int i = 0; i < 200; ++i) ids.push_back(transport.start(request_for(site.url("/large")), collector));
  collector->wait_for(200);
  CHECK(collector->errors() == std::vector<std::string>{});
  CHECK(collector->bytes() == std::vector<std::size_t>(200, 1 << 20));

  // Cancelled while some of them are paused.
  const auto cancelled = std::make_shared<Collector>();
  ids.clear();
  for (int i = 0; i < 100; ++i) ids.push_back(transport.start(request_for(site.url("/large")), cancelled));
  cancelled->wait_for(10);
  for (const auto id : ids) transport.cancel(id);
  const auto after = std::make_shared<Collector>();
  for (int i = 0; i < 20; ++i) transport.start(request_for(site.url("/large")), after);
  after->wait_for(20);
  CHECK(after->errors() == std::vector<std::string>{});
  done = true;
  watcher.join();
  CHECK(most_held <= (4 << 20));
}
