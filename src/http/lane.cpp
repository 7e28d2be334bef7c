#include "http/lane.hpp"

#include <algorithm>
#include <catvox/http/url.hpp>
#include <cctype>
#include <new>
#include <span>

#include "http/curl_transport.hpp"
#include "http/receive.hpp"
#include "http/redirect.hpp"
#include "http/status.hpp"

namespace catvox::detail {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t first_window = 8;  // transfers that a lane starts with; see Lane::sleep
// Client CPU for 74 KB from nginx over TLS is 62 us with HTTP/1.1 and 67-73 us with HTTP/2, of 4 to 100 streams alike;
// but 512 requests at 50 ms latency cost 260 us each with the handshakes of 64 connections, 210 with 4 (of 16 streams),
// 128 with 2 (of 32), and those take no longer.
constexpr long streams_per_connection = 32;
constexpr std::chrono::microseconds delivery_turn{300};       // of decoding, before the sockets are looked at again
constexpr std::size_t pooled_bytes = std::size_t{1} << 20;    // of bodies for reuse: fresh memory costs page faults
constexpr std::size_t largest_pooled = std::size_t{4} << 20;  // of a body that is kept alone

bool is_web(const std::string& url) {
  const auto scheme = scheme_of(url);
  return scheme == "http" || scheme == "https";
}

// What the server says of this answer; on keeping it, redirects have a say, too, as each may be a reason not to.
void note_headers(Transfer& transfer) {
  CURL* easy = transfer.easy.get();
  auto& response = transfer.response;
  const auto value_of = [easy](const char* name, std::size_t index, std::size_t* amount = nullptr) {
    curl_header* header = nullptr;
    if (curl_easy_header(easy, name, index, CURLH_HEADER, -1, &header) != CURLHE_OK) return std::string();
    if (amount != nullptr) *amount = header->amount;
    return std::string(header->value);
  };
  if (char* type = nullptr; curl_easy_getinfo(easy, CURLINFO_CONTENT_TYPE, &type) == CURLE_OK && type != nullptr) {
    response.content_type = type;
  }
  response.content_encoding = value_of("Content-Encoding", 0);
  if (!transfer.request.cacheable) return;
  response.etag = value_of("ETag", 0);
  response.last_modified = value_of("Last-Modified", 0);
  for (std::size_t i = 0, amount = 1; i < amount; ++i) {
    auto directives = value_of("Cache-Control", i, &amount);
    std::transform(directives.begin(), directives.end(), directives.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (directives.find("no-store") != std::string::npos) response.no_store = true;
  }
}

void use_kept(Transfer& transfer, DiskEntry kept) {
  auto& response = transfer.response;
  response.status = kept.status;
  response.content_type = std::move(kept.content_type);
  response.body = std::move(kept.body);
  response.from_disk = true;
  response.url = redact_url(transfer.url);
}

// Tells connections apart: 0 before there is one.
long local_port(CURL* easy) {
  long port = 0;
  curl_easy_getinfo(easy, CURLINFO_LOCAL_PORT, &port);
  return port;
}

double seconds_of(CURL* easy, CURLINFO time) {
  curl_off_t microseconds = 0;
  curl_easy_getinfo(easy, time, &microseconds);
  return static_cast<double>(microseconds) * 1e-6;
}

}  // namespace

Lane::Lane(CurlTransport& transport, std::size_t max_window)
    : transport_(transport),
      multi_(curl_multi_init()),
      max_window_(max_window),
      window_(std::min(first_window, max_window)) {
  if (!multi_) throw std::bad_alloc();
  curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS, static_cast<long>(max_window));
  curl_multi_setopt(multi_.get(), CURLMOPT_MAX_CONCURRENT_STREAMS, streams_per_connection);
}

Lane::~Lane() {
  for (const auto& [easy, transfer] : running_) curl_multi_remove_handle(multi_.get(), easy);
}

