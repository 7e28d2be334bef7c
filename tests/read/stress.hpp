#pragma once

#include <catvox/array/level_source.hpp>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <random>
#include <stop_token>
#include <thread>

namespace catvox::test {

using StressClock = std::chrono::steady_clock;

inline StressClock::time_point end_of_stress() {
  const char* seconds = std::getenv("CATVOX_STRESS_SECONDS");
  return StressClock::now() + std::chrono::seconds(seconds != nullptr ? std::atoi(seconds) : 2);
}

class Dice {
 public:
  explicit Dice(unsigned seed) : random_(seed) {}
  std::int64_t below(std::int64_t end) {
    return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(end));
  }
  bool one_in(std::int64_t n) { return below(n) == 0; }

 private:
  std::mt19937_64 random_;
};

inline Selection3 random_box(Dice& dice, const Shape3& shape) {
  Selection3 selection;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const auto count = 1 + dice.below(shape[axis]);
    const auto start = dice.below(shape[axis] - count + 1);
    selection[axis] = dice.one_in(4) ? AxisSelection{start + count - 1, -1, count} : AxisSelection{start, 1, count};
  }
  return selection;
}

// Fires a token after a moment, on a thread of its own.
inline std::jthread fire_soon(Dice& dice, std::stop_source& stop) {
  const auto delay = std::chrono::microseconds(dice.below(300));
  return std::jthread([stop, delay]() mutable {
    std::this_thread::sleep_for(delay);
    stop.request_stop();
  });
}

}  // namespace catvox::test
