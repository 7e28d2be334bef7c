#pragma once

#include <catvox/core/buffer.hpp>
#include <cstddef>
#include <utility>
#include <vector>

namespace catvox::detail {

/// Bodies for reuse, because fresh memory costs page faults. Of one thread.
class BodyPool {
 public:
  [[nodiscard]] Buffer take() noexcept {
    if (bodies_.empty()) return {};
    Buffer body = std::move(bodies_.back());
    bodies_.pop_back();
    bytes_ -= body.capacity();
    body.clear();
    return body;
  }

  void give_back(Buffer body) noexcept {
    const bool fits = body.capacity() + bytes_ <= most_bytes || (bodies_.empty() && body.capacity() <= largest_alone);
    if (body.capacity() == 0 || !fits || bodies_.size() == bodies_.capacity()) return;
    bytes_ += body.capacity();
    bodies_.push_back(std::move(body));  // of the room that was reserved: does not throw
  }

 private:
  static constexpr std::size_t most_bytes = std::size_t{1} << 20;
  static constexpr std::size_t largest_alone = std::size_t{4} << 20;
  static constexpr std::size_t most_bodies = 64;

  std::vector<Buffer> bodies_ = [] {
    std::vector<Buffer> room;
    room.reserve(most_bodies);
    return room;
  }();
  std::size_t bytes_ = 0;  // that they hold
};

}  // namespace catvox::detail
