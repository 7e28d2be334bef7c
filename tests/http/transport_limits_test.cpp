// What the process cannot give, or takes away: threads, descriptors, itself.

#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catvox/core/error.hpp>
#include <catvox/http/session.hpp>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <future>
#include <limits>
#include <memory>
#include <string>
#include <thread>

#include "http/transport_contract.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/fault_server.hpp"
#include "support/http_server.hpp"
#include "support/temp_dir.hpp"

using namespace catvox;
using namespace std::chrono_literals;

namespace {

Request request_for(std::string url) {
  Request request;
  request.url = std::move(url);
  return request;
}

HttpOptions quick() { return {.max_connections = 4, .threads = 2, .retry = {.max_attempts = 1}}; }

// No thread can be started meanwhile: each would get a stack larger than there are addresses.
class NoThreads {
 public:
  NoThreads() {
    REQUIRE(::pthread_getattr_default_np(&before_) == 0);
    pthread_attr_t huge;
    REQUIRE(::pthread_attr_init(&huge) == 0);
    REQUIRE(::pthread_attr_setstacksize(&huge, std::size_t{1} << 50) == 0);
    REQUIRE(::pthread_setattr_default_np(&huge) == 0);
    ::pthread_attr_destroy(&huge);
  }
  ~NoThreads() {
    ::pthread_setattr_default_np(&before_);
    ::pthread_attr_destroy(&before_);
  }
  NoThreads(const NoThreads&) = delete;
  NoThreads& operator=(const NoThreads&) = delete;

 private:
  pthread_attr_t before_{};
};

// No descriptor can be had meanwhile.
class NoDescriptors {
 public:
  NoDescriptors() {
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &before_) == 0);
    const int next = ::open("/dev/null", O_RDONLY);
    REQUIRE(next >= 0);
    ::close(next);
    rlimit none = before_;
    none.rlim_cur = static_cast<rlim_t>(next);
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
  }
  ~NoDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  NoDescriptors(const NoDescriptors&) = delete;
  NoDescriptors& operator=(const NoDescriptors&) = delete;

 private:
  rlimit before_{};
};

}  // namespace

#ifndef __SANITIZE_ADDRESS__  // whose runtime aborts where a thread gets no stack
TEST_CASE("no thread to be had is an error each time, until there are some again", "[http]") {
  test::HttpServer server;
  server.add("/tile", "x");
  {
    // The server starts a thread for each connection: let it do so before.
    const HttpSession session(quick());
    {
      const NoThreads limit;
      for (int i = 0; i < 3; ++i) {
        const Error error = test::error_of([&] { (void)session.get(request_for(server.url("/tile"))); });
        CHECK(error.code() == Errc::io);
        CHECK(error.what() == std::string("cannot start a thread: Resource temporarily unavailable"));
      }
    }
    CHECK(session.get(request_for(server.url("/tile"))).status == 200);
  }
  const NoThreads limit;
  const HttpSession never(quick());
  CHECK_THROWS_AS(never.get(request_for(server.url("/tile"))), Error);
}
#endif

TEST_CASE("no descriptor to be had is an error that says so, until there are some again", "[http]") {
  test::HttpServer server;
  server.add("/tile", "x");
  const HttpSession session(quick());
  SECTION("when the first request is made") {
    {
      const NoDescriptors limit;
      for (int i = 0; i < 3; ++i) {
        const Error error = test::error_of([&] { (void)session.get(request_for(server.url("/tile"))); });
        CHECK(error.code() == Errc::io);
        CHECK(error.what() == std::string("cannot begin to fetch: Too many open files"));
      }
    }
    CHECK(session.get(request_for(server.url("/tile"))).status == 200);
  }
  SECTION("later") {
    test::HttpServer other;
    other.add("/tile", "x");
    CHECK(session.get(request_for(server.url("/tile"))).status == 200);
    {
      const NoDescriptors limit;
      const Error error = test::error_of([&] { (void)session.get(request_for(other.url("/tile"))); });
      CHECK(error.code() == Errc::connection);
      CHECK(error.what() == std::string("cannot connect: Too many open files"));
    }
    CHECK(session.get(request_for(other.url("/tile"))).status == 200);
  }
}

