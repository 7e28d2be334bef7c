#pragma once

#include <chrono>
#include <cstddef>

namespace catvox::detail {

/// How one transfer gets on: whether it stalls (no byte for a while) or trickles (fewer bytes a second than make sense,
/// over as long a while). Time that it is paused for does not count: then it is we who wait.
class Progress {
 public:
  using Clock = std::chrono::steady_clock;
  enum class Fault { none, stalled, trickles, neighbour };  // neighbour: on the connection of one that stalls

  struct Limits {
    std::chrono::milliseconds stall{};  // without a byte, and the length of a window
    std::size_t bytes_per_second = 0;   // over a window; 0: as slow as it likes
    [[nodiscard]] std::size_t bytes_per_window() const noexcept {
      return static_cast<std::size_t>(static_cast<double>(bytes_per_second) *
                                      std::chrono::duration<double>(stall).count());
    }
  };

  void begin(Clock::time_point now) noexcept { *this = Progress(now); }

  void arrived(Clock::time_point now, std::size_t bytes) noexcept {
    // Windows begin with the first byte: until then the server thinks.
    if (window_ == Clock::time_point()) window_ = now;
    last_byte_ = now;
    bytes_ += bytes;
  }

  void pause() noexcept { paused_ = true; }
  void resume(Clock::time_point now) noexcept {
    paused_ = false;
    last_byte_ = window_ = now;
    bytes_ = 0;
  }

  /// Looked at now and then; ends a window that is over.
  [[nodiscard]] Fault look(Clock::time_point now, const Limits& limits) noexcept {
    if (paused_) return Fault::none;
    if (now - last_byte_ >= limits.stall) return Fault::stalled;
    if (window_ == Clock::time_point() || now - window_ < limits.stall) return Fault::none;
    const bool enough = bytes_ >= limits.bytes_per_window();
    window_ = now;
    bytes_ = 0;
    return enough ? Fault::none : Fault::trickles;
  }

  Progress() = default;

 private:
  explicit Progress(Clock::time_point now) : last_byte_(now) {}

  Clock::time_point last_byte_{};
  Clock::time_point window_{};  // when the current one began; none before the first byte
  std::size_t bytes_ = 0;       // in it
  bool paused_ = false;
};

}  // namespace catvox::detail
