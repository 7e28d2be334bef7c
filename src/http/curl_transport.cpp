#include "http/curl_transport.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <catvox/core/error.hpp>
#include <limits>
#include <new>
#include <thread>
#include <utility>

namespace catvox::detail {
namespace {

constexpr std::size_t body_guess = std::size_t{1} << 17;       // for the memory bound, until bodies were seen
constexpr std::size_t memory_beside = std::size_t{100} << 10;  // its body: a handle, a connection, their buffers

void init_curl_once() {
  // Thread-safe since 7.84; never cleaned up, because other code of the process may use libcurl as well.
  static const CURLcode result = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (result != CURLE_OK) throw Error(Errc::connection, "libcurl does not start");
}

}  // namespace

void Share::begin() {
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
    : options_(std::move(options)),
      disk_cache_(options_->disk_cache.folder.empty() ? nullptr : std::make_unique<DiskCache>(*options_)),
      body_estimate_(body_guess) {
  const auto cores = std::max(1U, std::thread::hardware_concurrency());
  const auto threads = options_->threads > 0 ? static_cast<unsigned>(options_->threads) : cores;
  const auto connections = static_cast<unsigned>(std::max(1, options_->max_connections));
  lane_count_ = std::min(threads, connections);
  window_ = connections / lane_count_;
}

CurlTransport::~CurlTransport() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    for (const auto& lane : lanes_) lane->wake();
  }
  for (const auto& lane : lanes_) lane->join();
}

Transport::TransferId CurlTransport::start(Request request, std::shared_ptr<TransferHandler> handler) {
  auto transfer = make_transfer(std::move(request), std::move(handler));
  const std::lock_guard lock(mutex_);
  const auto id = admit(*transfer);
  queue_.push_back(std::move(transfer));
  wake_one(true);
  return id;
}

Transport::TransferId CurlTransport::deliver(Request request, Response known,
                                             std::shared_ptr<TransferHandler> handler) {
  auto transfer = make_transfer(std::move(request), std::move(handler));
  transfer->response = std::move(known);
  transfer->response.attempts = 0;
  const std::lock_guard lock(mutex_);
  const auto id = admit(*transfer);
  taken_.emplace(id, nullptr);
  ready_.push_back(std::move(transfer));
  wake_one(false);
  return id;
}

TransferPtr CurlTransport::make_transfer(Request request, std::shared_ptr<TransferHandler> handler) const {
  if (request.range && (request.range->size == 0 ||
                        request.range->size - 1 > std::numeric_limits<std::uint64_t>::max() - request.range->begin)) {
    throw Error(Errc::invalid_argument, "Request: range must have a size, and an end below 2^64");
  }
  auto transfer = std::make_unique<Transfer>();
  transfer->url = request.url;
  transfer->request = std::move(request);
  transfer->handler = std::move(handler);
  transfer->whole_limit = transfer->body_limit = options_->max_body_bytes;
  if (const auto limit = transfer->request.max_body_bytes; limit > 0) {
    transfer->body_limit = std::min(transfer->body_limit, limit);
  }
  transfer->response.attempts = 0;
  return transfer;
}

Transport::TransferId CurlTransport::admit(Transfer& transfer) {
  if (lanes_.empty()) begin_lanes();
  return transfer.id = ++last_id_;
}

void CurlTransport::cancel(TransferId id) noexcept {
  TransferPtr dropped;  // its handler may be the last owner of something: not to be destroyed under the lock
  const std::lock_guard lock(mutex_);
  const auto queued = std::find_if(queue_.begin(), queue_.end(), [id](const auto& t) { return t->id == id; });
  if (queued != queue_.end()) {
    dropped = std::move(*queued);
    queue_.erase(queued);
    return;
  }
  const auto ready = std::find_if(ready_.begin(), ready_.end(), [id](const auto& t) { return t->id == id; });
  if (ready != ready_.end()) {
    dropped = std::move(*ready);
    ready_.erase(ready);
    taken_.erase(id);
    return;
  }
  const auto taken = taken_.find(id);
  if (taken == taken_.end() || taken->second == nullptr) return;
  taken->second->to_cancel.push_back(id);
  taken->second->wake();
}

TransferPtr CurlTransport::take(Lane& lane, std::size_t load) {
  if (queue_.empty()) return nullptr;
  const std::size_t bytes = (taken_.size() + 1) * (body_estimate_ + memory_beside);
  if (load > 0 && bytes > options_->max_bytes_in_flight) return nullptr;
  auto transfer = std::move(queue_.front());
  queue_.pop_front();
  taken_.emplace(transfer->id, &lane);
  return transfer;
}

void CurlTransport::make_ready(const Lane& lane, TransferPtr transfer) {
  TransferPtr dropped;
  const std::lock_guard lock(mutex_);
  if (std::find(lane.to_cancel.begin(), lane.to_cancel.end(), transfer->id) != lane.to_cancel.end()) {
    taken_.erase(transfer->id);
    dropped = std::move(transfer);
    return;
  }
  // Leans towards the larger bodies: the bound is on memory.
  body_estimate_ = std::max({transfer->response.body.size(), body_estimate_ - body_estimate_ / 16, std::size_t{1}});
  taken_[transfer->id] = nullptr;
  ready_.push_back(std::move(transfer));
  if (ready_.size() > 1) wake_one(false);  // the first is the lane's own
}

TransferPtr CurlTransport::take_ready() {
  const std::lock_guard lock(mutex_);
  if (ready_.empty()) return nullptr;
  auto transfer = std::move(ready_.front());
  ready_.pop_front();
  return transfer;
}

void CurlTransport::adopt(Lane& lane, TransferId id) {
  const std::lock_guard lock(mutex_);
  taken_[id] = &lane;
}

void CurlTransport::end(TransferId id) {
  const std::lock_guard lock(mutex_);
  taken_.erase(id);
  if (!queue_.empty()) wake_one(true);
}

void CurlTransport::begin_lanes() {
  init_curl_once();
  share_.begin();
  for (std::size_t i = 0; i < lane_count_; ++i) lanes_.push_back(std::make_unique<Lane>(*this, window_));
  for (const auto& lane : lanes_) lane->begin();
}

void CurlTransport::wake_one(bool for_transfer) {
  const auto idle = std::find_if(lanes_.begin(), lanes_.end(),
                                 [&](const auto& lane) { return lane->sleeping && (lane->has_room || !for_transfer); });
  if (idle == lanes_.end()) return;
  (*idle)->sleeping = false;  // so that the next call wakes another one
  (*idle)->wake();
}

}  // namespace catvox::detail
