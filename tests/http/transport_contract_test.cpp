// What every Transport keeps. Each case runs on the real one and on the scripted one of other tests: what is proved
// with the script holds of the real one only as far as both keep this.

#include <algorithm>
#include <atomic>
#include <catvox/http/session.hpp>
#include <cstdlib>
#include <future>
#include <new>
#include <stdexcept>

#include "http/transport_contract.hpp"
#include "support/catch.hpp"
#include "support/http_server.hpp"
#include "support/scripted_transport.hpp"

using namespace catvox;

namespace catvox::test {
namespace {

class RealTransport final : public ContractTransport {
 public:
  RealTransport() {
    for (const char* path : {"/a", "/b", "/c"}) server_.add(path, std::string(path));
  }
  Transport& transport() override { return *session_->transport(); }
  [[nodiscard]] std::string url(const std::string& path) const override { return server_.url(path); }
  void destroy() override { session_.reset(); }
  [[nodiscard]] std::size_t requests(const std::string& path) const override { return server_.count(path); }

 private:
  HttpServer server_;
  std::unique_ptr<HttpSession> session_ = std::make_unique<HttpSession>(HttpOptions{
      .max_connections = 1, .threads = 1, .retry = {.max_attempts = 3, .initial_delay = std::chrono::milliseconds(1)}});
};

class Scripted final : public ContractTransport {
 public:
  Transport& transport() override { return *transport_; }
  [[nodiscard]] std::string url(const std::string& path) const override { return "http://script" + path; }
  void destroy() override { transport_.reset(); }
  [[nodiscard]] std::size_t requests(const std::string& path) const override {
    const auto urls = transport_->urls();
    return static_cast<std::size_t>(std::count(urls.begin(), urls.end(), url(path)));
  }

 private:
  std::unique_ptr<ScriptedTransport> transport_ = std::make_unique<ScriptedTransport>(
      [](const std::string& url) {
        return ScriptedTransport::Reply{.body = url.substr(std::string("http://script").size())};
      },
      1, 3);
};

}  // namespace

std::vector<ContractCase> contract_cases() {
  return {{"curl", [] { return std::make_unique<RealTransport>(); }},
          {"script", [] { return std::make_unique<Scripted>(); }}};
}

}  // namespace catvox::test

namespace {

using test::ContractHandler;
using Heard = std::vector<std::string>;

// Holds the one thread of a transport in a handler.
class Occupied {
 public:
  explicit Occupied(test::ContractTransport& subject)
      : handler_(std::make_shared<ContractHandler>([this](Response&) {
          begun_.set_value();
          ended_.get_future().wait();
        })) {
    subject.transport().start(subject.request("/c"), handler_);
    begun_.get_future().wait();
  }
  ~Occupied() { release(); }
  Occupied(const Occupied&) = delete;
  Occupied& operator=(const Occupied&) = delete;
  void release() {
    if (!std::exchange(released_, true)) ended_.set_value();
  }

 private:
  std::promise<void> begun_, ended_;
  bool released_ = false;
  std::shared_ptr<ContractHandler> handler_;
};

// All that was started before has ended.
void settle(test::ContractTransport& subject) {
  const auto last = std::make_shared<ContractHandler>();
  subject.transport().start(subject.request("/b"), last);
  REQUIRE(last->wait_for(1));
}

}  // namespace

#define CONTRACT                                                      \
  const auto contract = GENERATE(from_range(test::contract_cases())); \
  INFO(contract.name);                                                \
  const auto subject = contract.make();                               \
  Transport& transport = subject->transport()

TEST_CASE("contract: an answer comes once, and not before start() returns", "[http][contract]") {
  CONTRACT;
  std::atomic<bool> returned = false;
  std::atomic<bool> early = false;
  const auto handler = std::make_shared<ContractHandler>([&](Response&) { early = !returned; });
  {
    Occupied occupied(*subject);
    transport.start(subject->request("/a"), handler);
    returned = true;
  }
  REQUIRE(handler->wait_for(1));
  settle(*subject);
  CHECK(handler->heard() == Heard{"/a"});
  CHECK_FALSE(early);
}

TEST_CASE("contract: a transfer that is cancelled before its handler runs is silent", "[http][contract]") {
  CONTRACT;
  const auto handler = std::make_shared<ContractHandler>();
  {
    Occupied occupied(*subject);
    const auto queued = transport.start(subject->request("/a"), handler);
    Response known;
    known.status = 200;
    const auto ready = transport.deliver(subject->request("/a"), std::move(known), handler);
    transport.cancel(queued);
    transport.cancel(ready);
    transport.cancel(ready);        // again
    transport.cancel(123'456'789);  // none of ours
  }
  settle(*subject);
  CHECK(handler->heard().empty());
  // The script remembers what it was asked for, whether it came to it or not.
  if (contract.name == std::string("curl")) CHECK(subject->requests("/a") == 0);
}