void Lane::run() {
  while (true) {
    std::vector<TransferPtr> fresh;
    std::vector<Transport::TransferId> cancelled;
    {
      const std::lock_guard lock(transport_.mutex());
      if (transport_.stopping()) return;
      sleeping = false;
      has_room = false;  // set again by sleep(), when it is known
      cancelled.swap(to_cancel);
      while (running_.size() + fresh.size() < window_) {
        auto transfer = transport_.take(*this, running_.size() + fresh.size());
        if (!transfer) break;
        fresh.push_back(std::move(transfer));
      }
    }
    if (!cancelled.empty()) cancel(cancelled);
    begin_due_retries();
    const bool began = !fresh.empty();
    for (auto& transfer : fresh) begin(std::move(transfer));

    int running = 0;
    curl_multi_perform(multi_.get(), &running);
    const bool finished = finish_done();
    end_stalled();
    const bool delivered = deliver_ready();
    if (!began && !finished && !delivered) sleep();
  }
}

// libcurl's own low-speed limit averages over seconds: it takes a slow transfer for a stalled one and the other way
// round.
void Lane::end_stalled() {
  const auto now = Clock::now();
  if (now < next_stall_check_) return;
  const auto limit = transport_.options().stall_timeout;
  next_stall_check_ = now + stall_check_interval();
  const auto is_stalled = [&](const Transfer& transfer) { return now - transfer.last_byte >= limit; };
  std::vector<long> dead;  // connections
  for (const auto& [easy, transfer] : running_) {
    if (is_stalled(*transfer)) dead.push_back(local_port(easy));
  }
  if (dead.empty()) return;
  // Left open, the connection of a stalled HTTP/2 stream would be used for its retry and for all that comes after it.
  // It is closed when its last stream is gone: the others begin anew on another one, with no attempt counted.
  std::vector<TransferPtr> stalled, others;
  for (auto it = running_.begin(); it != running_.end();) {
    const long port = local_port(it->first);
    const bool itself = is_stalled(*it->second);
    if (!itself && (port == 0 || std::find(dead.begin(), dead.end(), port) == dead.end())) {
      ++it;
      continue;
    }
    curl_easy_setopt(it->first, CURLOPT_FORBID_REUSE, 1L);
    curl_multi_remove_handle(multi_.get(), it->first);
    it->second->easy.reset();
    (itself ? stalled : others).push_back(std::move(it->second));
    it = running_.erase(it);
  }
  for (auto& transfer : others) {
    --transfer->response.attempts;
    begin(std::move(transfer));
  }
  for (auto& transfer : stalled) {
    transfer->response.status = 0;
    retry_or_fail(std::move(transfer), Errc::timeout, "no byte arrived for " + std::to_string(limit.count()) + " ms");
  }
}

milliseconds Lane::stall_check_interval() const {
  return std::clamp(transport_.options().stall_timeout / 4, milliseconds(1), milliseconds(1000));
}

