// Memory that runs out anywhere in the fetching threads, or where a request is made. A program of its own: it replaces
// operator new.

#include <atomic>
#include <catvox/core/error.hpp>
#include <catvox/http/session.hpp>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <new>
#include <string>

#include "support/catch.hpp"
#include "support/fault_server.hpp"

namespace {

// Of the threads that are marked, the allocation of this number fails, and those after it if the shortage lasts.
std::atomic<long> allocations_left{-1};  // negative: no shortage
std::atomic<bool> lasting{false};
std::atomic<long> failures{0};
thread_local bool marked = false;

bool fails() noexcept {
  if (!marked || allocations_left.load() < 0) return false;
  const long left = allocations_left.fetch_sub(1);
  if (left > 0) return false;
  if (lasting) allocations_left = 0;
  ++failures;
  return true;
}

}  // namespace

[[gnu::noinline]] void* operator new(std::size_t size) {
  if (!fails()) {
    if (void* const memory = std::malloc(size > 0 ? size : 1)) return memory;
  }
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

using namespace catvox;
using namespace std::chrono_literals;

namespace {

// Allocates nothing itself.
class Counter final : public TransferHandler {
 public:
  void on_response(Response&) override {
    marked = true;
    count();
  }
  void on_error(const Error&) noexcept override { count(); }
  bool wait_for(int ended) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 20s, [&] { return ended_ >= ended; });
  }
  int ended() {
    const std::lock_guard lock(mutex_);
    return ended_;
  }

 private:
  void count() noexcept {
    const std::lock_guard lock(mutex_);
    ++ended_;
    changed_.notify_all();
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  int ended_ = 0;
};

}  // namespace

TEST_CASE("memory that runs out anywhere in a transfer is the end of that transfer and of nothing else", "[http]") {
  test::FaultServer server;
  server.script("/tile", {test::answers(200, std::string(2000, 't'), {{"ETag", "\"a name that is not short\""}})});
  server.script("/moved", {test::redirects("/tile")});
  server.script("/none", {test::answers(404, "there is nothing here, and it says so at length")});
  server.script("/broken", {test::resets()});
  lasting = GENERATE(false, true);
  CAPTURE(lasting.load());
  const HttpSession session({.max_connections = 2, .threads = 1, .retry = {.max_attempts = 2, .initial_delay = 1ms}});
  const auto first = std::make_shared<Counter>();
  Request request;
  request.url = server.url("/tile");
  session.transport()->start(request, first);  // marks the thread
  REQUIRE(first->wait_for(1));

  long failed = 0;
  bool finished = false;
  for (long n = 0; n < 400 && !finished; ++n) {
    CAPTURE(n);
    const auto counter = std::make_shared<Counter>();
    int started = 0;
    failures = 0;
    marked = true;
    for (const char* path : {"/tile", "/moved", "/none", "/broken"}) {
      allocations_left = -1;
      request.url = server.url(path);
      request.cacheable = true;
      Request copy = request;
      allocations_left = n;
      try {
        session.transport()->start(std::move(copy), counter);
        ++started;
      } catch (const Error& error) {
        if (error.code() != Errc::too_large) std::abort();
      }
      const bool ended = counter->wait_for(started);
      allocations_left = -1;
      REQUIRE(ended);
    }
    marked = false;
    failed += failures;
    finished = failures == 0;
    REQUIRE(counter->ended() == started);
  }
  CHECK(finished);
  CHECK(failed > 20);
  request.url = server.url("/tile");
  CHECK(session.get(request).status == 200);
}
