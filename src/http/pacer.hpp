#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace catvox::detail {

/// How fast requests may be sent to one origin, learnt from which of them it refuses (429, 503, no connection).
///
///   open    no pacing: a few refusals that do not depend on the rate change nothing
///   probe   refusals are proven: waits until nothing is in flight, then sends one request at a time, later and later
///           while they are refused
///   window  the probes were all fine: twice as many at a time as long as none is refused, evenly spaced over what one
///           takes, until it is as before
///   rate    a probe or a window was refused: so many a second, evenly spaced. A limit on requests at a time is met as a
///           rate, too. Pacing that did not help is given up: the refusals depend on something else
///
/// A refusal tells of the pace at which its request was sent: one of a request sent before the last change says nothing.
/// No pause of a Retry-After is cut short. Knows no clock and no lock: whoever calls has both.
class Pacer {
 public:
  using Clock = std::chrono::steady_clock;
  using milliseconds = std::chrono::milliseconds;

  /// What a request was sent under.
  struct Ticket {
    std::uint32_t epoch = 0;
    bool crowded = false;  // others waited for their turn
    Clock::time_point sent{};
  };

  [[nodiscard]] bool engaged() const noexcept { return state_ != State::open; }

  /// When the next request may go: not later than `now`: at once; max: not before another one came back.
  [[nodiscard]] Clock::time_point next_send(Clock::time_point now) const noexcept;

  /// A request goes. \param crowded  others wait behind it
  [[nodiscard]] Ticket sent(Clock::time_point now, bool crowded) noexcept;

  // One of these follows for each.
  void accepted(const Ticket& ticket, Clock::time_point now) noexcept;
  /// \param pause    that the server asks for; 0: it does not say
  /// \param certain  it was not the request that was refused but the connection, by a server that took some before
  void refused(const Ticket& ticket, Clock::time_point now, milliseconds pause, bool certain) noexcept;
  void gone() noexcept { --in_flight_; }  ///< cancelled, or failed in another way

  /// Of the last answers, roughly.
  [[nodiscard]] double refused_share() const noexcept { return refused_share_; }

  /// Requests that were accepted so far, and when the last of them was.
  [[nodiscard]] std::uint64_t accepted_count() const noexcept { return accepted_count_; }
  [[nodiscard]] Clock::time_point last_accepted() const noexcept { return last_accepted_; }

 private:
  enum class State : std::uint8_t { open, probe, window, rate };

  // What was accepted in the last second.
  class Meter {
   public:
    void count(Clock::time_point now) noexcept;
    [[nodiscard]] double rate(Clock::time_point now) const noexcept;

   private:
    static constexpr std::int64_t slots = 8;
    [[nodiscard]] static std::int64_t slot_of(Clock::time_point time) noexcept;
    std::array<std::int64_t, slots> slot_{};
    std::array<std::uint32_t, slots> count_{};
  };

  [[nodiscard]] bool is_proven() const noexcept;
  void begin_probe(Clock::time_point now) noexcept;
  void begin_window() noexcept;
  void begin_rate(double rate, Clock::time_point now) noexcept;
  void grow_window() noexcept;
  void reopen() noexcept;
  void grow_rate(const Ticket& ticket, Clock::time_point now) noexcept;
  void cut_rate(Clock::time_point now) noexcept;
  [[nodiscard]] Clock::duration spacing() const noexcept;

  State state_ = State::open;
  std::uint32_t epoch_ = 0;  // of the pace: requests of an earlier one tell nothing
  std::size_t in_flight_ = 0;
  double refused_share_ = 0;
  std::uint64_t accepted_count_ = 0;
  Clock::time_point last_accepted_{};
  Clock::time_point paused_until_{};
  double pause_ = 0;  // seconds that a refusal costs
  Meter meter_;

  std::uint64_t history_ = 0;  // open: of the last answers, the latest in bit 0; 1: refused
  bool in_vain_ = false;       // open: requests were paced, and refused all the same

  int streak_ = 0;                  // probe: accepted one after the other
  milliseconds gap_{0};             // probe: after a refusal
  bool refused_since_ = false;      // probe: since the last that was accepted
  Clock::time_point last_probe_{};  // probe: when the last was sent that was accepted
  Clock::time_point next_{};        // no sending before

  std::size_t window_ = 1;  // window: in flight
  std::size_t clean_ = 0;   // window, rate: accepted since the last change

  double latency_ = 0;           // window: seconds until an answer comes
  double rate_ = 0;              // rate: a second
  double cut_ = 0, growth_ = 0;  // rate: by which share
  double best_ = 0;              // rate: that was accepted a second, since or before it was paced
  double refused_rate_ = 0;      // rate: the last that was too fast
  bool limit_met_ = false;       // rate: once
  Clock::time_point grown_{};    // rate: last, before it was met
};

}  // namespace catvox::detail