#ifndef __SANITIZE_THREAD__  // which has no threads in a child of a process that had some
TEST_CASE("a forked child hears at once what to do, and a session of its own works", "[http]") {
  test::HttpServer server;
  server.add("/tile", "x");
  test::FaultServer silent;
  silent.script("/stalled", {test::stalls()});
  auto session = std::make_unique<HttpSession>(quick());
  REQUIRE(session->get(request_for(server.url("/tile"))).status == 200);
  const auto handler = std::make_shared<test::ContractHandler>();
  const auto under_way = session->transport()->start(request_for(silent.url("/stalled")), handler);
  while (silent.count("/stalled") == 0) std::this_thread::sleep_for(1ms);

  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(30);  // ends a child that hangs
    const auto check = [](bool holds, int code) {
      if (!holds) ::_exit(code);
    };
    try {
      (void)session->get(request_for(server.url("/tile")));
      ::_exit(1);
    } catch (const Error& error) {
      check(error.what() == std::string("this session was used before fork(), and its threads are the parent's: make a "
                                        "new CatmaidClient or HttpSession in the child"),
            2);
      check(error.code() == Errc::io, 3);
    }
    session->transport()->cancel(under_way);
    try {
      const HttpSession own(quick());
      check(own.get(request_for(server.url("/tile"))).status == 200, 4);
    } catch (...) {
      ::_exit(5);
    }
    session.reset();
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
  CHECK(session->get(request_for(server.url("/tile"))).status == 200);  // the parent's connections live on
}
#endif

TEST_CASE("a process ends in the middle of transfers over TLS", "[http]") {
  test::HttpServer server{test::HttpServer::Tls{}};
  server.add("/tile", std::string(200'000, 'x'));
  const test::TempDir temp;
  const auto certificate = temp.write("ca.pem", server.certificate()).string();
  const std::string command = std::string(EXIT_PROGRAM) + " " + server.url("/tile") + " " + certificate;
  for (int i = 0; i < 15; ++i) {
    CAPTURE(i);
    REQUIRE(std::system(command.c_str()) == 0);
  }
}

TEST_CASE("threads of the library take no signals", "[http]") {
  test::HttpServer server;
  server.add("/tile", "x");
  const HttpSession session(quick());
  std::promise<bool> blocked;
  const auto handler = std::make_shared<test::ContractHandler>([&](Response&) {
    sigset_t mask;
    ::pthread_sigmask(SIG_SETMASK, nullptr, &mask);
    blocked.set_value(::sigismember(&mask, SIGINT) == 1 && ::sigismember(&mask, SIGTERM) == 1 &&
                      ::sigismember(&mask, SIGUSR1) == 1);
  });
  session.transport()->start(request_for(server.url("/tile")), handler);
  CHECK(blocked.get_future().get());
}

TEST_CASE("options as large as they can be are no more than very large", "[http]") {
  test::HttpServer server;
  server.add("/tile", "x");
  constexpr auto most = std::chrono::milliseconds::max();
  const HttpSession session({.max_connections = std::numeric_limits<int>::max(),
                             .connect_timeout = most,
                             .stall_timeout = most,
                             .min_bytes_per_second = std::numeric_limits<std::size_t>::max(),
                             .outage_timeout = most,
                             .retry = {.max_attempts = std::numeric_limits<int>::max(),
                                       .initial_delay = most,
                                       .max_delay = most,
                                       .max_retry_after = most},
                             .max_body_bytes = std::numeric_limits<std::size_t>::max(),
                             .max_bytes_in_flight = std::numeric_limits<std::size_t>::max()});
  Request request = request_for(server.url("/tile"));
  request.timeout = request.deadline = most;
  request.max_body_bytes = std::numeric_limits<std::size_t>::max();
  CHECK(session.get(request).status == 200);
  CHECK(session.transport()->concurrency() > 0);
}
