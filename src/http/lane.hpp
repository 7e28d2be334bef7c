#pragma once

#include <curl/curl.h>

#include <catvox/core/buffer.hpp>
#include <catvox/core/error.hpp>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string_view>
#include <thread>
#include <vector>

#include "http/body_pool.hpp"
#include "http/retry.hpp"
#include "http/transfer.hpp"
#include "http/transfer_queue.hpp"

namespace catvox::detail {

class CurlTransport;

struct MultiDeleter {
  void operator()(CURLM* multi) const noexcept { curl_multi_cleanup(multi); }
};
using Multi = std::unique_ptr<CURLM, MultiDeleter>;

/// One thread, its multi handle and the transfers that it has under way. Everything is its own thread's, but
/// `sleeping`, `has_room` and `must_sweep`, which the transport's mutex guards.
///
/// What a step does with a transfer either moves it on (when nothing can throw any more) or throws: then it fails, with
/// what was thrown for a reason. So no transfer is lost, and nothing is thrown out of the loop.
class Lane {
 public:
  /// Takes what it needs to be woken. \throws Error{io} if no descriptor is left, std::bad_alloc
  Lane(CurlTransport& transport, std::size_t max_window);
  ~Lane();
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  /// \throws Error{io} if no thread is to be had
  void begin();
  /// Does nothing on the lane's own thread, nor the second time.
  void join() noexcept;
  [[nodiscard]] bool is_own_thread() const noexcept { return thread_.get_id() == std::this_thread::get_id(); }
  void wake() noexcept { curl_multi_wakeup(multi_.get()); }

  /// From its own thread: the gate does not admit the body of one of its transfers yet.
  void note_paused() noexcept { ++paused_; }

  bool sleeping = false;    ///< waits for sockets, timers or wake()
  bool has_room = true;     ///< for another transfer
  bool must_sweep = false;  ///< one that it has was cancelled, or is past its deadline

 private:
  void run() noexcept;
  [[nodiscard]] bool take_work(TransferQueue& fresh, TransferQueue& expired, bool& sweep) noexcept;
  void sleep() noexcept;
  void sweep() noexcept;
  void end_stalled() noexcept;
  void resume_admitted() noexcept;
  bool finish_done() noexcept;
  bool deliver_ready() noexcept;

  // Steps of one transfer.
  template <class Step>
  void step(TransferPtr transfer, Step&& step) noexcept;
  void begin(TransferPtr transfer) noexcept;
  void begin_http(TransferPtr& transfer);
  void finish(TransferPtr transfer, CURLcode code) noexcept;
  void finish_failed(TransferPtr& transfer, CURLcode code);
  void finish_answered(TransferPtr& transfer);
  void deliver(TransferPtr transfer) noexcept;
  void make_ready(TransferPtr& transfer) noexcept;
  [[nodiscard]] bool hold_back(TransferPtr& transfer, Errc code, std::string_view reason,
                               std::chrono::milliseconds pause, bool no_connection);
  void refuse_body(TransferPtr& transfer, const Error& error);
  void retry_or_fail(TransferPtr& transfer, Errc code, std::string_view reason,
                     std::chrono::milliseconds server_wait = {});
  void retry_later(TransferPtr& transfer, int tries, std::chrono::milliseconds server_wait) noexcept;
  void fail_expired(TransferPtr transfer) noexcept;
  void fail(TransferPtr transfer, Errc code, std::string_view reason) noexcept;
  [[nodiscard]] bool has_attempts_left(const Transfer& transfer) const noexcept;
  [[nodiscard]] int max_attempts(const Request& request) const noexcept;

  TransferPtr take_out(Transfer& transfer) noexcept;
  void start_over(Transfer& transfer) noexcept;
  void recycle(Easy easy) noexcept;
  [[nodiscard]] std::chrono::milliseconds stall_check_interval() const noexcept;

  CurlTransport& transport_;
  Multi multi_;
  const std::size_t max_window_;
  std::size_t window_;
  TransferQueue running_;
  std::size_t paused_ = 0;  // of them
  RetryTimers timers_;
  Clock::time_point next_stall_check_{};
  std::vector<Easy> idle_;
  BodyPool bodies_;
  std::thread thread_;
};

}  // namespace catvox::detail