// Waits for sockets, timers or a wake-up. A lane that has nothing to decode while requests are queued has too few
// transfers under way for this server's latency: it doubles their number, from a handful (all that a near server
// needs; more would only hold memory) up to its share of the connections.
void Lane::sleep() {
  bool could_grow = false;
  {
    const std::lock_guard lock(transport_.mutex());
    if (transport_.stopping() || transport_.has_ready() || !to_cancel.empty()) return;
    could_grow = transport_.has_queue() && window_ < max_window_;
    has_room = running_.size() < window_;
    sleeping = true;
    if (running_.empty() && !transport_.has_queue()) window_ = std::min(first_window, max_window_);
  }
  // A near server that shares the cores pauses for a moment, too: the more there is under way, the longer it may.
  const auto patience = milliseconds(std::max<std::size_t>(1, window_ / first_window));
  milliseconds wait = could_grow ? patience : running_.empty() ? milliseconds(60'000) : stall_check_interval();
  if (!waiting_.empty()) {
    const auto until = std::chrono::ceil<milliseconds>(waiting_.begin()->first - Clock::now());
    wait = std::clamp(until, milliseconds(0), wait);
  }
  int events = 0;
  curl_multi_poll(multi_.get(), nullptr, 0, static_cast<int>(wait.count()), &events);
  if (could_grow && events == 0) window_ = std::min(2 * window_, max_window_);
}

void Lane::cancel(const std::vector<Transport::TransferId>& ids) {
  const auto listed = [&](const TransferPtr& t) { return std::find(ids.begin(), ids.end(), t->id) != ids.end(); };
  for (auto it = running_.begin(); it != running_.end();) {
    if (!listed(it->second)) {
      ++it;
      continue;
    }
    curl_multi_remove_handle(multi_.get(), it->first);
    transport_.end(it->second->id);
    it = running_.erase(it);
  }
  std::erase_if(waiting_, [&](const auto& entry) {
    if (!listed(entry.second)) return false;
    transport_.end(entry.second->id);
    return true;
  });
}

void Lane::begin_due_retries() {
  while (!waiting_.empty() && waiting_.begin()->first <= Clock::now()) {
    auto node = waiting_.extract(waiting_.begin());
    begin(std::move(node.mapped()));
  }
}

// What it calls moves `transfer` on only when nothing there can throw any more.
void Lane::begin(TransferPtr transfer) {
  try {
    if (!is_web(transfer->url)) {
      fail(std::move(transfer), Errc::refused, "a session fetches http: and https: URLs only");
    } else if (!answer_from_disk(transfer)) {
      begin_http(transfer);
    }
  } catch (const Error& error) {
    fail(std::move(transfer), error.code(), error.what());
  } catch (const std::exception& error) {
    fail(std::move(transfer), Errc::connection, error.what());
  }
}

// True if no request needs to be made.
bool Lane::answer_from_disk(TransferPtr& transfer) {
  DiskCache* cache = transport_.disk_cache();
  if (cache == nullptr || transfer->disk_key || transfer->request.range)
    return false;  // looked up before: what is there did not decode
  transfer->disk_key = cache->key_of(transfer->request);
  if (!transfer->disk_key) return false;
  auto kept = cache->find(*transfer->disk_key, spare_body());
  if (!kept) return false;
  if (transport_.options().disk_cache.revalidate && kept->status == 200) {
    if (!kept->etag.empty() || !kept->last_modified.empty()) transfer->kept = std::move(kept);
    return false;
  }
  use_kept(*transfer, std::move(*kept));
  make_ready(std::move(transfer));
  return true;
}

// An answer that its handler has yet to accept.
DiskCache::Writing Lane::write_to_disk(const Transfer& transfer) const {
  const auto& response = transfer.response;
  const bool missing = is_missing(response.status, false);
  if (!transfer.disk_key || response.no_store || response.attempts == 0 || response.from_disk ||
      (response.status != 200 && !missing)) {
    return {};
  }
  try {
    const DiskEntry entry{.key = *transfer.disk_key,
                          .status = response.status,
                          .stored = now_in_seconds(),
                          .content_type = response.content_type,
                          .etag = response.etag,
                          .last_modified = response.last_modified,
                          .body = {}};
    return transport_.disk_cache()->write(entry, missing ? std::span<const std::byte>() : response.body.bytes());
  } catch (const std::bad_alloc&) {
    return {};
  }
}

void Lane::begin_http(TransferPtr& transfer) {
  ++transfer->response.attempts;
  if (idle_.empty()) {
    transfer->easy = make_easy(transport_.options(), transport_.share());
  } else {
    transfer->easy = std::move(idle_.back());
    idle_.pop_back();
  }
  if (transfer->response.body.capacity() == 0) transfer->response.body = spare_body();
  prepare(*transfer);
  CURL* easy = transfer->easy.get();
  const auto entry = running_.try_emplace(easy).first;  // before the transfer runs: this may throw
  if (curl_multi_add_handle(multi_.get(), easy) != CURLM_OK) {
    running_.erase(entry);
    throw std::bad_alloc();
  }
  transfer->last_byte = Clock::now();
  entry->second = std::move(transfer);
}

bool Lane::finish_done() {
  bool finished = false;
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const auto code = message->data.result;
    const auto found = running_.find(message->easy_handle);
    curl_multi_remove_handle(multi_.get(), message->easy_handle);
    auto transfer = std::move(found->second);
    running_.erase(found);
    finish(std::move(transfer), code);
    finished = true;
  }
  return finished;
}

