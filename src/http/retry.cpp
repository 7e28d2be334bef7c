#include "http/retry.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace catvox::detail {
namespace {

using std::chrono::milliseconds;

}  // namespace

bool worth_retrying(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_UNSUPPORTED_PROTOCOL:  // what libcurl says of an answer that is not HTTP at all
    case CURLE_PARTIAL_FILE:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
      return true;
    default:
      return false;
  }
}

bool worth_retrying(const Request& request, int status) {
  return status == 408 || status == 429 || (status >= 500 && (status != 500 || request.retry_on_500));
}

bool ends_streams(CURLcode code) {
  return code == CURLE_SEND_ERROR || code == CURLE_RECV_ERROR || code == CURLE_GOT_NOTHING || code == CURLE_HTTP2 ||
         code == CURLE_HTTP2_STREAM;
}

bool is_refusal(int status) { return status == 429 || (status >= 502 && status <= 504); }

// The n-th wait is drawn from [1/2, 1] of initial_delay * 2^(n-1), at most max_delay.
void RetryTimers::add(TransferPtr transfer, const RetryPolicy& policy, int tries, milliseconds server_wait) noexcept {
  const double full =
      static_cast<double>(policy.initial_delay.count()) * static_cast<double>(1 << std::clamp(tries - 1, 0, 20));
  const double capped = std::min(full, static_cast<double>(policy.max_delay.count()));
  const double share = std::uniform_real_distribution<double>(0.5, 1.0)(random_);
  const milliseconds wait(static_cast<std::int64_t>(capped * share));
  transfer->due = Clock::now() + std::max(wait, server_wait);
  waiting_.push_back(std::move(transfer));
}

// A handful as a rule: not worth an order.
Clock::time_point RetryTimers::next_due() const noexcept {
  auto due = Clock::time_point::max();
  for (const Transfer* t = waiting_.front(); t != nullptr; t = TransferQueue::after(*t)) due = std::min(due, t->due);
  return due;
}

TransferPtr RetryTimers::pop_due(Clock::time_point now) noexcept {
  for (Transfer* t = waiting_.front(); t != nullptr; t = TransferQueue::after(*t)) {
    if (t->due <= now) return waiting_.remove(*t);
  }
  return nullptr;
}

}  // namespace catvox::detail
