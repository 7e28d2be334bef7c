#include "http/pacer.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <random>
#include <vector>

#include "support/catch.hpp"

using catvox::detail::Pacer;
using namespace std::chrono_literals;

namespace {

using Clock = Pacer::Clock;
using Time = Clock::duration;  // since the start

// A server that limits its clients: a bucket that leaks, whose clock knows whole milliseconds (nginx's limit_req), so many
// requests at a time (limit_conn), or a share whatever they do. Time is simulated.
struct Limits {
  double rate = 0;  // a second; 0: any
  double burst = 0;
  std::size_t at_a_time = 1000;
  double share = 0;  // refused for another reason
  Time latency = 1ms;
  std::chrono::milliseconds retry_after{0};
  Time down_from{}, down_to{};
};

class Server {
 public:
  explicit Server(const Limits& limits) : limits_(limits) {}

  bool takes(Time now) {
    if (now >= limits_.down_from && now < limits_.down_to) return false;
    if (under_way_ >= limits_.at_a_time) return false;
    if (limits_.rate > 0) {
      const auto tick = std::chrono::floor<std::chrono::milliseconds>(now);
      const double seconds = std::chrono::duration<double>(tick - last_).count();
      const double excess = first_ ? 0 : std::max(excess_ - seconds * limits_.rate + 1, 0.0);
      if (excess > limits_.burst + 1e-9) return false;
      excess_ = excess;
      last_ = tick;
      first_ = false;
    }
    ++under_way_;
    return true;
  }
  void done() { --under_way_; }

 private:
  const Limits& limits_;
  std::size_t under_way_ = 0;
  double excess_ = 0;
  std::chrono::milliseconds last_{};
  bool first_ = true;
};

struct Client {
  struct Answer {
    Pacer::Ticket ticket;
    bool accepted = false;
  };
  Pacer pacer;
  std::size_t waiting = 0, under_way = 0, done = 0;
  Time may_send{};  // when it wakes for that
  std::multimap<Time, Pacer::Ticket> on_their_way;
  std::multimap<Time, Answer> answers;
};

struct Outcome {
  double seconds = 0;
  std::size_t refused = 0, refused_later = 0;  // later: after the first second
};

// Each client sends `count` requests as a session of `connections` does. Waking, and each way, takes a while: 20 us as a
// rule, a millisecond now and then.
Outcome run(const Limits& limits, std::size_t count, std::size_t connections = 64, std::size_t clients = 1) {
  Server server(limits);
  std::vector<Client> all(clients);
  for (Client& client : all) client.waiting = count;
  std::mt19937 random(7);
  const auto late = [&] {
    const double mean = random() % 200 == 0 ? 1e-3 : 20e-6;
    return std::chrono::duration_cast<Time>(
        std::chrono::duration<double>(std::exponential_distribution<double>(1 / mean)(random)));
  };
  const auto fails = [&] { return std::uniform_real_distribution<double>()(random) < limits.share; };
  const Clock::time_point start = Clock::time_point() + 1000s;
  Outcome outcome;
  std::size_t done = 0;
  for (Time now{}; done < count * clients && now < 400s;) {
    auto next = now + 1s;
    for (Client& client : all) {
      while (!client.answers.empty() && client.answers.begin()->first <= now) {
        const auto [ticket, accepted] = client.answers.begin()->second;
        client.answers.erase(client.answers.begin());
        --client.under_way;
        client.may_send = now;
        if (accepted) {
          server.done();
          client.pacer.accepted(ticket, start + now);
          ++done;
          outcome.seconds = std::chrono::duration<double>(now).count();
        } else {
          client.pacer.refused(ticket, start + now, limits.retry_after, false);
          ++client.waiting;
          ++outcome.refused;
          if (now > 1s) ++outcome.refused_later;
        }
      }
      while (client.waiting > 0 && client.under_way < connections && client.may_send <= now) {
        const auto due = client.pacer.next_send(start + now);
        if (due == Clock::time_point::max()) break;
        if (due > start + now) {
          client.may_send = due - start + late();
          break;
        }
        const auto ticket = client.pacer.sent(start + now, --client.waiting > 0);
        ++client.under_way;
        client.on_their_way.emplace(now + limits.latency / 4 + late(), ticket);
      }
      if (client.may_send > now) next = std::min(next, client.may_send);
      while (!client.on_their_way.empty() && client.on_their_way.begin()->first <= now) {
        const auto ticket = client.on_their_way.begin()->second;
        client.on_their_way.erase(client.on_their_way.begin());
        const bool accepted = !fails() && server.takes(now);
        client.answers.emplace(now + limits.latency / (accepted ? 1 : 4) + late(), Client::Answer{ticket, accepted});
      }
      if (!client.on_their_way.empty()) next = std::min(next, client.on_their_way.begin()->first);
      if (!client.answers.empty()) next = std::min(next, client.answers.begin()->first);
    }
    now = std::max(next, now + 1us);
  }
  REQUIRE(done == count * clients);
  return outcome;
}

constexpr std::size_t count = 2500;

}  // namespace

