#include "http/curl_transport.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <catvox/core/error.hpp>
#include <cstdint>
#include <limits>
#include <new>
#include <thread>
#include <utility>

#include "core/fork.hpp"
#include "http/out_of_memory.hpp"
#include "http/process_end.hpp"

namespace catvox::detail {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t body_guess = std::size_t{1} << 17;  // until bodies were seen
constexpr int refusals_too_many = 5;                      // of one request, while others are accepted
constexpr double chance_refusals = 40;  // more where many are refused: those that chance brings in a thousand million
constexpr std::uint64_t others_accepted = 5;  // for each of them
constexpr int lost_streams_too_many = 100;    // of one request
constexpr std::chrono::hours longest_deadline{24 * 365};
constexpr std::chrono::seconds between_lane_trials{1};

void init_curl_once() {
  // Thread-safe since 7.84; never cleaned up, because other code of the process may use libcurl as well.
  static const CURLcode result = [] {
    const auto code = curl_global_init(CURL_GLOBAL_DEFAULT);
    if (code != CURLE_OK) throw Error(Errc::connection, "libcurl does not start");
    return code;
  }();
  (void)result;
}

template <class F>
auto without_bad_alloc(F&& work) {
  try {
    return std::forward<F>(work)();
  } catch (const std::bad_alloc&) {
    throw out_of_memory_error();
  }
}

}  // namespace

