#include "http/lane.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <catvox/core/redact.hpp>
#include <catvox/core/text.hpp>
#include <cerrno>
#include <new>
#include <span>
#include <string>
#include <system_error>

#include "core/quiet_thread.hpp"
#include "http/answer.hpp"
#include "http/curl_transport.hpp"
#include "http/out_of_memory.hpp"
#include "http/receive.hpp"
#include "http/redirect.hpp"
#include "http/status.hpp"
#include "http/url_parts.hpp"

namespace catvox::detail {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t first_window = 8;  // transfers that a lane starts with; see Lane::sleep
// Client CPU for 74 KB from nginx over TLS is 62 us with HTTP/1.1 and 67-73 us with HTTP/2, of 4 to 100 streams alike;
// but 512 requests at 50 ms latency cost 260 us each with the handshakes of 64 connections, 210 with 4 (of 16 streams),
// 128 with 2 (of 32), and those take no longer.
constexpr long streams_per_connection = 32;
constexpr std::chrono::microseconds delivery_turn{300};  // of decoding, before the sockets are looked at again
constexpr std::chrono::minutes longest_sleep{1};
constexpr std::size_t idle_handles = 256;

// Why no descriptor is to be had, 0 if one is: libcurl calls that "Couldn't connect".
int descriptor_error() noexcept {
  const int probe = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (probe < 0) return errno == EMFILE || errno == ENFILE ? errno : 0;
  ::close(probe);
  return 0;
}

}  // namespace

Lane::Lane(CurlTransport& transport, std::size_t max_window)
    : transport_(transport),
      multi_(curl_multi_init()),
      max_window_(max_window),
      window_(std::min(first_window, max_window)) {
  if (!multi_) throw std::bad_alloc();
  // Without the descriptors that it is woken by, libcurl makes a handle that cannot be woken.
  if (curl_multi_wakeup(multi_.get()) != CURLM_OK) {
    const int error = descriptor_error();
    throw Error(Errc::io, "cannot begin to fetch: " +
                              std::generic_category().message(error != 0 ? error : static_cast<int>(EMFILE)));
  }
  curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS, static_cast<long>(max_window));
  curl_multi_setopt(multi_.get(), CURLMOPT_MAX_CONCURRENT_STREAMS, streams_per_connection);
  idle_.reserve(std::min(max_window, idle_handles));
}

Lane::~Lane() {
  while (Transfer* const transfer = running_.front()) take_out(*transfer);
}

void Lane::begin() {
  thread_ = start_quiet_thread([this] { run(); });
}

void Lane::join() noexcept {
  if (!thread_.joinable()) return;
  // A handler that ends the process does not come back.
  thread_.get_id() == std::this_thread::get_id() ? thread_.detach() : thread_.join();
}

void Lane::run() noexcept {
  TransferQueue fresh, expired;
  bool must_sweep_now = false;
  while (take_work(fresh, expired, must_sweep_now)) {
    if (must_sweep_now) sweep();
    while (auto transfer = expired.pop_front()) fail_expired(std::move(transfer));
    if (!timers_.empty()) {
      const auto now = Clock::now();
      while (auto transfer = timers_.pop_due(now)) transport_.again(std::move(transfer));
    }
    const bool began = !fresh.empty();
    while (auto transfer = fresh.pop_front()) begin(std::move(transfer));
    if (paused_ > 0) resume_admitted();

    int running = 0;
    curl_multi_perform(multi_.get(), &running);
    const bool finished = finish_done();
    end_stalled();
    const bool delivered = deliver_ready();
    if (!began && !finished && !delivered) sleep();
  }
}

// \returns false if the transport stops
bool Lane::take_work(TransferQueue& fresh, TransferQueue& expired, bool& sweep) noexcept {
  const auto now = Clock::now();
  const std::lock_guard lock(transport_.mutex());
  if (transport_.stopping()) return false;
  sleeping = false;
  has_room = false;  // set again by sleep(), when it is known
  if (transport_.next_deadline() <= now) transport_.expire(now, expired);
  sweep = std::exchange(must_sweep, false);
  while (running_.size() + fresh.size() < window_) {
    auto transfer = transport_.take(*this, now);
    if (!transfer) break;
    fresh.push_back(std::move(transfer));
  }
  return true;
}

