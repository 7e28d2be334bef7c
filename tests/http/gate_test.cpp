#include "http/gate.hpp"

#include <algorithm>
#include <atomic>
#include <catvox/core/error.hpp>
#include <catvox/http/session.hpp>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "http/curl_transport.hpp"
#include "support/catch.hpp"
#include "support/fault_server.hpp"
#include "support/http_server.hpp"
#include "support/temp_dir.hpp"

using namespace catvox;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t bound = 4 << 20;
constexpr std::size_t body_bytes = 1 << 20;

// A transport whose gate can be looked at.
std::shared_ptr<detail::CurlTransport> transport_with(HttpOptions options) {
  options.max_bytes_in_flight = bound;
  return std::make_shared<detail::CurlTransport>(std::make_shared<const HttpOptions>(std::move(options)));
}

Request request_for(std::string url) {
  Request request;
  request.url = std::move(url);
  return request;
}

// Lets no handler return before it is told to, and notes how much the gate holds whenever one is called.
class Watcher final : public TransferHandler {
 public:
  explicit Watcher(detail::CurlTransport& transport) : transport_(transport) {}

  void on_response(Response& response) override {
    std::unique_lock lock(mutex_);
    most_held_ = std::max(most_held_, transport_.gate().held());
    bytes_.push_back(response.body.size());
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
  }
  void on_error(const Error& error) noexcept override {
    const std::lock_guard lock(mutex_);
    errors_.emplace_back(error.what());
    changed_.notify_all();
  }
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  void wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    REQUIRE(changed_.wait_for(lock, 60s, [&] { return bytes_.size() + errors_.size() >= count; }));
  }
  std::vector<std::size_t> bytes() {
    const std::lock_guard lock(mutex_);
    return bytes_;
  }
  std::vector<std::string> errors() {
    const std::lock_guard lock(mutex_);
    return errors_;
  }
  std::size_t most_held() {
    const std::lock_guard lock(mutex_);
    return most_held_;
  }

 private:
  detail::CurlTransport& transport_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::size_t> bytes_;
  std::vector<std::string> errors_;
  std::size_t most_held_ = 0;
  bool open_ = false;
};

// Lets the lanes go if a test ends early.
class Opener {
 public:
  explicit Opener(Watcher& watcher) : watcher_(watcher) {}
  ~Opener() { watcher_.open(); }
  Opener(const Opener&) = delete;
  Opener& operator=(const Opener&) = delete;

 private:
  Watcher& watcher_;
};

std::string chunked(const std::string& body) {
  std::string answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (std::size_t begin = 0; begin < body.size(); begin += 0x8000) {
    answer += "8000\r\n" + body.substr(begin, 0x8000) + "\r\n";
  }
  return answer + "0\r\n\r\n";
}

void wait_until(const auto& holds) {
  for (int i = 0; i < 30'000 && !holds(); ++i) std::this_thread::sleep_for(1ms);
  REQUIRE(holds());
}

}  // namespace

TEST_CASE("bodies in flight are bounded, requests are not", "[http]") {
  const std::string body(body_bytes, 'x');
  const test::TempDir temp;
  HttpOptions options{.max_connections = 16, .threads = 2};
  std::unique_ptr<test::HttpServer> server;
  std::unique_ptr<test::FaultServer> fault_server;
  std::string url;
  SECTION("plain") { server = std::make_unique<test::HttpServer>(); }
  SECTION("over TLS") {
    server = std::make_unique<test::HttpServer>(test::HttpServer::Tls{});
    options.ca_file = temp.write("ca.pem", server->certificate()).string();
  }
  SECTION("without a length") {
    fault_server = std::make_unique<test::FaultServer>();
    fault_server->script("/large", {{.bytes = chunked(body)}});
    url = fault_server->url("/large");
  }
  if (server) {
    server->add("/large", body);
    url = server->url("/large");
  }
  const auto transport = transport_with(options);
  const auto watcher = std::make_shared<Watcher>(*transport);
  const Opener opener(*watcher);
  constexpr std::size_t count = 48;
  for (std::size_t i = 0; i < count; ++i) transport->start(request_for(url), watcher);
  // Both lanes are held by their handlers; what was received meanwhile has stopped at the bound.
  watcher->wait_for(2);
  watcher->open();
  watcher->wait_for(count);
  CHECK(watcher->errors().empty());
  CHECK(watcher->bytes() == std::vector<std::size_t>(count, body_bytes));
  // What does not say how long it is turns out to be longer than it was taken for.
  CHECK(watcher->most_held() <= (fault_server ? bound + 16 * body_bytes : bound));
  wait_until([&] { return transport->gate().held() == 0; });
}

TEST_CASE("a body that is larger than the bound is fetched, alone", "[http]") {
  test::HttpServer server;
  server.add("/huge", std::string(2 * bound, 'x'));
  const auto transport = transport_with({.max_connections = 8, .threads = 2});
  const auto watcher = std::make_shared<Watcher>(*transport);
  const Opener opener(*watcher);
  watcher->open();
  for (int i = 0; i < 6; ++i) transport->start(request_for(server.url("/huge")), watcher);
  watcher->wait_for(6);
  CHECK(watcher->errors().empty());
  CHECK(watcher->most_held() < 3 * bound);
}

TEST_CASE("a body that waits for memory does not stall, and can be cancelled", "[http]") {
  test::FaultServer server;
  server.script("/large", {test::answers(200, std::string(3 * body_bytes, 'x'))});
  const auto transport = transport_with({.max_connections = 8, .threads = 2, .stall_timeout = 200ms});
  const auto watcher = std::make_shared<Watcher>(*transport);
  const Opener opener(*watcher);
  std::vector<Transport::TransferId> ids;
  for (int i = 0; i < 8; ++i) ids.push_back(transport->start(request_for(server.url("/large")), watcher));
  // One lane is in a handler, the other has transfers that wait: for several times as long as a stall may last.
  watcher->wait_for(1);
  wait_until([&] { return transport->gate().has_waiting(); });
  SECTION("for as long as it takes") {
    std::this_thread::sleep_for(1s);
    watcher->open();
    watcher->wait_for(8);
    CHECK(watcher->errors().empty());
    CHECK(server.requests().size() == 8);
  }
  SECTION("and cancelled") {
    for (const auto id : ids) transport->cancel(id);
    watcher->open();
    wait_until([&] { return transport->gate().held() == 0; });
    const auto after = std::make_shared<Watcher>(*transport);
    after->open();
    transport->start(request_for(server.url("/large")), after);
    after->wait_for(1);
    CHECK(after->errors().empty());
  }
  SECTION("and dropped with its session") { watcher->open(); }
}