void Share::begin() {
  if (share_ != nullptr) return;
  share_ = curl_share_init();
  if (share_ == nullptr) throw std::bad_alloc();
  static constexpr curl_lock_function lock = [](CURL*, curl_lock_data data, curl_lock_access, void* mutexes) {
    (*static_cast<decltype(mutexes_)*>(mutexes))[data].lock();
  };
  static constexpr curl_unlock_function unlock = [](CURL*, curl_lock_data data, void* mutexes) {
    (*static_cast<decltype(mutexes_)*>(mutexes))[data].unlock();
  };
  curl_share_setopt(share_, CURLSHOPT_LOCKFUNC, lock);
  curl_share_setopt(share_, CURLSHOPT_UNLOCKFUNC, unlock);
  curl_share_setopt(share_, CURLSHOPT_USERDATA, &mutexes_);
  curl_share_setopt(share_, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
  curl_share_setopt(share_, CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS);
}

CurlTransport::CurlTransport(std::shared_ptr<const HttpOptions> options)
    : options_(std::move(options)), body_estimate_(body_guess), gate_(options_->max_bytes_in_flight) {
  const auto cores = std::max(1U, std::thread::hardware_concurrency());
  const auto threads = options_->threads > 0 ? static_cast<unsigned>(options_->threads) : cores;
  const auto connections = static_cast<unsigned>(std::max(1, options_->max_connections));
  lane_count_ = std::min(threads, connections);
  window_ = connections / lane_count_;
  (void)out_of_memory_error();  // is made while there is memory
}

CurlTransport::~CurlTransport() {
  if (is_forked()) {
    // The lanes' threads are the parent's, and so are their connections: closing them would end the parent's, too.
    for (auto& lane : lanes_) (void)lane.release();
    return;
  }
  if (forks_.load(std::memory_order_relaxed)) RunningTransports::all().remove(*this);
  stop();
}

void CurlTransport::stop() noexcept {
  if (is_forked()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    for (const auto& lane : lanes_) lane->wake();
  }
  for (const auto& lane : lanes_) lane->join();
}

bool CurlTransport::is_own_thread() const noexcept {
  return std::any_of(lanes_.begin(), lanes_.end(), [](const auto& lane) { return lane->is_own_thread(); });
}

bool CurlTransport::is_forked() const noexcept {
  const auto forks = forks_.load(std::memory_order_relaxed);
  return forks && *forks != fork_generation();
}

Transport::TransferId CurlTransport::start(Request request, std::shared_ptr<TransferHandler> handler) {
  return without_bad_alloc([&] {
    auto transfer = make_transfer(std::move(request), std::move(handler));
    const std::lock_guard lock(mutex_);
    const auto id = admit(*transfer);
    auto& queue = transfer->origin->fresh;
    queue.push_back(std::move(transfer));
    wake_one(true);
    return id;
  });
}

Transport::TransferId CurlTransport::deliver(Request request, Response known,
                                             std::shared_ptr<TransferHandler> handler) {
  return without_bad_alloc([&] {
    auto transfer = make_transfer(std::move(request), std::move(handler));
    transfer->response = std::move(known);
    transfer->response.attempts = 0;
    const std::lock_guard lock(mutex_);
    const auto id = admit(*transfer);
    ready_.push_back(std::move(transfer));
    wake_one(false);
    return id;
  });
}

TransferPtr CurlTransport::make_transfer(Request request, std::shared_ptr<TransferHandler> handler) {
  // Before the mutex is touched: it may have been locked, by a thread that the child does not have, when it was forked.
  if (is_forked()) {
    throw Error(Errc::io,
                "this session was used before fork(), and its threads are the parent's: make a new CatmaidClient or "
                "HttpSession in the child");
  }
  if (request.range && (request.range->size == 0 ||
                        request.range->size - 1 > std::numeric_limits<std::uint64_t>::max() - request.range->begin)) {
    throw Error(Errc::invalid_argument, "Request: range must have a size, and an end below 2^64");
  }
  auto transfer = std::make_unique<Transfer>(gate_);
  transfer->url = request.url;
  transfer->request = std::move(request);
  transfer->handler = std::move(handler);
  transfer->asked = Clock::now();
  const auto limit = transfer->request.deadline;
  transfer->deadline =
      limit.count() > 0 ? transfer->asked + std::min<milliseconds>(limit, longest_deadline) : Clock::time_point::max();
  transfer->whole_limit = transfer->body_limit = options_->max_body_bytes;
  if (const auto most = transfer->request.max_body_bytes; most > 0) {
    transfer->body_limit = std::min(transfer->body_limit, most);
  }
  transfer->response.attempts = 0;
  return transfer;
}

// Last: what can fail. With the mutex held.
Transport::TransferId CurlTransport::admit(Transfer& transfer) {
  if (stopping_) throw Error(Errc::io, "the process is ending: nothing is fetched any more");
  if (lanes_.size() < lane_count_) begin_lanes();
  transfer.origin = &origins_.of(transfer.request.url);
  const auto id = last_id_ + 1;
  const auto known = known_.emplace(id, &transfer).first;
  try {
    if (transfer.deadline != Clock::time_point::max()) deadlines_.emplace(transfer.deadline, id);
  } catch (...) {
    known_.erase(known);
    throw;
  }
  ++transfer.origin->transfers;
  return transfer.id = last_id_ = id;
}

void CurlTransport::cancel(TransferId id) noexcept {
  if (is_forked()) return;
  TransferPtr dropped;  // its handler may be the last owner of something: not to be destroyed under the lock
  {
    const std::lock_guard lock(mutex_);
    const auto found = known_.find(id);
    if (found == known_.end()) return;
    Transfer& transfer = *found->second;
    transfer.cancelled = true;
    if (transfer.lane != nullptr) {
      transfer.lane->must_sweep = true;
      transfer.lane->wake();
      return;
    }
    if (transfer.queue == nullptr) return;  // its handler runs
    dropped = transfer.queue->remove(transfer);
  }
  end(*dropped);
}

TransferPtr CurlTransport::take(Lane& lane, Clock::time_point now) noexcept {
  auto transfer = origins_.take(now);
  if (!transfer) return nullptr;
  transfer->lane = &lane;
  transfer->expected_bytes = body_estimate_.load(std::memory_order_relaxed);
  return transfer;
}

void CurlTransport::expire(Clock::time_point now, TransferQueue& expired) noexcept {
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    const auto found = known_.find(deadlines_.begin()->second);
    deadlines_.erase(deadlines_.begin());
    if (found == known_.end()) continue;
    Transfer& transfer = *found->second;
    transfer.expired = true;
    if (transfer.lane != nullptr) {
      transfer.lane->must_sweep = true;
      transfer.lane->wake();
    } else if (transfer.queue != nullptr && transfer.queue != &ready_) {
      expired.push_back(transfer.queue->remove(transfer));
    }
  }
}

void CurlTransport::make_ready(TransferPtr transfer) noexcept {
  // Leans towards the larger bodies: the bound is on memory.
  const auto estimate = body_estimate_.load(std::memory_order_relaxed);
  body_estimate_.store(std::max({transfer->response.body.size(), estimate - estimate / 16, std::size_t{1}}),
                       std::memory_order_relaxed);
  const auto now = Clock::now();
  TransferPtr dropped;
  {
    const std::lock_guard lock(mutex_);
    accepted(*transfer, now);
    transfer->lane = nullptr;
    if (!transfer->cancelled) {
      ready_.push_back(std::move(transfer));
      if (ready_.size() > 1) wake_one(false);  // the first is the lane's own
      return;
    }
    dropped = std::move(transfer);
  }
  end(*dropped);
}

