#include "http/origin_queue.hpp"

#include <algorithm>

namespace catvox::detail {
namespace {

constexpr std::size_t remembered_origins = 64;  // that nothing is wanted of just now

std::string_view origin_part(std::string_view url) {
  const auto authority = url.find("://");
  if (authority == std::string_view::npos) return {};
  return url.substr(0, url.find_first_of("/?#", authority + 3));
}

}  // namespace

OriginQueue& OriginQueues::of(std::string_view url) {
  const auto name = origin_part(url);
  for (const auto& origin : origins_) {
    if (origin->name == name) return *origin;
  }
  if (origins_.size() >= remembered_origins) {
    std::erase_if(origins_, [](const auto& origin) { return origin->transfers == 0; });
  }
  origins_.push_back(std::make_unique<OriginQueue>(std::string(name)));
  return *origins_.back();
}

bool OriginQueues::empty() const noexcept {
  return std::all_of(origins_.begin(), origins_.end(), [](const auto& origin) { return origin->empty(); });
}

Clock::time_point OriginQueues::next_send(Clock::time_point now) const noexcept {
  auto next = Clock::time_point::max();
  for (const auto& origin : origins_) {
    if (!origin->empty()) next = std::min(next, origin->pacer.next_send(now));
  }
  return next;
}

TransferPtr OriginQueues::take(Clock::time_point now) noexcept {
  for (std::size_t i = 0; i < origins_.size(); ++i) {
    turn_ = turn_ + 1 < origins_.size() ? turn_ + 1 : 0;
    OriginQueue& origin = *origins_[turn_];
    if (origin.empty() || origin.pacer.next_send(now) > now) continue;
    auto transfer = (origin.again.empty() ? origin.fresh : origin.again).pop_front();
    transfer->ticket = origin.pacer.sent(now, !origin.empty());
    transfer->in_flight = true;
    transfer->accepted_before = origin.pacer.accepted_count();
    return transfer;
  }
  return nullptr;
}

}  // namespace catvox::detail
