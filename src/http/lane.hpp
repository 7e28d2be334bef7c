#pragma once

#include <curl/curl.h>

#include <catvox/core/buffer.hpp>
#include <catvox/core/error.hpp>
#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "http/disk_cache.hpp"
#include "http/transfer.hpp"

namespace catvox::detail {

class CurlTransport;

struct MultiDeleter {
  void operator()(CURLM* multi) const noexcept { curl_multi_cleanup(multi); }
};
using Multi = std::unique_ptr<CURLM, MultiDeleter>;

/// One thread, its multi handle and the transfers that it has under way. Everything is its own thread's, but
/// `sleeping`, `has_room` and `to_cancel`, which the transport's mutex guards.
class Lane {
 public:
  Lane(CurlTransport& transport, std::size_t max_window);
  ~Lane();

  void begin() {
    thread_ = std::thread([this] { run(); });
  }
  void join() { thread_.join(); }
  void wake() noexcept { curl_multi_wakeup(multi_.get()); }

  bool sleeping = false;  ///< waits for sockets, timers or wake()
  bool has_room = true;   ///< for another transfer
  std::vector<Transport::TransferId> to_cancel;

 private:
  void run();
  void cancel(const std::vector<Transport::TransferId>& ids);
  void begin(TransferPtr transfer);
  void begin_http(TransferPtr& transfer);
  bool answer_from_disk(TransferPtr& transfer);
  [[nodiscard]] DiskCache::Writing write_to_disk(const Transfer& transfer) const;
  void begin_due_retries();
  bool finish_done();
  bool deliver_ready();
  void end_stalled();
  [[nodiscard]] std::chrono::milliseconds stall_check_interval() const;
  void finish(TransferPtr transfer, CURLcode code);
  void go_on_elsewhere(TransferPtr transfer);
  void make_ready(TransferPtr transfer);
  void deliver(TransferPtr transfer);
  void refuse(TransferPtr transfer, const Error& error);
  void retry_or_fail(TransferPtr transfer, Errc code, const std::string& reason,
                     std::chrono::milliseconds server_wait = {});
  void fail(TransferPtr transfer, Errc code, const std::string& reason);
  void sleep();
  [[nodiscard]] std::chrono::milliseconds backoff(int attempts);
  [[nodiscard]] int max_attempts(const Request& request) const;
  [[nodiscard]] Buffer spare_body();
  void recycle(Easy easy);
  void recycle(Buffer body);

  CurlTransport& transport_;
  Multi multi_;
  const std::size_t max_window_;
  std::size_t window_;
  std::unordered_map<CURL*, TransferPtr> running_;
  std::multimap<Clock::time_point, TransferPtr> waiting_;
  Clock::time_point next_stall_check_{};
  std::vector<Easy> idle_;
  std::vector<Buffer> bodies_;
  std::size_t pooled_bytes_ = 0;  // that they hold
  std::minstd_rand random_{std::random_device{}()};
  std::thread thread_;
};

}  // namespace catvox::detail
