#pragma once

#include <curl/curl.h>

#include <array>
#include <catvox/http/session.hpp>
#include <catvox/http/transport.hpp>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "http/disk_cache.hpp"
#include "http/lane.hpp"
#include "http/transfer.hpp"

namespace catvox::detail {

/// What lanes have in common inside libcurl: TLS sessions, so that further connections to a server shake hands by half,
/// and addresses of hosts. Not connections: libcurl cannot share those between threads.
class Share {
 public:
  Share() = default;
  Share(const Share&) = delete;
  Share& operator=(const Share&) = delete;
  ~Share() { curl_share_cleanup(share_); }
  void begin();
  [[nodiscard]] CURLSH* get() const { return share_; }

 private:
  CURLSH* share_ = nullptr;
  std::array<std::mutex, CURL_LOCK_DATA_LAST> mutexes_;
};

/// The transport that HttpSession uses: threads ("lanes") that each own a libcurl multi handle, take transfers from one
/// shared queue, and run handlers (that is, decode) between two looks at their sockets.
///
/// Must not be destroyed by a handler: the lane's thread would have to wait for itself.
class CurlTransport final : public Transport {
 public:
  explicit CurlTransport(std::shared_ptr<const HttpOptions> options);
  ~CurlTransport() override;

  TransferId start(Request request, std::shared_ptr<TransferHandler> handler) override;
  TransferId deliver(Request request, Response known, std::shared_ptr<TransferHandler> handler) override;
  void cancel(TransferId id) noexcept override;
  [[nodiscard]] int concurrency() const noexcept override { return static_cast<int>(lane_count_ * window_); }

  // What follows is called by lanes.

  [[nodiscard]] const HttpOptions& options() const { return *options_; }
  [[nodiscard]] CURLSH* share() const { return share_.get(); }
  [[nodiscard]] DiskCache* disk_cache() const { return disk_cache_.get(); }  ///< null: none
  [[nodiscard]] std::mutex& mutex() { return mutex_; }
  [[nodiscard]] bool stopping() const { return stopping_; }         ///< call with the mutex held
  [[nodiscard]] bool has_queue() const { return !queue_.empty(); }  ///< call with the mutex held
  [[nodiscard]] bool has_ready() const { return !ready_.empty(); }  ///< call with the mutex held

  /// The next transfer for a lane, if there is one and its body has room. Call with the mutex held.
  /// \param load  what the lane has under way; one at least it may always have
  TransferPtr take(Lane& lane, std::size_t load);

  /// Hands in a transfer whose answer is there; whichever lane is idle runs its handler.
  void make_ready(const Lane& lane, TransferPtr transfer);

  /// The next transfer to run the handler of: from here on it cannot be cancelled. Null if there is none.
  TransferPtr take_ready();

  /// A delivered transfer goes back to work, on this lane.
  void adopt(Lane& lane, TransferId id);

  /// The lane has done with a transfer.
  void end(TransferId id);

 private:
  [[nodiscard]] TransferPtr make_transfer(Request request, std::shared_ptr<TransferHandler> handler) const;
  TransferId admit(Transfer& transfer);
  void begin_lanes();
  void wake_one(bool for_transfer);

  const std::shared_ptr<const HttpOptions> options_;
  const std::unique_ptr<DiskCache> disk_cache_;
  std::size_t lane_count_ = 1;
  std::size_t window_ = 1;  // transfers that a lane may have under way

  std::mutex mutex_;  // guards all below, and what Lane says
  std::deque<TransferPtr> queue_;
  std::deque<TransferPtr> ready_;
  std::unordered_map<TransferId, Lane*> taken_;  // not yet ended; null while ready or delivered
  std::size_t body_estimate_;
  TransferId last_id_ = 0;
  bool stopping_ = false;
  Share share_;
  std::vector<std::unique_ptr<Lane>> lanes_;
};

}  // namespace catvox::detail
