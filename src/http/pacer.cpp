#include "http/pacer.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace catvox::detail {
namespace {

using namespace std::chrono_literals;
using Seconds = std::chrono::duration<double>;

// Refusals are proven by so many of the last so many answers, and by no less than a share of what is in flight, since
// refusals come before what was accepted with them. A server that fails one request in ten, whatever their rate, does
// not get there; one for which pacing was tried in vain has to refuse nearly all.
constexpr int proof = 12, proof_of = 16;
constexpr int slow_proof = 16, strict_proof = 58;  // of the last 64
constexpr std::size_t proof_in_flight = 3;         // one in so many
constexpr double share_of = 64;                    // answers, weighted by their age
constexpr double in_vain = 0.25;                   // of what was accepted a second before

constexpr std::chrono::milliseconds longest_gap = 1s;  // between probes: how soon a server that is back is noticed
constexpr std::chrono::milliseconds longest_spacing = 500ms;  // that a limit explains; longer ones are an outage
constexpr int trusting_probes = 4;                            // accepted one after the other: not a limit on the rate
constexpr std::size_t no_limit = 256;                         // requests at a time that no session has

// In the steady state about 3 % of the requests are refused: growth and cuts then balance.
constexpr double first_cut = 0.3, cut_shrinks = 0.67, last_cut = 0.04;
constexpr double first_growth = 0.25;  // with one accepted at the last rate, until the limit was met
constexpr std::chrono::milliseconds first_step = 50ms;
constexpr double steady_growth = 0.0012;  // so, but no faster than
constexpr double fastest_growth = 0.05;
constexpr double growth_a_second = 0.2;  // a server's burst hides its limit for a while
constexpr std::size_t clean_run = 500;   // accepted without a refusal: the limit is far, growth doubles
constexpr double slowest_rate = 0.5;     // a second
constexpr double fastest_rate = 20'000;  // as good as none

// Where each refusal costs a pause (Retry-After), the limit is met from below, and what was too fast is seldom tried.
constexpr double costly_start = 20;  // a second
constexpr double first_costly_cut = 0.5, last_costly_cut = 0.1;
constexpr double near_limit = 0.9;

}  // namespace

std::int64_t Pacer::Meter::slot_of(Clock::time_point time) noexcept { return time.time_since_epoch() / 125ms; }

void Pacer::Meter::count(Clock::time_point now) noexcept {
  const auto slot = slot_of(now);
  const auto i = static_cast<std::size_t>(slot % slots);
  if (slot_[i] != slot) {
    slot_[i] = slot;
    count_[i] = 0;
  }
  ++count_[i];
}

double Pacer::Meter::rate(Clock::time_point now) const noexcept {
  const auto slot = slot_of(now);
  double count = 0;
  for (std::size_t i = 0; i < count_.size(); ++i) {
    if (slot - slot_[i] < slots) count += count_[i];
  }
  return count;  // of one second
}

Pacer::Clock::time_point Pacer::next_send(Clock::time_point now) const noexcept {
  if (state_ == State::open) return {};
  if (now < paused_until_) return paused_until_;
  switch (state_) {
    case State::probe:
      return in_flight_ > 0 ? Clock::time_point::max() : next_;
    case State::window:
      return in_flight_ >= window_ ? Clock::time_point::max() : next_;
    default:
      return next_;
  }
}

Pacer::Ticket Pacer::sent(Clock::time_point now, bool crowded) noexcept {
  ++in_flight_;
  if (state_ == State::rate || state_ == State::window) {
    next_ = now + spacing();  // a late one is not made up for: the next would come too soon after it
  }
  return {epoch_, crowded, now};
}

void Pacer::accepted(const Ticket& ticket, Clock::time_point now) noexcept {
  --in_flight_;
  ++accepted_count_;
  last_accepted_ = now;
  refused_share_ -= refused_share_ / share_of;
  if (state_ == State::open) {
    history_ <<= 1;
    meter_.count(now);
    return;
  }
  meter_.count(now);
  if (ticket.epoch != epoch_) return;
  if (state_ != State::rate) {
    const double latency = Seconds(now - ticket.sent).count();
    latency_ = latency_ > 0 ? latency_ + (latency - latency_) / 8 : latency;
  }
  switch (state_) {
    case State::probe:
      // The time that passed between two that were accepted, when others between them were not, is the spacing that the
      // server wants; unless it was out of order for a while: then what follows at once is accepted, too.
      if (refused_since_ && streak_ > 0 && ticket.sent - last_probe_ < longest_spacing) {
        begin_rate(1 / Seconds(ticket.sent - last_probe_).count(), now);
        return;
      }
      if (pause_ > 0) {
        begin_rate(costly_start, now);
        return;
      }
      streak_ = refused_since_ ? 1 : streak_ + 1;
      refused_since_ = false;
      gap_ = {};
      next_ = now;
      last_probe_ = ticket.sent;
      if (streak_ >= trusting_probes) begin_window();
      return;
    case State::window:
      if (ticket.crowded) grow_window();
      return;
    default:
      grow_rate(ticket, now);
      return;
  }
}