// Waits for sockets, timers or a wake-up. A lane that has nothing to decode while requests are queued that may be sent
// has too few transfers under way for this server's latency: it doubles their number, from a handful (all that a near
// server needs) up to its share of the connections.
void Lane::sleep() noexcept {
  const auto now = Clock::now();
  auto until = now + longest_sleep;
  auto next_send = Clock::time_point::max();
  bool could_grow = false;
  {
    const std::lock_guard lock(transport_.mutex());
    const bool room = running_.size() < window_;
    next_send = transport_.next_send(now);
    if (transport_.stopping() || transport_.has_ready() || must_sweep || (room && next_send <= now)) return;
    could_grow = !room && next_send <= now && window_ < max_window_;
    if (!room) next_send = Clock::time_point::max();
    until = std::min({until, next_send, transport_.next_deadline()});
    if (running_.empty() && !transport_.has_queue()) window_ = std::min(first_window, max_window_);
    has_room = room;
    sleeping = true;
  }
  // While bodies wait for memory, it is not latency that keeps us idle.
  could_grow = could_grow && paused_ == 0 && !transport_.gate().has_waiting();
  // A near server that shares the cores pauses for a moment, too: the more there is under way, the longer it may.
  const auto patience = milliseconds(std::max<std::size_t>(1, window_ / first_window));
  if (could_grow) until = std::min(until, now + patience);
  if (!running_.empty()) until = std::min(until, std::max(next_stall_check_, now + milliseconds(1)));
  if (!timers_.empty()) until = std::min(until, timers_.next_due());
  // libcurl counts milliseconds. A request that its origin's pace holds back is not to be late by a part of one: that is
  // slept, as there is no answer to such a server that could not wait.
  const bool precise = until == next_send;
  const auto wait =
      std::max(precise ? std::chrono::floor<milliseconds>(until - now) : std::chrono::ceil<milliseconds>(until - now),
               milliseconds(0));
  int events = 0;
  curl_multi_poll(multi_.get(), nullptr, 0, static_cast<int>(wait.count()), &events);
  if (precise && events == 0 && until - Clock::now() < milliseconds(1)) std::this_thread::sleep_until(until);
  if (could_grow && events == 0 && Clock::now() - now >= patience) window_ = std::min(2 * window_, max_window_);
}

// What was cancelled ends in silence, what is past its deadline with an error.
void Lane::sweep() noexcept {
  TransferQueue ended, expired;
  {
    const std::lock_guard lock(transport_.mutex());
    for (TransferQueue* queue : {&running_, &timers_.waiting()}) {
      for (Transfer* transfer = queue->front(); transfer != nullptr;) {
        Transfer& one = *transfer;
        transfer = TransferQueue::after(one);
        if (!one.cancelled && !one.expired) continue;
        if (one.paused) --paused_;
        (one.cancelled ? ended : expired).push_back(queue->remove(one));
      }
    }
  }
  for (TransferQueue* queue : {&ended, &expired}) {
    while (auto transfer = queue->pop_front()) {
      if (transfer->easy) curl_multi_remove_handle(multi_.get(), transfer->easy.get());
      transfer->easy.reset();
      if (queue == &expired) {
        fail_expired(std::move(transfer));
      } else {
        transport_.end(*transfer);
      }
    }
  }
}