// Runs handlers, of transfers that this lane or another one finished, but not for so long that the server runs out of
// requests to answer.
bool Lane::deliver_ready() {
  bool delivered = false;
  const auto end = Clock::now() + delivery_turn;
  while (auto transfer = transport_.take_ready()) {
    deliver(std::move(transfer));
    delivered = true;
    if (Clock::now() >= end) break;
  }
  return delivered;
}

void Lane::finish(TransferPtr transfer, CURLcode code) {
  CURL* easy = transfer->easy.get();
  auto& response = transfer->response;
  response.url = redact_url(transfer->url);
  response.status = status_of(*transfer);
  response.first_byte_seconds = seconds_of(easy, CURLINFO_STARTTRANSFER_TIME_T);
  response.seconds = seconds_of(easy, CURLINFO_TOTAL_TIME_T);
  if (transfer->out_of_memory) {
    fail(std::move(transfer), Errc::too_large, "not enough memory");
    return;
  }
  if (transfer->refusal) {
    const Error refusal = *transfer->refusal;
    refuse(std::move(transfer), refusal);
    return;
  }
  if (!is_complete(*transfer, code)) {
    response.status = 0;
    const auto kind = code == CURLE_OPERATION_TIMEDOUT ? Errc::timeout : Errc::connection;
    const bool retry = worth_retrying(code);
    // libcurl's longer text has times and ports in it; it is worth them where it explains a TLS or proxy failure.
    const bool explain = !retry || code == CURLE_SSL_CONNECT_ERROR;
    const std::string reason =
        explain && transfer->curl_message[0] != '\0' ? transfer->curl_message.data() : curl_easy_strerror(code);
    retry ? retry_or_fail(std::move(transfer), kind, reason) : fail(std::move(transfer), kind, reason);
    return;
  }
  note_headers(*transfer);
  const int status = response.status;
  if (status == 304 && transfer->kept) {
    use_kept(*transfer, std::move(*transfer->kept));
    make_ready(std::move(transfer));
    return;
  }
  if (is_redirect(status)) {
    go_on_elsewhere(std::move(transfer));
    return;
  }
  if (worth_retrying(transfer->request, status) && response.attempts < max_attempts(transfer->request)) {
    curl_off_t seconds = 0;
    curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &seconds);
    retry_or_fail(std::move(transfer), Errc::http_status, "HTTP " + std::to_string(status),
                  std::chrono::seconds(std::clamp<curl_off_t>(seconds, 0, 1'000'000)));
    return;
  }
  try {
    check_range(*transfer);
  } catch (const Error& error) {
    refuse(std::move(transfer), error);
    return;
  }
  make_ready(std::move(transfer));
}

void Lane::go_on_elsewhere(TransferPtr transfer) {
  try {
    if (!follow_redirect(*transfer)) {
      make_ready(std::move(transfer));
      return;
    }
  } catch (const Error& error) {
    fail(std::move(transfer), error.code(), error.what());
    return;
  }
  --transfer->response.attempts;  // a hop is not another attempt
  recycle(std::move(transfer->easy));
  begin(std::move(transfer));
}

void Lane::make_ready(TransferPtr transfer) {
  if (transfer->easy) recycle(std::move(transfer->easy));
  transport_.make_ready(*this, std::move(transfer));
}

