#pragma once

#include <curl/curl.h>

#include <catvox/http/session.hpp>
#include <chrono>
#include <random>

#include "http/transfer.hpp"
#include "http/transfer_queue.hpp"

namespace catvox::detail {

/// Whether the same request may well succeed a moment later.
bool worth_retrying(CURLcode code);
bool worth_retrying(const Request& request, int status);

/// Whether a connection that ends gives this to the requests on it that had no answer yet.
bool ends_streams(CURLcode code);

/// Whether a status says that the server takes no more requests just now, rather than something about this one: too
/// many (429), overloaded or away (503; 502 and 504 of a proxy in front of it).
bool is_refusal(int status);

/// Transfers that failed, until it is time to make them again. Of one thread.
class RetryTimers {
 public:
  /// \param tries  that failed, at least 1: the wait grows with them, and with what the server asks for
  void add(TransferPtr transfer, const RetryPolicy& policy, int tries, std::chrono::milliseconds server_wait) noexcept;

  [[nodiscard]] bool empty() const noexcept { return waiting_.empty(); }
  /// When the first is due; not to be asked if there is none.
  [[nodiscard]] Clock::time_point next_due() const noexcept;
  /// One that is due, or null.
  TransferPtr pop_due(Clock::time_point now) noexcept;
  [[nodiscard]] TransferQueue& waiting() noexcept { return waiting_; }

 private:
  TransferQueue waiting_;
  std::minstd_rand random_{std::random_device{}()};
};

}  // namespace catvox::detail
