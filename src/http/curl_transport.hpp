#pragma once

#include <curl/curl.h>

#include <array>
#include <atomic>
#include <catvox/http/session.hpp>
#include <catvox/http/transport.hpp>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "http/gate.hpp"
#include "http/lane.hpp"
#include "http/origin_queue.hpp"
#include "http/transfer.hpp"
#include "http/transfer_queue.hpp"

namespace catvox::detail {

/// What lanes have in common inside libcurl: TLS sessions, so that further connections to a server shake hands by half,
/// and addresses of hosts. Not connections: libcurl cannot share those between threads.
class Share {
 public:
  Share() = default;
  Share(const Share&) = delete;
  Share& operator=(const Share&) = delete;
  ~Share() { curl_share_cleanup(share_); }
  /// Does nothing the second time. \throws std::bad_alloc
  void begin();
  [[nodiscard]] CURLSH* get() const { return share_; }

 private:
  CURLSH* share_ = nullptr;
  std::array<std::mutex, CURL_LOCK_DATA_LAST> mutexes_;
};

/// The transport that HttpSession uses: threads ("lanes") that each own a libcurl multi handle, take transfers from one
/// place, and run handlers (that is, decode) between two looks at their sockets.
///
/// Must not be destroyed by a lane's thread, which would have to wait for itself: HttpSession sees to that.
///
/// What holds, and because of what:
/// - A transfer is in exactly one place: a queue of its origin, the ready queue, a lane, or a handler. It goes from one
///   to the next by pointers alone, so nothing can fail on the way and lose it.
/// - Every transfer ends: by its handler, by fail(), or silently by cancel(). known_ has those that have not ended;
///   end() is the one way out of it, and tells whether the handler may hear of it. No handler begins after cancel():
///   both happen under the mutex (take_ready(), again() and end() look at `cancelled`).
/// - No request waits for a sleeping lane: a lane goes to sleep only if, under the mutex, nothing is ready, nothing of
///   its own was cancelled, and nothing that it has room for may be sent; what changes one of these under the mutex
///   wakes a lane that sleeps.
/// - Lock order: the mutex; the gate's and libcurl's share's are leaves that are taken without it. Handlers run, and are
///   destroyed, with nothing locked.
class CurlTransport final : public Transport {
 public:
  explicit CurlTransport(std::shared_ptr<const HttpOptions> options);
  ~CurlTransport() override;

  /// \throws Error{io} where no thread or no descriptor is to be had, in a forked child, and when the process ends
  TransferId start(Request request, std::shared_ptr<TransferHandler> handler) override;
  TransferId deliver(Request request, Response known, std::shared_ptr<TransferHandler> handler) override;
  void cancel(TransferId id) noexcept override;
  [[nodiscard]] int concurrency() const noexcept override { return static_cast<int>(lane_count_ * window_); }

  /// Ends all lanes, and with them every transfer, silently. Nothing can be started afterwards.
  void stop() noexcept;

  /// Whether the calling thread is one of its lanes.
  [[nodiscard]] bool is_own_thread() const noexcept;

  // What follows is called by lanes.

  [[nodiscard]] const HttpOptions& options() const noexcept { return *options_; }
  [[nodiscard]] CURLSH* share() const noexcept { return share_.get(); }
  [[nodiscard]] Gate& gate() noexcept { return gate_; }
  [[nodiscard]] std::mutex& mutex() noexcept { return mutex_; }

  // With the mutex held.
  [[nodiscard]] bool stopping() const noexcept { return stopping_; }
  [[nodiscard]] bool has_queue() const noexcept { return !origins_.empty(); }
  [[nodiscard]] bool has_ready() const noexcept { return !ready_.empty(); }
  [[nodiscard]] Clock::time_point next_send(Clock::time_point now) const noexcept { return origins_.next_send(now); }
  [[nodiscard]] Clock::time_point next_deadline() const noexcept {
    return deadlines_.empty() ? Clock::time_point::max() : deadlines_.begin()->first;
  }
  /// The next transfer for a lane, if there is one that may be sent.
  TransferPtr take(Lane& lane, Clock::time_point now) noexcept;
  /// Marks what is past its deadline, and wakes who has it. \returns what no lane has: to be failed by the caller
  void expire(Clock::time_point now, TransferQueue& expired) noexcept;

  // These lock it.

  /// A transfer has its answer; whichever lane is idle runs its handler.
  void make_ready(TransferPtr transfer) noexcept;
  /// The next transfer to run the handler of. Null if there is none.
  TransferPtr take_ready() noexcept;
  /// A transfer is to be made again, as soon as its origin takes it.
  void again(TransferPtr transfer) noexcept;
  /// A lane keeps a transfer for later. \returns false if it was cancelled: it is to be dropped
  bool adopt(Lane& lane, Transfer& transfer) noexcept;

  /// What becomes of a request that the server took none of (429, 503, no connection).
  enum class Refusal {
    attempt,    ///< counts like any other failure
    excused,    ///< does not count: the origin is paced, and this one is to be made again
    too_often,  ///< while others are accepted: it is this one
    outage,     ///< nothing was accepted for as long as an outage may last
  };
  Refusal refused(Transfer& transfer, std::chrono::milliseconds pause, bool no_connection) noexcept;

  /// Whether a request that had no answer may have been one too many for its HTTP/2 connection: servers end those after
  /// so many requests, and what was sent on them meanwhile is lost. Holds if others were answered meanwhile.
  [[nodiscard]] bool is_lost_stream(const Transfer& transfer) noexcept;

  /// A transfer is over. \returns whether its handler may be told: it was not cancelled
  bool end(Transfer& transfer) noexcept;

 private:
  [[nodiscard]] TransferPtr make_transfer(Request request, std::shared_ptr<TransferHandler> handler);
  TransferId admit(Transfer& transfer);
  void begin_lanes();
  void wake_one(bool for_transfer) noexcept;
  void accepted(Transfer& transfer, Clock::time_point now) noexcept;
  [[nodiscard]] bool is_forked() const noexcept;

  const std::shared_ptr<const HttpOptions> options_;
  std::size_t lane_count_ = 1;
  std::size_t window_ = 1;                      // transfers that a lane may have under way
  std::atomic<std::size_t> body_estimate_;      // where an answer does not say
  std::atomic<std::optional<unsigned>> forks_;  // fork_generation() of the lanes; none before there are any
  Gate gate_;                                   // outlives all transfers

  std::mutex mutex_;  // guards all below, and what Lane and Transfer say
  std::unordered_map<TransferId, Transfer*> known_;
  OriginQueues origins_;
  TransferQueue ready_;
  std::multimap<Clock::time_point, TransferId> deadlines_;  // of those that have one
  TransferId last_id_ = 0;
  bool stopping_ = false;
  Clock::time_point next_lanes_{};  // no sooner are more threads tried to be started
  Share share_;
  std::vector<std::unique_ptr<Lane>> lanes_;
};

}  // namespace catvox::detail
