#include "http/pacer.hpp"

#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>

#include "support/catch.hpp"

using catvox::detail::Pacer;
using namespace std::chrono_literals;

namespace {

using Clock = Pacer::Clock;

// A server that limits its clients, as nginx does it: a bucket that leaks, or so many requests at a time. Time is
// simulated.
struct Limits {
  double rate = 0;  // a second; 0: any
  double burst = 0;
  std::size_t at_a_time = 1000;
  Clock::duration latency = 1ms;
  std::chrono::milliseconds retry_after{0};
  Clock::duration down_from{}, down_to{};
};

class Server {
 public:
  explicit Server(Limits limits) : limits_(limits) {}

  bool takes(Clock::duration now) {
    if (now >= limits_.down_from && now < limits_.down_to) return false;
    if (under_way_ >= limits_.at_a_time) return false;
    if (limits_.rate > 0) {
      const double seconds = std::chrono::duration<double>(now - last_).count();
      const double excess = first_ ? 0 : std::max(excess_ - seconds * limits_.rate + 1, 0.0);
      if (excess > limits_.burst + 1e-9) return false;
      excess_ = excess;
      last_ = now;
      first_ = false;
    }
    ++under_way_;
    return true;
  }
  void done() { --under_way_; }

 private:
  const Limits limits_;
  std::size_t under_way_ = 0;
  double excess_ = 0;
  Clock::duration last_{};
  bool first_ = true;
};

struct Outcome {
  double seconds = 0;
  std::size_t refused = 0, refused_later = 0;  // later: after the first second
};

// Sends `count` requests as a session of `connections` does, looking at the pacer every quarter of a millisecond.
Outcome run(const Limits& limits, std::size_t count, std::size_t connections = 64) {
  Pacer pacer;
  Server server(limits);
  struct Answer {
    Pacer::Ticket ticket;
    bool accepted = false;
  };
  std::multimap<Clock::duration, Answer> answers;
  std::size_t waiting = count, done = 0;
  Outcome outcome;
  const Clock::time_point start = Clock::time_point() + 1000s;
  Clock::duration now{};
  for (; done < count && now < 300s; now += 250us) {
    while (!answers.empty() && answers.begin()->first <= now) {
      const auto [ticket, accepted] = answers.begin()->second;
      answers.erase(answers.begin());
      if (accepted) {
        server.done();
        pacer.accepted(ticket, start + now);
        ++done;
      } else {
        pacer.refused(ticket, start + now, limits.retry_after, false);
        ++waiting;
        ++outcome.refused;
        if (now > 1s) ++outcome.refused_later;
      }
    }
    while (waiting > 0 && answers.size() < connections && pacer.next_send(start + now) <= start + now) {
      const auto ticket = pacer.sent(start + now, --waiting > 0);
      const bool accepted = server.takes(now);
      answers.emplace(now + (accepted ? limits.latency : limits.latency / 2), Answer{ticket, accepted});
    }
  }
  outcome.seconds = std::chrono::duration<double>(now).count();
  REQUIRE(done == count);
  return outcome;
}

}  // namespace

TEST_CASE("a server that limits its rate is read at nearly that", "[http]") {
  const double rate = GENERATE(50, 100, 300);
  const Clock::duration latency = GENERATE(300us, 20ms, 50ms);
  const double burst = GENERATE(0, 20, 50);
  CAPTURE(rate, burst, latency.count());
  const std::size_t count = 2500;
  const Outcome outcome = run({.rate = rate, .burst = burst, .latency = latency}, count);
  CAPTURE(outcome.seconds, outcome.refused, outcome.refused_later);
  CHECK(outcome.seconds <= (burst > 0 ? 1.1 : 1.4) * static_cast<double>(count) / rate);
  CHECK(outcome.refused_later <= count / 20);
}

TEST_CASE("a server that limits requests at a time is read by so many", "[http]") {
  const std::size_t at_a_time = GENERATE(1, 4, 10);
  const Clock::duration latency = GENERATE(5ms, 50ms);
  CAPTURE(at_a_time, latency.count());
  const std::size_t count = 2500;
  const Outcome outcome = run({.at_a_time = at_a_time, .latency = latency}, count);
  CAPTURE(outcome.seconds, outcome.refused, outcome.refused_later);
  const double ideal = std::chrono::duration<double>(latency).count() * static_cast<double>(count / at_a_time);
  CHECK(outcome.seconds <= 1.1 * ideal + 0.5 * std::chrono::duration<double>(latency).count());
  CHECK(outcome.refused_later <= count / 20);
}

TEST_CASE("a server that asks for pauses is given them", "[http]") {
  const Outcome outcome = run({.rate = 100, .burst = 20, .latency = 5ms, .retry_after = 1s}, 2500);
  CAPTURE(outcome.seconds, outcome.refused);
  CHECK(outcome.seconds <= 1.7 * 25);  // a pause for each time that the limit is met
  CHECK(outcome.refused <= 125);
}

TEST_CASE("an outage is waited for, and then it is as before", "[http]") {
  const Outcome outcome = run({.at_a_time = 1000, .latency = 10ms, .down_from = 500ms, .down_to = 10'500ms}, 10'000);
  CAPTURE(outcome.seconds, outcome.refused);
  CHECK(outcome.seconds <= 10 + 1.0 + 1.3 * 10'000 / 64 * 0.010 + 1.0);
  CHECK(outcome.refused <= 150);
}

TEST_CASE("a few refusals that do not depend on the rate change nothing", "[http]") {
  Pacer pacer;
  const auto now = Clock::now();
  for (int i = 0; i < 10'000; ++i) {
    const auto ticket = pacer.sent(now, true);
    if (i % 10 == 3 || i % 97 < 3) {  // every tenth, and three in a row now and then
      pacer.refused(ticket, now, 0ms, false);
    } else {
      pacer.accepted(ticket, now);
    }
    REQUIRE(!pacer.engaged());
  }
}

TEST_CASE("a probe that is cancelled strands nobody", "[http]") {
  Pacer pacer;
  auto now = Clock::now();
  for (int i = 0; i < 6; ++i) pacer.refused(pacer.sent(now, true), now, 0ms, false);
  REQUIRE(pacer.engaged());
  now += 10ms;
  REQUIRE(pacer.next_send(now) <= now);
  (void)pacer.sent(now, true);
  CHECK(pacer.next_send(now) == Clock::time_point::max());
  pacer.gone();
  CHECK(pacer.next_send(now) <= now);
}
