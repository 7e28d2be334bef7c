#include "http/gate.hpp"

#include "http/lane.hpp"

namespace catvox::detail {

bool Gate::enter(Place& place, std::size_t bytes, Lane& lane) noexcept {
  const std::lock_guard lock(mutex_);
  place.bytes = bytes;
  place.lane = &lane;
  if (first_ == nullptr && has_room(bytes)) {
    place.state = Place::State::admitted;
    held_ += bytes;
    ++admitted_;
    return true;
  }
  place.state = Place::State::waiting;
  place.next = nullptr;
  (last_ != nullptr ? last_->next : first_) = &place;
  last_ = &place;
  return false;
}

void Gate::resize(Place& place, std::size_t bytes) noexcept {
  const std::lock_guard lock(mutex_);
  if (place.state != Place::State::admitted) return;
  held_ += bytes - place.bytes;  // may wrap on the way
  place.bytes = bytes;
  admit_waiting();
}

void Gate::leave(Place& place) noexcept {
  const std::lock_guard lock(mutex_);
  if (place.state == Place::State::waiting) {
    Place* before = nullptr;
    Place* at = first_;
    while (at != &place) {
      before = at;
      at = at->next;
    }
    (before != nullptr ? before->next : first_) = place.next;
    if (last_ == &place) last_ = before;
  } else if (place.state == Place::State::admitted) {
    held_ -= place.bytes;
    --admitted_;
  }
  place = {};
  admit_waiting();
}

void Gate::admit_waiting() noexcept {
  while (first_ != nullptr && has_room(first_->bytes)) {
    Place& place = *first_;
    first_ = place.next;
    if (first_ == nullptr) last_ = nullptr;
    place.next = nullptr;
    place.state = Place::State::admitted;
    held_ += place.bytes;
    ++admitted_;
    place.lane->wake();
  }
}

bool Gate::is_admitted(const Place& place) const noexcept {
  const std::lock_guard lock(mutex_);
  return place.state == Place::State::admitted;
}

bool Gate::has_waiting() const noexcept {
  const std::lock_guard lock(mutex_);
  return first_ != nullptr;
}

std::size_t Gate::held() const noexcept {
  const std::lock_guard lock(mutex_);
  return held_;
}

}  // namespace catvox::detail