// libcurl's own low-speed limit averages over seconds: it takes a slow transfer for a stalled one and the other way
// round.
void Lane::end_stalled() noexcept {
  const auto now = Clock::now();
  if (now < next_stall_check_) return;
  next_stall_check_ = now + stall_check_interval();
  const auto& options = transport_.options();
  const Progress::Limits limits{options.stall_timeout, options.min_bytes_per_second};
  using Fault = Progress::Fault;
  for (Transfer* one = running_.front(); one != nullptr; one = TransferQueue::after(*one)) {
    one->fault = one->progress.look(now, limits);
  }
  // Left open, the connection of a stalled HTTP/2 stream would be used for its retry and for all that comes after it.
  // It is closed when its last stream is gone: the others begin anew on another one, with no attempt counted.
  TransferQueue ended;
  for (Transfer* one = running_.front(); one != nullptr; one = TransferQueue::after(*one)) {
    const long port = one->fault == Fault::stalled || one->fault == Fault::trickles ? local_port(*one) : 0;
    if (port == 0) continue;
    for (Transfer* other = running_.front(); other != nullptr; other = TransferQueue::after(*other)) {
      if (other->fault == Fault::none && local_port(*other) == port) other->fault = Fault::neighbour;
    }
  }
  for (Transfer* next = running_.front(); next != nullptr;) {
    Transfer& one = *next;
    next = TransferQueue::after(one);
    if (one.fault == Fault::none) continue;
    curl_easy_setopt(one.easy.get(), CURLOPT_FORBID_REUSE, 1L);
    ended.push_back(take_out(one));
  }
  while (auto transfer = ended.pop_front()) {
    transfer->easy.reset();
    if (transfer->fault == Fault::neighbour) {
      --transfer->response.attempts;
      begin(std::move(transfer));
      continue;
    }
    step(std::move(transfer), [&](TransferPtr& t) {
      t->response.status = 0;
      const auto time = std::to_string(limits.stall.count()) + " ms";
      retry_or_fail(t, Errc::timeout,
                    t->fault == Fault::stalled ? "no byte arrived for " + time
                                               : "less than " + std::to_string(limits.bytes_per_second) +
                                                     " bytes a second arrived for " + time);
    });
  }
}

void Lane::resume_admitted() noexcept {
  for (Transfer* next = running_.front(); next != nullptr && paused_ > 0;) {
    Transfer& one = *next;
    next = TransferQueue::after(one);
    if (!one.paused || !transport_.gate().is_admitted(one.place)) continue;
    one.paused = false;
    --paused_;
    one.progress.resume(Clock::now());
    // Takes what libcurl has of the body; what fails in it does not reach curl_multi_info_read().
    const auto code = curl_easy_pause(one.easy.get(), CURLPAUSE_CONT);
    if (code != CURLE_OK) finish(take_out(one), code);
  }
}

bool Lane::finish_done() noexcept {
  bool finished = false;
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const auto code = message->data.result;
    void* transfer = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
    finish(take_out(*static_cast<Transfer*>(transfer)), code);
    finished = true;
  }
  return finished;
}

// Runs handlers, of transfers that this lane or another one finished, but not for so long that the server runs out of
// requests to answer.
bool Lane::deliver_ready() noexcept {
  bool delivered = false;
  const auto end = Clock::now() + delivery_turn;
  while (auto transfer = transport_.take_ready()) {
    deliver(std::move(transfer));
    delivered = true;
    if (Clock::now() >= end) break;
  }
  return delivered;
}

template <class Step>
void Lane::step(TransferPtr transfer, Step&& step) noexcept {
  try {
    step(transfer);
  } catch (const Error& error) {
    fail(std::move(transfer), error.code(), error.what());
  } catch (const std::bad_alloc&) {
    fail(std::move(transfer), out_of_memory_error().code(), out_of_memory_error().what());
  } catch (const std::exception& error) {
    fail(std::move(transfer), Errc::io, error.what());
  } catch (...) {
    fail(std::move(transfer), Errc::io, "an exception of a type that is not known");
  }
}

void Lane::begin(TransferPtr transfer) noexcept {
  step(std::move(transfer), [this](TransferPtr& t) {
    const auto scheme = scheme_of(t->url);
    if (scheme != "http" && scheme != "https") {
      throw Error(Errc::refused, "a session fetches http: and https: URLs only");
    }
    begin_http(t);
  });
}

void Lane::begin_http(TransferPtr& transfer) {
  ++transfer->response.attempts;
  if (idle_.empty()) {
    transfer->easy = make_easy(transport_.options(), transport_.share());
  } else {
    transfer->easy = std::move(idle_.back());
    idle_.pop_back();
  }
  if (transfer->response.body.capacity() == 0) transfer->response.body = bodies_.take();
  prepare(*transfer);
  if (curl_multi_add_handle(multi_.get(), transfer->easy.get()) != CURLM_OK) throw std::bad_alloc();
  transfer->progress.begin(Clock::now());
  running_.push_back(std::move(transfer));
}