TEST_CASE("a server that limits its rate is read at nearly that", "[http]") {
  const double rate = GENERATE(50, 100, 300);
  const Time latency = GENERATE(300us, 20ms, 50ms);
  const double burst = GENERATE(0, 20, 50);
  const std::size_t connections = GENERATE(1, 8, 64);
  CAPTURE(rate, burst, latency.count(), connections);
  const Outcome outcome = run({.rate = rate, .burst = burst, .latency = latency}, count, connections);
  CAPTURE(outcome.seconds, outcome.refused, outcome.refused_later);
  const double unlimited = 1.25 * std::chrono::duration<double>(latency).count() / static_cast<double>(connections);
  const double ideal = static_cast<double>(count) * std::max(1 / rate, unlimited);
  CHECK(outcome.seconds <= (burst > 0 ? 1.1 : 1.4) * ideal);
  // Who can hardly send more than the server allows is not paced.
  CHECK(outcome.refused_later <= count / (unlimited * rate > 0.7 ? 6 : 20));
}

TEST_CASE("a server that limits requests at a time is read by so many", "[http]") {
  const std::size_t at_a_time = GENERATE(1, 4, 10);
  const Time latency = GENERATE(5ms, 50ms);
  const std::size_t connections = GENERATE(8, 64);
  CAPTURE(at_a_time, latency.count(), connections);
  const Outcome outcome = run({.at_a_time = at_a_time, .latency = latency}, count, connections);
  CAPTURE(outcome.seconds, outcome.refused, outcome.refused_later);
  const double ideal = 1.25 * std::chrono::duration<double>(latency).count() * static_cast<double>(count) /
                       static_cast<double>(std::min(at_a_time, connections));
  CHECK(outcome.seconds <= 1.1 * ideal);
  CHECK(outcome.refused_later <= count / 20);
}

TEST_CASE("a server that asks for pauses is given few reasons to", "[http]") {
  const auto [rate, burst, longest] = GENERATE(table<double, double, double>(
      {{50, 20, 1.2}, {50, 0, 1.4}, {100, 20, 1.3}, {100, 0, 1.6}, {300, 20, 1.7}, {300, 0, 2.6}}));
  const std::size_t connections = GENERATE(1, 8, 64);
  CAPTURE(rate, burst, connections);
  const Outcome outcome = run({.rate = rate, .burst = burst, .latency = 1ms, .retry_after = 1s}, count, connections);
  CAPTURE(outcome.seconds, outcome.refused, outcome.refused_later);
  CHECK(outcome.seconds <= longest * static_cast<double>(count) / rate);
  CHECK(outcome.refused_later <= count / 100);
}

TEST_CASE("two readers at once share what a server allows", "[http]") {
  const auto [limits, longest] = GENERATE(table<Limits, double>({
      {{.rate = 100, .burst = 20}, 1.8 * 50},
      {{.rate = 300, .burst = 20}, 1.8 * 16.7},
      {{.at_a_time = 4, .latency = 50ms}, 1.3 * 62.5},
      {{.rate = 100}, 390},  // each is in the other's way
  }));
  CAPTURE(limits.rate, limits.burst, limits.at_a_time);
  const Outcome outcome = run(limits, count, 64, 2);
  CAPTURE(outcome.seconds, outcome.refused, outcome.refused_later);
  CHECK(outcome.seconds <= longest);
}

TEST_CASE("an outage is waited for, and then it is as before", "[http]") {
  const Outcome outcome = run({.latency = 10ms, .down_from = 500ms, .down_to = 10'500ms}, 10'000);
  CAPTURE(outcome.seconds, outcome.refused);
  CHECK(outcome.seconds <= 10 + 1.0 + 1.3 * 10'000 / 64 * 0.0125 + 1.0);
  CHECK(outcome.refused <= 150);
}

TEST_CASE("refusals that do not depend on the rate are not answered by less and less of it", "[http]") {
  const double share = GENERATE(0.02, 0.1, 0.2);
  const std::size_t connections = GENERATE(1, 8, 64);
  CAPTURE(share, connections);
  const Outcome outcome = run({.share = share, .latency = 10ms}, count, connections);
  CAPTURE(outcome.seconds, outcome.refused);
  const double unlimited = 0.0125 * static_cast<double>(count) / static_cast<double>(connections) / (1 - share);
  CHECK(outcome.seconds <= 1.3 * unlimited + (share > 0.1 ? 10 : 1));  // until it is known that pacing is in vain
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
  for (int i = 0; i < 12; ++i) pacer.refused(pacer.sent(now, true), now, 0ms, false);
  REQUIRE(pacer.engaged());
  now += 10ms;
  REQUIRE(pacer.next_send(now) <= now);
  (void)pacer.sent(now, true);
  CHECK(pacer.next_send(now) == Clock::time_point::max());
  pacer.gone();
  CHECK(pacer.next_send(now) <= now);
}