void CurlTransport::accepted(Transfer& transfer, Clock::time_point now) noexcept {
  if (!std::exchange(transfer.in_flight, false)) return;
  transfer.origin->pacer.accepted(transfer.ticket, now);
  transfer.origin->streams = transfer.streamed;
}

TransferPtr CurlTransport::take_ready() noexcept {
  const std::lock_guard lock(mutex_);
  return ready_.pop_front();
}

void CurlTransport::again(TransferPtr transfer) noexcept {
  TransferPtr dropped;
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(transfer->in_flight, false)) transfer->origin->pacer.gone();
    transfer->lane = nullptr;
    if (!transfer->cancelled) {
      auto& queue = transfer->origin->again;
      queue.push_back(std::move(transfer));
      wake_one(true);
      return;
    }
    dropped = std::move(transfer);
  }
  end(*dropped);
}

bool CurlTransport::adopt(Lane& lane, Transfer& transfer) noexcept {
  const std::lock_guard lock(mutex_);
  if (std::exchange(transfer.in_flight, false)) transfer.origin->pacer.gone();
  transfer.lane = &lane;
  return !transfer.cancelled;
}

CurlTransport::Refusal CurlTransport::refused(Transfer& transfer, milliseconds pause, bool no_connection) noexcept {
  const auto now = Clock::now();
  const std::lock_guard lock(mutex_);
  Pacer& pacer = transfer.origin->pacer;
  const bool took_some = pacer.accepted_count() > 0;
  if (std::exchange(transfer.in_flight, false)) {
    if (took_some || pause.count() > 0) {
      pacer.refused(transfer.ticket, now, pause, no_connection);
    } else {
      pacer.gone();  // nothing is known of this server yet: it may be no server at all
    }
  }
  if (!pacer.engaged() || !took_some) return Refusal::attempt;
  if (++transfer.refusals == 1) transfer.accepted_then = pacer.accepted_count();
  const auto since = pacer.accepted_count() - transfer.accepted_then;
  if (transfer.refusals >= refusals_too_many + static_cast<int>(chance_refusals * pacer.refused_share()) &&
      since >= others_accepted * static_cast<std::uint64_t>(transfer.refusals)) {
    return Refusal::too_often;
  }
  if (now - std::max(pacer.last_accepted(), transfer.asked) >= options_->outage_timeout) return Refusal::outage;
  return Refusal::excused;
}

bool CurlTransport::is_lost_stream(const Transfer& transfer) noexcept {
  const std::lock_guard lock(mutex_);
  return transfer.origin->streams && transfer.excused < lost_streams_too_many &&
         transfer.origin->pacer.accepted_count() > transfer.accepted_before;
}

bool CurlTransport::end(Transfer& transfer) noexcept {
  const std::lock_guard lock(mutex_);
  const auto found = known_.find(transfer.id);
  if (found == known_.end()) return false;
  known_.erase(found);
  if (transfer.deadline != Clock::time_point::max()) {
    const auto [first, last] = deadlines_.equal_range(transfer.deadline);
    const auto own = std::find_if(first, last, [&](const auto& entry) { return entry.second == transfer.id; });
    if (own != last) deadlines_.erase(own);
  }
  if (std::exchange(transfer.in_flight, false)) transfer.origin->pacer.gone();
  --transfer.origin->transfers;
  transfer.lane = nullptr;
  if (has_queue()) wake_one(true);
  return !transfer.cancelled;
}

// With the mutex held. Some lanes are as good as all; none is an error, each time.
void CurlTransport::begin_lanes() {
  const auto now = Clock::now();
  if (!lanes_.empty() && now < next_lanes_) return;
  next_lanes_ = now + between_lane_trials;
  try {
    init_curl_once();
    share_.begin();
    RunningTransports::all().add(*this);
    lanes_.reserve(lane_count_);
    forks_.store(fork_generation(), std::memory_order_relaxed);
    while (lanes_.size() < lane_count_) {
      auto lane = std::make_unique<Lane>(*this, window_);
      lane->begin();
      lanes_.push_back(std::move(lane));
    }
  } catch (...) {
    if (lanes_.empty()) throw;
  }
}

void CurlTransport::wake_one(bool for_transfer) noexcept {
  const auto idle = std::find_if(lanes_.begin(), lanes_.end(),
                                 [&](const auto& lane) { return lane->sleeping && (lane->has_room || !for_transfer); });
  if (idle == lanes_.end()) return;
  (*idle)->sleeping = false;  // so that the next call wakes another one
  (*idle)->wake();
}

}  // namespace catvox::detail