void Lane::finish(TransferPtr transfer, CURLcode code) noexcept {
  step(std::move(transfer), [&](TransferPtr& t) {
    auto& response = t->response;
    response.url = redact_url(t->url);
    response.status = status_of(*t);
    response.first_byte_seconds = seconds_of(*t, CURLINFO_STARTTRANSFER_TIME_T);
    response.seconds = seconds_of(*t, CURLINFO_TOTAL_TIME_T);
    if (t->out_of_memory) throw std::bad_alloc();
    if (t->refusal) {
      refuse_body(t, Error(*t->refusal));
    } else if (is_complete(*t, code)) {
      finish_answered(t);
    } else {
      finish_failed(t, code);
    }
  });
}

void Lane::finish_failed(TransferPtr& transfer, CURLcode code) {
  transfer->response.status = 0;
  const bool refusable = code == CURLE_COULDNT_CONNECT;
  if (refusable || code == CURLE_COULDNT_RESOLVE_HOST) {
    if (const int error = descriptor_error(); error != 0) {
      retry_or_fail(transfer, Errc::connection, "cannot connect: " + std::generic_category().message(error));
      return;
    }
  }
  if (status_of(*transfer) == 0 && ends_streams(code) && transport_.is_lost_stream(*transfer)) {
    ++transfer->excused;
    start_over(*transfer);
    transport_.again(std::move(transfer));
    return;
  }
  const auto kind = code == CURLE_OPERATION_TIMEDOUT ? Errc::timeout : Errc::connection;
  const bool retry = worth_retrying(code);
  // libcurl's longer text has times and ports in it; it is worth them where it explains a TLS or proxy failure.
  const bool explain = !retry || code == CURLE_SSL_CONNECT_ERROR;
  const std::string reason =
      escaped(explain && transfer->curl_message[0] != '\0' ? transfer->curl_message.data() : curl_easy_strerror(code));
  if (refusable && hold_back(transfer, kind, reason, milliseconds(0), true)) return;
  if (!retry) throw Error(kind, reason);
  retry_or_fail(transfer, kind, reason);
}

void Lane::finish_answered(TransferPtr& transfer) {
  note_headers(*transfer);
  transfer->streamed = came_by_http2(*transfer);
  const int status = transfer->response.status;
  if (is_redirect(status) && follow_redirect(*transfer)) {
    --transfer->response.attempts;  // a hop is not another attempt
    recycle(std::move(transfer->easy));
    begin(std::move(transfer));
    return;
  }
  if (worth_retrying(transfer->request, status)) {
    const auto pause = retry_after(*transfer);
    const auto reason = "HTTP " + std::to_string(status);
    if (is_refusal(status) && hold_back(transfer, Errc::http_status, reason, pause, false)) return;
    if (has_attempts_left(*transfer)) {
      retry_or_fail(transfer, Errc::http_status, reason, pause);
      return;
    }
  }
  try {
    check_range(*transfer);
  } catch (const Error& error) {
    refuse_body(transfer, error);
    return;
  }
  make_ready(transfer);
}

void Lane::make_ready(TransferPtr& transfer) noexcept {
  if (transfer->easy) recycle(std::move(transfer->easy));
  transport_.make_ready(std::move(transfer));
}

void Lane::deliver(TransferPtr transfer) noexcept {
  step(std::move(transfer), [this](TransferPtr& t) {
    try {
      t->handler->on_response(t->response);
    } catch (const Error& error) {
      if (error.code() != Errc::corrupt_data || t->response.attempts > 0) {
        refuse_body(t, error);
      } else {
        transport_.again(std::move(t));  // what was here is no good: ask the server
      }
      return;
    }
    transport_.end(*t);
    bodies_.give_back(std::move(t->response.body));
    t.reset();
  });
}

// A server that takes no requests just now is no reason to give this one up: its origin is paced instead.
// \returns whether the transfer is dealt with; if not, it failed like any other
bool Lane::hold_back(TransferPtr& transfer, Errc code, std::string_view reason, milliseconds pause,
                     bool no_connection) {
  if (pause > transport_.options().retry.max_retry_after) {
    retry_or_fail(transfer, code, reason, pause);
    return true;
  }
  const auto refusal = transport_.refused(*transfer, pause, no_connection);
  if (max_attempts(transfer->request) == 1) return false;  // it is not to be made again at all
  switch (refusal) {
    case CurlTransport::Refusal::attempt:
      return false;
    case CurlTransport::Refusal::too_often:
      transfer->excused = 0;
      return false;
    case CurlTransport::Refusal::outage: {
      const auto patience = std::chrono::ceil<std::chrono::seconds>(transport_.options().outage_timeout);
      throw Error(code, std::string(reason) + ", and the server has taken no request for " +
                            std::to_string(patience.count()) + " s");
    }
    case CurlTransport::Refusal::excused:
      break;
  }
  ++transfer->excused;
  if (transfer->refusals > 1) {
    retry_later(transfer, transfer->refusals - 1, milliseconds(0));  // the others first: it may be this one
  } else {
    start_over(*transfer);
    transport_.again(std::move(transfer));
  }
  return true;
}

