#include <atomic>
#include <catvox/core/error.hpp>
#include <catvox/core/version.hpp>
#include <catvox/http/session.hpp>
#include <catvox/http/url.hpp>
#include <chrono>
#include <condition_variable>
#include <future>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <vector>

#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/fault_server.hpp"
#include "support/http_server.hpp"
#include "support/temp_dir.hpp"

using namespace catvox;
using namespace std::chrono_literals;
using namespace std::string_literals;
using Clock = std::chrono::steady_clock;

namespace {

Request request_for(std::string url) {
  Request request;
  request.url = std::move(url);
  return request;
}

std::string text(const Response& response) {
  return {reinterpret_cast<const char*>(response.body.data()), response.body.size()};
}

// Counts answers of many transfers at once.
class Counter final : public TransferHandler {
 public:
  void on_response(Response& response) override {
    const std::lock_guard lock(mutex_);
    ++responses_;
    bytes_ += response.body.size();
    changed_.notify_all();
  }
  void on_error(const Error& error) noexcept override {
    const std::lock_guard lock(mutex_);
    errors_.emplace_back(error.what());
    changed_.notify_all();
  }
  bool wait_for(std::size_t count, std::chrono::seconds limit = 20s) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, limit, [&] { return responses_ + errors_.size() >= count; });
  }
  std::size_t responses() {
    const std::lock_guard lock(mutex_);
    return responses_;
  }
  std::vector<std::string> errors() {
    const std::lock_guard lock(mutex_);
    return errors_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t responses_ = 0;
  std::size_t bytes_ = 0;
  std::vector<std::string> errors_;
};

// The bodies that came; one of them does not decode.
class Bodies final : public TransferHandler {
 public:
  void refuse(std::string body) { refused_ = std::move(body); }
  void on_response(Response& response) override {
    const std::lock_guard lock(mutex_);
    bodies_.push_back(text(response) + " (" + std::to_string(response.attempts) + " attempts)");
    arrived_.notify_all();
    if (bodies_.back() == refused_) throw Error(Errc::corrupt_data, "refused");
  }
  void on_error(const Error& error) noexcept override {
    const std::lock_guard lock(mutex_);
    bodies_.emplace_back(error.what());
    arrived_.notify_all();
  }
  std::vector<std::string> wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    arrived_.wait_for(lock, 20s, [&] { return bodies_.size() >= count; });
    return bodies_;
  }

 private:
  std::string refused_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<std::string> bodies_;
};

}  // namespace

TEST_CASE("get brings status, body, type and address", "[http]") {
  test::HttpServer server;
  server.add("/tile.jpg", "voxels", "image/jpeg");
  const HttpSession session;
  const Response found = session.get(request_for(server.url("/tile.jpg")));
  CHECK(found.status == 200);
  CHECK(text(found) == "voxels");
  CHECK(found.content_type == "image/jpeg");
  CHECK(found.url == server.url("/tile.jpg"));
  CHECK(found.attempts == 1);
  CHECK(session.get(request_for(server.url("/none.jpg"))).status == 404);
  CHECK(server.requests()[0].header("user-agent") == "catvox/" CATVOX_VERSION);
}

