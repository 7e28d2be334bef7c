#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "http/pacer.hpp"
#include "http/transfer_queue.hpp"

namespace catvox::detail {

/// What waits to be sent to one origin, and how fast it may be. Guarded by the transport's mutex.
class OriginQueue {
 public:
  explicit OriginQueue(std::string its_name) : name(std::move(its_name)) {}

  [[nodiscard]] bool empty() const noexcept { return again.empty() && fresh.empty(); }

  const std::string name;     ///< scheme and authority, as in the URL
  std::size_t transfers = 0;  ///< that belong to it, wherever they are
  bool streams = false;       ///< it speaks HTTP/2
  Pacer pacer;
  TransferQueue again;  ///< made before: ahead of the others
  TransferQueue fresh;
};

/// The origins that a session talks to: a few. Guarded by the transport's mutex.
class OriginQueues {
 public:
  /// \throws std::bad_alloc
  OriginQueue& of(std::string_view url);

  [[nodiscard]] bool empty() const noexcept;

  /// When the first of what waits may be sent: not later than `now`: at once; max: not before an answer comes.
  [[nodiscard]] Clock::time_point next_send(Clock::time_point now) const noexcept;

  /// The next to be sent, of each origin in turn; null if none may be.
  TransferPtr take(Clock::time_point now) noexcept;

 private:
  std::vector<std::unique_ptr<OriginQueue>> origins_;
  std::size_t turn_ = 0;
};

}  // namespace catvox::detail