void Lane::deliver(TransferPtr transfer) {
  auto writing = write_to_disk(*transfer);
  try {
    transfer->handler->on_response(transfer->response);
  } catch (const Error& error) {
    if (error.code() == Errc::corrupt_data && transfer->response.attempts == 0) {
      // What was kept is no good: ask the source.
      transport_.adopt(*this, transfer->id);
      begin(std::move(transfer));
    } else {
      transport_.adopt(*this, transfer->id);
      refuse(std::move(transfer), error);
    }
    return;
  } catch (const std::bad_alloc&) {
    fail(std::move(transfer), Errc::too_large, "not enough memory");
    return;
  }
  writing.keep();
  transport_.end(transfer->id);
  recycle(std::move(transfer->response.body));
}

// A body that is not what it must be may have been spoilt on the way: the next attempt passes caches by.
void Lane::refuse(TransferPtr transfer, const Error& error) {
  if (error.code() != Errc::corrupt_data) {
    fail(std::move(transfer), error.code(), error.what());
    return;
  }
  transfer->request.past_caches = true;
  transfer->kept.reset();
  retry_or_fail(std::move(transfer), error.code(), error.what());
}

void Lane::retry_or_fail(TransferPtr transfer, Errc code, const std::string& reason, milliseconds server_wait) {
  const RetryPolicy& policy = transport_.options().retry;
  if (transfer->response.attempts >= max_attempts(transfer->request)) {
    fail(std::move(transfer), code, reason);
    return;
  }
  if (server_wait > policy.max_retry_after) {
    fail(std::move(transfer), code,
         reason + ", and the server asks to wait " +
             std::to_string(std::chrono::ceil<std::chrono::seconds>(server_wait).count()) + " s");
    return;
  }
  if (transfer->easy) recycle(std::move(transfer->easy));
  transfer->url = transfer->request.url;  // a retry starts over, redirects included
  transfer->redirects = 0;
  transfer->response.no_store = false;
  const auto due = Clock::now() + std::max(server_wait, backoff(transfer->response.attempts));
  waiting_.emplace(due, std::move(transfer));
}

void Lane::fail(TransferPtr transfer, Errc code, const std::string& reason) {
  const auto& response = transfer->response;
  const auto url = response.url.empty() ? redact_url(transfer->url) : response.url;
  transport_.end(transfer->id);
  transfer->handler->on_error(
      Error(code, reason, {.url = url, .http_status = response.status, .attempts = response.attempts}));
}

int Lane::max_attempts(const Request& request) const {
  return request.max_attempts > 0 ? request.max_attempts : transport_.options().retry.max_attempts;
}

milliseconds Lane::backoff(int attempts) {
  const RetryPolicy& policy = transport_.options().retry;
  const double full =
      static_cast<double>(policy.initial_delay.count()) * static_cast<double>(1 << std::min(attempts - 1, 20));
  const double capped = std::min(full, static_cast<double>(policy.max_delay.count()));
  const double share = std::uniform_real_distribution<double>(0.5, 1.0)(random_);
  return milliseconds(static_cast<std::int64_t>(capped * share));
}

Buffer Lane::spare_body() {
  if (bodies_.empty()) return {};
  Buffer body = std::move(bodies_.back());
  bodies_.pop_back();
  pooled_bytes_ -= body.capacity();
  body.clear();
  return body;
}

void Lane::recycle(Easy easy) {
  curl_easy_setopt(easy.get(), CURLOPT_ERRORBUFFER, nullptr);  // may be written to when nothing runs; is about to go
  idle_.push_back(std::move(easy));
}

void Lane::recycle(Buffer body) {
  const bool fits =
      body.capacity() + pooled_bytes_ <= pooled_bytes || (bodies_.empty() && body.capacity() <= largest_pooled);
  if (body.capacity() == 0 || !fits) return;
  pooled_bytes_ += body.capacity();
  bodies_.push_back(std::move(body));
}

}  // namespace catvox::detail