TEST_CASE("contract: no handler begins after a cancel in a handler", "[http][contract]") {
  CONTRACT;
  const bool throws = GENERATE(false, true);
  const auto code = GENERATE(Errc::corrupt_data, Errc::too_large);
  CAPTURE(throws, code);
  std::promise<Transport::TransferId> own;
  const auto own_id = own.get_future().share();
  const auto handler = std::make_shared<ContractHandler>([&](Response&) {
    transport.cancel(own_id.get());
    if (throws) throw Error(code, "no good");  // would be made again, or heard as an error
  });
  own.set_value(transport.start(subject->request("/a"), handler));
  REQUIRE(handler->wait_for(1));
  settle(*subject);
  CHECK(handler->heard() == Heard{"/a"});
  CHECK(subject->requests("/a") == 1);
}

TEST_CASE("contract: a handler can cancel another transfer, and start more", "[http][contract]") {
  CONTRACT;
  const auto other = std::make_shared<ContractHandler>();
  const auto next = std::make_shared<ContractHandler>();
  std::promise<Transport::TransferId> others;
  const auto handler = std::make_shared<ContractHandler>([&](Response&) {
    transport.cancel(others.get_future().get());
    transport.start(subject->request("/b"), next);
  });
  {
    Occupied occupied(*subject);
    transport.start(subject->request("/a"), handler);
    others.set_value(transport.start(subject->request("/a"), other));
  }
  REQUIRE(next->wait_for(1));
  settle(*subject);
  CHECK(other->heard().empty());
  CHECK(next->heard() == Heard{"/b"});
}

TEST_CASE("contract: whatever a handler throws is an error of its own transfer", "[http][contract]") {
  CONTRACT;
  const auto [name, thrown, code, text] = GENERATE(table<std::string, std::function<void()>, Errc, std::string>({
      {"Error", [] { throw Error(Errc::unsupported, "of another kind"); }, Errc::unsupported, "of another kind"},
      {"bad_alloc", [] { throw std::bad_alloc(); }, Errc::too_large, "not enough memory"},
      {"logic_error", [] { throw std::logic_error("not thought of"); }, Errc::io, "not thought of"},
      {"int", [] { throw 7; }, Errc::io, "an exception of a type that is not known"},
  }));
  CAPTURE(name);
  const auto throwing = thrown;
  const auto handler = std::make_shared<ContractHandler>([&](Response&) { throwing(); });
  transport.start(subject->request("/a"), handler);
  REQUIRE(handler->wait_for(2));
  settle(*subject);
  CHECK(handler->heard() == Heard{"/a", "error: " + text});
  CHECK(handler->code() == code);
}

TEST_CASE("contract: a body that does not decode is fetched again, so often and no more", "[http][contract]") {
  CONTRACT;
  const auto handler = std::make_shared<ContractHandler>([](Response&) { throw Error(Errc::corrupt_data, "cut"); });
  transport.start(subject->request("/a"), handler);
  REQUIRE(handler->wait_for(4));
  settle(*subject);
  CHECK(handler->heard() == Heard{"/a", "/a", "/a", "error: cut"});
  CHECK(subject->requests("/a") == 3);
}

TEST_CASE("contract: an answer that is here already is delivered, and fetched if it does not decode",
          "[http][contract]") {
  CONTRACT;
  const bool decodes = GENERATE(true, false);
  CAPTURE(decodes);
  const auto handler = std::make_shared<ContractHandler>([&](Response& response) {
    if (!decodes && response.attempts == 0) throw Error(Errc::corrupt_data, "stale");
  });
  Response known;
  known.status = 200;
  known.body.append(std::as_bytes(std::span(std::string_view("known"))));
  transport.deliver(subject->request("/a"), std::move(known), handler);
  REQUIRE(handler->wait_for(decodes ? 1 : 2));
  settle(*subject);
  CHECK(handler->heard() == (decodes ? Heard{"known"} : Heard{"known", "/a"}));
  CHECK(subject->requests("/a") == (decodes ? 0 : 1));
}

TEST_CASE("contract: the end of a transport is the silent end of what waits", "[http][contract]") {
  CONTRACT;
  const auto handler = std::make_shared<ContractHandler>();
  std::promise<void> begun;
  const auto slow = std::make_shared<ContractHandler>([&](Response&) {
    begun.set_value();
    std::this_thread::sleep_for(std::chrono::milliseconds(20));  // the end waits for it
  });
  transport.start(subject->request("/c"), slow);
  begun.get_future().wait();
  for (int i = 0; i < 20; ++i) transport.start(subject->request("/a"), handler);
  subject->destroy();
  CHECK(slow->heard() == Heard{"/c"});
  CHECK(handler->heard().empty());
  CHECK(handler.use_count() == 1);
}

TEST_CASE("contract: one thread and one connection are enough for very many requests", "[http][contract]") {
  CONTRACT;
  // Each is started at the moment that the thread has nothing to do: a wake-up that is lost shows as a minute's wait.
  // CATVOX_CONTRACT_REQUESTS=1000000 for a night.
  const char* const given = std::getenv("CATVOX_CONTRACT_REQUESTS");
  const int count = given != nullptr ? std::atoi(given) : 5000;
  int answered = 0;
  for (int i = 0; i < count; ++i) {
    const auto handler = std::make_shared<ContractHandler>();
    transport.start(subject->request("/a"), handler);
    if (!handler->wait_for(1)) break;
    ++answered;
  }
  CHECK(answered == count);
}