void Pacer::refused(const Ticket& ticket, Clock::time_point now, milliseconds pause, bool certain) noexcept {
  --in_flight_;
  refused_share_ += (1 - refused_share_) / share_of;
  if (pause.count() > 0) {
    paused_until_ = std::max(paused_until_, now + pause);
    pause_ = Seconds(pause).count();
  }
  if (state_ == State::open) {
    history_ = history_ << 1 | 1;
    if (certain || pause.count() > 0 || is_proven()) begin_probe(now);
    return;
  }
  if (ticket.epoch != epoch_) return;
  switch (state_) {
    case State::probe:
      refused_since_ = true;
      gap_ = std::clamp(2 * gap_, milliseconds(1), longest_gap);
      next_ = now + gap_;
      return;
    case State::window:
      begin_rate(static_cast<double>(std::max<std::size_t>(window_ / 2, 1)) / std::max(latency_, 1e-4), now);
      return;
    default:
      cut_rate(now);
      return;
  }
}

bool Pacer::is_proven() const noexcept {
  const int all = std::popcount(history_), latest = std::popcount(history_ << (64 - proof_of));
  return (all >= (in_vain_ ? strict_proof : slow_proof) || (!in_vain_ && latest >= proof)) &&
         proof_in_flight * static_cast<std::size_t>(all) >= in_flight_;
}

void Pacer::begin_probe(Clock::time_point now) noexcept {
  state_ = State::probe;
  best_ = meter_.rate(now);
  ++epoch_;
  streak_ = 0;
  gap_ = {};
  refused_since_ = false;
  last_probe_ = {};
  latency_ = 0;
  next_ = now;
}

void Pacer::begin_window() noexcept {
  state_ = State::window;
  ++epoch_;
  window_ = 1;
  clean_ = 0;
}

// Doubles as long as nothing is refused.
void Pacer::grow_window() noexcept {
  if (++clean_ < window_) return;
  window_ *= 2;
  clean_ = 0;
  if (window_ >= no_limit) reopen();  // it was an outage, and it is over
}

void Pacer::reopen() noexcept {
  state_ = State::open;
  history_ = 0;
}

void Pacer::begin_rate(double rate, Clock::time_point now) noexcept {
  state_ = State::rate;
  ++epoch_;
  rate_ = std::clamp(rate, slowest_rate, fastest_rate);
  cut_ = first_cut;
  growth_ = first_growth;
  limit_met_ = false;
  grown_ = now;
  clean_ = 0;
  next_ = now + spacing();
}

void Pacer::grow_rate(const Ticket& ticket, Clock::time_point now) noexcept {
  if (!ticket.crowded) return;
  if (!limit_met_) {  // once for as long as an answer takes: the last step has to be felt before the next
    if (ticket.sent < grown_ || now - grown_ < first_step) return;
    grown_ = now;
  }
  if (++clean_ % clean_run == 0) growth_ = std::min(2 * growth_, fastest_growth);
  // Where each refusal costs a pause, what was too fast is tried less often.
  const bool costly = limit_met_ && rate_ > near_limit * refused_rate_;
  rate_ = std::min(rate_ * (1 + (costly ? growth_ / (1 + pause_ * rate_) : growth_)), fastest_rate);
}

void Pacer::cut_rate(Clock::time_point now) noexcept {
  ++epoch_;
  const double accepted = meter_.rate(now);
  best_ = std::max(best_, accepted);
  refused_rate_ = rate_;
  const double cut = limit_met_ || pause_ == 0 ? cut_ : first_costly_cut;
  rate_ = std::max({rate_ * (1 - cut), std::min(rate_, 0.9 * accepted), slowest_rate});
  cut_ = std::max(cut_ * cut_shrinks, pause_ > 0 ? last_costly_cut : last_cut);
  limit_met_ = true;
  growth_ = std::min(steady_growth, growth_a_second / rate_);
  clean_ = 0;
  next_ = std::max(next_, now + spacing());
  if (rate_ < in_vain * best_) {  // a limit on the rate would have shown: these refusals have another reason
    in_vain_ = true;
    reopen();
  }
}

Pacer::Clock::duration Pacer::spacing() const noexcept {
  const double seconds = state_ == State::rate ? 1 / rate_ : 0.9 * latency_ / static_cast<double>(window_);
  return std::chrono::duration_cast<Clock::duration>(Seconds(seconds));
}

}  // namespace catvox::detail
