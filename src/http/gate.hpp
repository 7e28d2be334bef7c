#pragma once

#include <cstddef>
#include <mutex>

namespace catvox::detail {

class Lane;
struct Transfer;

/// Bounds the memory of bodies that are received or wait to be decoded, over all lanes. Requests are not bounded by it:
/// one that waits for its answer holds no body. At its first byte a body is admitted or its transfer paused.
///
///   A body is admitted if the bound allows what it needs, or if no other one is admitted: so there is always one that
///   gets on, however large.
///   First come, first served: while one is paused, none that comes later is admitted.
///   An admitted body is never paused: its end depends on nobody else's.
///
/// Its mutex is a leaf: nothing else is locked, and no libcurl but curl_multi_wakeup called, under it.
class Gate {
 public:
  explicit Gate(std::size_t bound) : bound_(bound) {}

  /// What the gate knows of a transfer: a part of it, guarded by the gate's mutex.
  struct Place {
    enum class State : unsigned char { outside, waiting, admitted } state = State::outside;
    std::size_t bytes = 0;  // that it needs, or holds
    Lane* lane = nullptr;   // to be woken when it is admitted
    Place* next = nullptr;
  };

  /// \returns whether the body is admitted; if not, the lane pauses its transfer, and is woken once it is
  bool enter(Place& place, std::size_t bytes, Lane& lane) noexcept;

  /// An admitted body turns out to be larger, or smaller, than it was taken for.
  void resize(Place& place, std::size_t bytes) noexcept;

  /// The body is gone, or will not come. Does nothing for one that is outside.
  void leave(Place& place) noexcept;

  [[nodiscard]] bool is_admitted(const Place& place) const noexcept;
  [[nodiscard]] bool has_waiting() const noexcept;
  [[nodiscard]] std::size_t held() const noexcept;

 private:
  [[nodiscard]] bool has_room(std::size_t bytes) const noexcept {
    return admitted_ == 0 || (held_ <= bound_ && bytes <= bound_ - held_);
  }
  void admit_waiting() noexcept;

  const std::size_t bound_;
  mutable std::mutex mutex_;  // guards all below, and every Place
  std::size_t held_ = 0;
  std::size_t admitted_ = 0;
  Place* first_ = nullptr;  // of those that wait
  Place* last_ = nullptr;
};

}  // namespace catvox::detail