TEST_CASE("connections are kept alive and bounded", "[http]") {
  test::HttpServer server;
  server.add("/tile", std::string(10'000, 'x'));
  server.set_delay(2ms);
  const HttpSession session(HttpOptions{.max_connections = 6, .threads = 2});
  const auto counter = std::make_shared<Counter>();
  for (int i = 0; i < 300; ++i) session.transport()->start(request_for(server.url("/tile")), counter);
  REQUIRE(counter->wait_for(300));
  CHECK(counter->errors().empty());
  CHECK(server.count("/tile") == 300);
  CHECK(server.connections() <= 6);
  CHECK(server.peak_concurrency() <= 6);
  CHECK(server.peak_concurrency() >= 4);  // a delay of 2 ms leaves the threads idle: more connections are opened
}

TEST_CASE("latency is hidden by as many connections as are allowed", "[http]") {
  test::HttpServer server;
  server.add("/tile", "x");
  server.set_delay(50ms);
  const HttpSession session;
  const auto counter = std::make_shared<Counter>();
  for (int i = 0; i < 256; ++i) session.transport()->start(request_for(server.url("/tile")), counter);
  REQUIRE(counter->wait_for(256));
  CHECK(server.peak_concurrency() == 64);  // the default, and not one more
}

TEST_CASE("one connection and one thread are enough", "[http]") {
  test::HttpServer server;
  server.add("/tile", "x");
  const HttpSession session(HttpOptions{.max_connections = 1, .threads = 4});
  const auto counter = std::make_shared<Counter>();
  for (int i = 0; i < 50; ++i) session.transport()->start(request_for(server.url("/tile")), counter);
  REQUIRE(counter->wait_for(50));
  CHECK(server.connections() == 1);
}

TEST_CASE("cancel ends a transfer at once and its handler hears nothing", "[http]") {
  test::FaultServer server;
  server.script("/stalled", {test::stalls()});
  const HttpSession session(HttpOptions{.threads = 1});
  const auto counter = std::make_shared<Counter>();
  const auto id = session.transport()->start(request_for(server.url("/stalled")), counter);
  while (server.count("/stalled") == 0) std::this_thread::sleep_for(1ms);
  session.transport()->cancel(id);
  const auto start = Clock::now();
  while (server.abandoned() == 0 && Clock::now() - start < 5s) std::this_thread::sleep_for(1ms);
  CHECK(server.abandoned() == 1);
  CHECK_FALSE(counter->wait_for(1, 0s));
}

TEST_CASE("a stop token ends get() while the server is silent", "[http]") {
  test::FaultServer server;
  server.script("/stalled", {test::stalls()});
  const HttpSession session;
  std::stop_source stop;
  std::jthread stopper([&] {
    while (server.count("/stalled") == 0) std::this_thread::sleep_for(1ms);
    stop.request_stop();
  });
  try {
    (void)session.get(request_for(server.url("/stalled")), stop.get_token());
    FAIL("not cancelled");
  } catch (const Error& error) {
    CHECK(error.code() == Errc::cancelled);
  }
}

TEST_CASE("an answer that is here already is delivered without a request", "[http]") {
  test::HttpServer server;
  server.add("/a", "fresh", "text/plain");
  const HttpSession session;
  Response known;
  known.status = 200;
  known.body.append(std::as_bytes(std::span(std::string_view("kept"))));
  const auto bodies = std::make_shared<Bodies>();
  SECTION("and that is all") {
    session.transport()->deliver(request_for(server.url("/a")), std::move(known), bodies);
    CHECK(bodies->wait_for(1) == std::vector<std::string>{"kept (0 attempts)"});
    CHECK(server.requests().size() == 0);
  }
  SECTION("unless it does not decode") {
    bodies->refuse("kept (0 attempts)");
    session.transport()->deliver(request_for(server.url("/a")), std::move(known), bodies);
    CHECK(bodies->wait_for(2) == std::vector<std::string>{"kept (0 attempts)", "fresh (1 attempts)"});
    CHECK(server.requests().size() == 1);
  }
}

TEST_CASE("an answer says how long it took, and how long until its first byte", "[http]") {
  test::HttpServer server;
  server.add("/a", "text", "text/plain");
  server.set_delay(30ms);
  const Response response = HttpSession().get(request_for(server.url("/a")));
  CHECK(response.first_byte_seconds >= 0.030);
  CHECK(response.seconds >= response.first_byte_seconds);
}

TEST_CASE("images are asked for as they are, without compression on the way", "[http]") {
  test::HttpServer server;
  server.add("/tile.jpg", "voxels", "image/jpeg");
  Request request = request_for(server.url("/tile.jpg"));
  request.cacheable = true;
  (void)HttpSession().get(std::move(request));
  const auto received = server.requests();
  REQUIRE(received.size() == 1);
  std::vector<std::string> names;
  for (const auto& header : received[0].headers) names.push_back(header.first);
  CHECK(names == std::vector<std::string>{"accept", "host", "user-agent"});
}

TEST_CASE("a server is trusted if its certificate is", "[http]") {
  test::HttpServer server{test::HttpServer::Tls{}};
  server.add("/tile", "voxels");
  const test::TempDir temp;
  HttpOptions options{.threads = 1, .retry = {.max_attempts = 1}};
  const Error error = test::error_of([&] { (void)HttpSession(options).get(request_for(server.url("/tile"))); });
  CHECK(error.code() == Errc::connection);
  CHECK(error.what() == std::string("SSL certificate problem: self-signed certificate"));
  options.ca_file = temp.write("ca.pem", server.certificate()).string();
  CHECK(text(HttpSession(options).get(request_for(server.url("/tile")))) == "voxels");
  CHECK(server.count("/tile") == 1);
}

TEST_CASE("a connection of one thread continues the TLS session of another's", "[http]") {
  test::HttpServer server{test::HttpServer::Tls{}};
  server.add("/first", "voxels");
  server.add("/second", "voxels");
  const test::TempDir temp;
  const HttpSession session(
      HttpOptions{.max_connections = 2, .threads = 2, .ca_file = temp.write("ca.pem", server.certificate()).string()});
  // Keeps its thread until the other one has fetched.
  class Occupied final : public TransferHandler {
   public:
    void on_response(Response&) override {
      begun.set_value();
      ended.get_future().wait();
    }
    void on_error(const Error&) noexcept override {}
    std::promise<void> begun, ended;
  };
  const auto occupied = std::make_shared<Occupied>();
  session.transport()->start(request_for(server.url("/first")), occupied);
  occupied->begun.get_future().wait();
  CHECK(session.get(request_for(server.url("/second"))).status == 200);
  occupied->ended.set_value();
  CHECK(server.connections() == 2);
  CHECK(server.resumed_connections() == 1);
}

TEST_CASE("a session ends cleanly with transfers under way", "[http]") {
  test::FaultServer server;
  server.script("/stalled", {test::stalls()});
  const auto counter = std::make_shared<Counter>();
  {
    const HttpSession session;
    for (int i = 0; i < 10; ++i) session.transport()->start(request_for(server.url("/stalled")), counter);
    while (server.count("/stalled") == 0) std::this_thread::sleep_for(1ms);
  }
  CHECK(counter.use_count() == 1);
}

TEST_CASE("credentials go to their origin and not along a redirect to another", "[http]") {
  test::HttpServer first;
  test::HttpServer second;
  first.add("/here", [&](const test::Received&) {
    return test::Answer{.status = 302, .headers = {{"Location", "/moved"}}};
  });
  first.add("/away", [&](const test::Received&) {
    return test::Answer{.status = 302, .headers = {{"Location", second.url("/tile")}}};
  });
  second.add("/back", [&](const test::Received&) {
    return test::Answer{.status = 307, .headers = {{"Location", first.url("/moved")}}};
  });
  first.add("/moved", "first");
  second.add("/tile", "second");
  const HttpSession session(
      HttpOptions{.headers = {{"X-Authorization", "Token secret"}}, .basic_auth = BasicAuth{"em", "section20"}});
  const auto get = [&](const std::string& url) {
    Request request = request_for(url);
    request.credentials = session.credentials_for(first.url("/"));
    return session.get(std::move(request));
  };

  CHECK(text(get(first.url("/here"))) == "first");
  const Response away = get(first.url("/away"));
  CHECK(text(away) == "second");
  CHECK(away.url == second.url("/tile"));
  CHECK(text(get(second.url("/back"))) == "first");

  for (const auto& received : first.requests()) {
    CAPTURE(received.target());
    CHECK(received.header("x-authorization") == "Token secret");
    CHECK(received.header("authorization") == "Basic ZW06c2VjdGlvbjIw");
  }
  REQUIRE(second.requests().size() == 2);
  for (const auto& received : second.requests()) {
    CAPTURE(received.target());
    CHECK(received.header("x-authorization").empty());
    CHECK(received.header("authorization").empty());
  }
}

TEST_CASE("an answer tells which secrets went along, and which a redirect left behind", "[http]") {
  test::HttpServer first;
  test::HttpServer second;
  first.add("/away", test::Answer{.status = 302, .headers = {{"Location", second.url("/tile")}}});
  second.add("/tile", "second");
  first.add("/tile", "first");
  const HttpSession session(
      HttpOptions{.headers = {{"X-Authorization", "Token secret"}}, .basic_auth = BasicAuth{"em", "section20"}});
  Request request = request_for(first.url("/tile"));
  request.credentials = session.credentials_for(request.url);
  const Response own = session.get(request);
  CHECK(own.secrets_sent == "X-Authorization, Authorization");
  CHECK(own.secrets_withheld.empty());
  request.url = first.url("/away");
  const Response away = session.get(request);
  CHECK(away.secrets_sent.empty());
  CHECK(away.secrets_withheld == "X-Authorization, Authorization");
  request.url = second.url("/tile");  // nobody was to expect them there
  CHECK(session.get(request).secrets_withheld.empty());
}

TEST_CASE("secrets follow a redirect from http: to https: of the same host, on other ports if they may", "[http]") {
  test::HttpServer plain;
  test::HttpServer secure{test::HttpServer::Tls{}};
  plain.add("/tile", test::Answer{.status = 301, .headers = {{"Location", secure.url("/tile")}}});
  secure.add("/tile", "voxels");
  const test::TempDir temp;
  const auto upgrades = GENERATE(Upgrades::default_ports, Upgrades::any_port);
  const HttpSession session(HttpOptions{.basic_auth = BasicAuth{"em", "section20"},
                                        .upgrades = upgrades,
                                        .ca_file = temp.write("ca.pem", secure.certificate()).string()});
  Request request = request_for(plain.url("/tile"));
  request.credentials = session.credentials_for(request.url);
  const Response response = session.get(request);
  CHECK(text(response) == "voxels");
  const bool sent = upgrades == Upgrades::any_port;
  CHECK(secure.requests().at(0).header("authorization") == (sent ? "Basic ZW06c2VjdGlvbjIw" : ""));
  CHECK(response.secrets_withheld == (sent ? "" : "Authorization"));
}

TEST_CASE("a session that is bound gives its secrets to one origin only", "[http]") {
  const HttpSession session(HttpOptions{.headers = {{"X-Key", "k"}}, .basic_auth = BasicAuth{"em", "pw"}});
  CHECK(session.credentials_for("http://a/") != nullptr);
  const HttpSession bound = session.bound_to("http://a/x");
  CHECK(bound.transport() == session.transport());
  CHECK(bound.credentials_for("http://a/y")->names() == "X-Key, Authorization");
  CHECK(bound.credentials_for("https://a/y") != nullptr);
  CHECK(bound.credentials_for("http://b/") == nullptr);
  CHECK(bound.bound_to("http://b/").credentials_for("http://b/") == nullptr);

  const HttpSession other = bound.with_secrets("http://b/", BasicAuth{"em", "b"}, {{"X-B", "b"}});
  CHECK(other.credentials_for("http://b/")->names() == "X-B, Authorization");  // and not a's
  CHECK(other.credentials_for("http://a/") == nullptr);
  const HttpSession more = bound.with_secrets("http://a/", BasicAuth{"em", "new"}, {{"X-A", "a"}});
  const auto lines = more.credentials_for("http://a/")->headers_for("http://a/");
  REQUIRE(lines.size() == 3);
  CHECK(lines[0].name == "X-Key");
  CHECK(lines[2].value == "Basic ZW06bmV3");  // printf em:new | base64
}

TEST_CASE("what a session lends does not outlive a temporary", "[http]") {
  const HttpOptions& options = HttpSession(HttpOptions{.user_agent = "lab"}).options();
  CHECK(options.user_agent == "lab");
  static_assert(std::is_same_v<decltype(HttpSession().options()), HttpOptions>);
  static_assert(std::is_same_v<decltype(HttpSession().transport()), std::shared_ptr<Transport>>);
}

TEST_CASE("no header smuggles in another", "[http]") {
  for (const std::string& agent : {"lab\r\nX-Evil: 1"s, "lab\n"s, "l\0b"s}) {
    CHECK_THROWS_WITH(HttpSession(HttpOptions{.user_agent = agent}),
                      "HttpOptions: user_agent must hold no line break and no NUL");
  }
  CHECK_THROWS_WITH(HttpSession(HttpOptions{.headers = {{"X-Key", "k\r\nX-Evil: 1"}}}),
                    "a header line that cannot be sent: its name is \"X-Key\"");
  test::HttpServer server;
  server.add("/tile", "voxels");
  Request request = request_for(server.url("/tile"));
  request.headers = {{"X-Key", "k\r\nX-Evil: 1"}};
  const Error error = test::error_of([&] { (void)HttpSession().get(request); });
  CHECK(error.code() == Errc::invalid_argument);
  CHECK(error.what() == std::string("a header line that cannot be sent: its name is \"X-Key\""));
  CHECK(server.requests().empty());
}

TEST_CASE("options that make no sense are refused", "[http]") {
  CHECK_THROWS_WITH(HttpSession(HttpOptions{.max_connections = 0}), "HttpOptions: max_connections must be at least 1");
  CHECK_THROWS_WITH(HttpSession(HttpOptions{.retry = {.max_attempts = 0}}),
                    "HttpOptions: retry.max_attempts must be at least 1");
}