// A body that is not what it must be may have been spoilt on the way: the next attempt passes caches by.
void Lane::refuse_body(TransferPtr& transfer, const Error& error) {
  if (error.code() != Errc::corrupt_data) throw Error(error);
  transfer->request.past_caches = true;
  retry_or_fail(transfer, error.code(), error.what());
}

void Lane::retry_or_fail(TransferPtr& transfer, Errc code, std::string_view reason, milliseconds server_wait) {
  if (server_wait > transport_.options().retry.max_retry_after) {
    throw Error(code, std::string(reason) + ", and the server asks to wait " +
                          std::to_string(std::chrono::ceil<std::chrono::seconds>(server_wait).count()) + " s");
  }
  if (!has_attempts_left(*transfer)) throw Error(code, std::string(reason));
  retry_later(transfer, transfer->response.attempts - transfer->excused, server_wait);
}

void Lane::retry_later(TransferPtr& transfer, int tries, milliseconds server_wait) noexcept {
  start_over(*transfer);
  if (!transport_.adopt(*this, *transfer)) {
    transport_.end(*transfer);
    transfer.reset();
  } else if (Clock::now() >= transfer->deadline) {
    fail_expired(std::move(transfer));
  } else {
    timers_.add(std::move(transfer), transport_.options().retry, tries, server_wait);
  }
}

// Redirects included. What came of the body is given back: while it waits, a transfer holds none.
void Lane::start_over(Transfer& transfer) noexcept {
  if (transfer.easy) recycle(std::move(transfer.easy));
  bodies_.give_back(std::move(transfer.response.body));
  transfer.gate.leave(transfer.place);
  transfer.url.assign(transfer.request.url);  // fits where it was, or is the same
  transfer.redirects = 0;
  transfer.response.no_store = false;
}

void Lane::fail_expired(TransferPtr transfer) noexcept {
  step(std::move(transfer), [](TransferPtr& t) {
    throw Error(Errc::timeout, "no answer within " + std::to_string(t->request.deadline.count()) + " ms");
  });
}

void Lane::fail(TransferPtr transfer, Errc code, std::string_view reason) noexcept {
  if (!transport_.end(*transfer)) return;
  const auto& handler = transfer->handler;
  try {
    const auto& response = transfer->response;
    const auto url = response.url.empty() ? redact_url(transfer->url) : response.url;
    handler->on_error(
        Error(code, std::string(reason), {.url = url, .http_status = response.status, .attempts = response.attempts}));
  } catch (const std::exception&) {  // there is no memory for the text
    handler->on_error(out_of_memory_error());
  }
}

bool Lane::has_attempts_left(const Transfer& transfer) const noexcept {
  return transfer.response.attempts - transfer.excused < max_attempts(transfer.request);
}

int Lane::max_attempts(const Request& request) const noexcept {
  return request.max_attempts > 0 ? request.max_attempts : transport_.options().retry.max_attempts;
}

// Out of the hands of libcurl.
TransferPtr Lane::take_out(Transfer& transfer) noexcept {
  curl_multi_remove_handle(multi_.get(), transfer.easy.get());
  if (std::exchange(transfer.paused, false)) --paused_;
  return running_.remove(transfer);
}

void Lane::recycle(Easy easy) noexcept {
  curl_easy_setopt(easy.get(), CURLOPT_ERRORBUFFER, nullptr);  // may be written to when nothing runs; is about to go
  if (idle_.size() < idle_.capacity()) idle_.push_back(std::move(easy));
}

milliseconds Lane::stall_check_interval() const noexcept {
  return std::clamp(transport_.options().stall_timeout / 4, milliseconds(1), milliseconds(1000));
}

}  // namespace catvox::detail
