#include "http/curl_transport.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <catvox/core/error.hpp>
#include <catvox/http/url.hpp>
#include <chrono>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "http/file_fetch.hpp"

namespace catvox::detail {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr int max_redirects = 10;
constexpr std::size_t first_window = 4;                   // transfers that a lane starts with; see Lane::grow
constexpr std::size_t body_guess = std::size_t{1} << 17;  // for the memory bound, until bodies were seen
constexpr std::size_t error_body_bytes = 64 * 1024;       // of an answer that is no success: enough for its message
constexpr std::size_t pooled_bodies = 8;
constexpr std::size_t pooled_body_bytes = std::size_t{2} << 20;
constexpr long receive_buffer_bytes = 64 * 1024;  // 4 KiB costs half as much CPU again, 128 KiB too

struct EasyDeleter {
  void operator()(CURL* easy) const noexcept { curl_easy_cleanup(easy); }
};
using Easy = std::unique_ptr<CURL, EasyDeleter>;

struct MultiDeleter {
  void operator()(CURLM* multi) const noexcept { curl_multi_cleanup(multi); }
};
using Multi = std::unique_ptr<CURLM, MultiDeleter>;

struct ListDeleter {
  void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};
using List = std::unique_ptr<curl_slist, ListDeleter>;

struct Transfer {
  Transport::TransferId id = 0;
  Request request;
  std::shared_ptr<TransferHandler> handler;

  std::string url;  // of this hop
  int redirects = 0;
  bool past_caches = false;  // after a body that did not decode
  Clock::time_point due{};   // of a retry

  Response response;
  Easy easy;
  List headers;
  std::size_t body_limit = 0;
  bool body_too_large = false;
  Clock::time_point last_byte{};
  std::array<char, CURL_ERROR_SIZE> curl_message{};
};

using TransferPtr = std::unique_ptr<Transfer>;

bool is_file(const std::string& url) { return scheme_of(url) == "file"; }

void init_curl_once() {
  // Thread-safe since 7.84; never cleaned up, because other code of the process may use libcurl as well.
  static const CURLcode result = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (result != CURLE_OK) throw Error(Errc::connection, "libcurl does not start");
}

long status_of(CURL* easy) {
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  return status;
}

// Runs inside libcurl: must not throw.
std::size_t receive_body(char* data, std::size_t, std::size_t count, void* user) noexcept {
  auto& transfer = *static_cast<Transfer*>(user);
  auto& body = transfer.response.body;
  transfer.last_byte = Clock::now();
  try {
    const bool success = status_of(transfer.easy.get()) < 300;
    if (!success) {
      const auto room = error_body_bytes - std::min(error_body_bytes, body.size());
      body.append(std::as_bytes(std::span(data, std::min(room, count))));
      return count;
    }
    if (body.size() == 0) {
      curl_off_t announced = -1;
      curl_easy_getinfo(transfer.easy.get(), CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &announced);
      if (announced > 0 && std::cmp_less_equal(announced, transfer.body_limit)) {
        // Only what one receive buffer cannot hold is worth believing a header for.
        body.reserve(static_cast<std::size_t>(announced));
      }
      transfer.body_too_large = announced > 0 && std::cmp_greater(announced, transfer.body_limit);
    }
    if (count > transfer.body_limit - body.size()) transfer.body_too_large = true;
    if (transfer.body_too_large) return CURL_WRITEFUNC_ERROR;
    body.append(std::as_bytes(std::span(data, count)));
    return count;
  } catch (const std::bad_alloc&) {
    transfer.body_too_large = true;
    return CURL_WRITEFUNC_ERROR;
  }
}

std::size_t receive_header(char*, std::size_t, std::size_t count, void* user) noexcept {
  static_cast<Transfer*>(user)->last_byte = Clock::now();
  return count;
}

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

class CurlTransport;

// One thread, its multi handle and the transfers that it has under way. Everything is its own thread's, but
// `sleeping` and `to_cancel`, which the transport's mutex guards.
class Lane {
 public:
  Lane(CurlTransport& transport, std::size_t max_window);
  ~Lane();

  void begin() {
    thread_ = std::thread([this] { run(); });
  }
  void join() { thread_.join(); }
  void wake() noexcept { curl_multi_wakeup(multi_.get()); }

  bool sleeping = false;
  std::vector<Transport::TransferId> to_cancel;

 private:
  void run();
  void cancel(const std::vector<Transport::TransferId>& ids);
  void begin(TransferPtr transfer);
  void begin_http(TransferPtr& transfer);
  void run_file(TransferPtr& transfer);
  void begin_due_retries();
  std::size_t finish_done();
  void end_stalled();
  [[nodiscard]] milliseconds stall_check_interval() const;
  void finish(TransferPtr transfer, CURLcode code);
  void follow_redirect(TransferPtr transfer);
  void deliver(TransferPtr transfer);
  void retry_or_fail(TransferPtr transfer, Errc code, const std::string& reason, milliseconds server_wait = {});
  void fail(TransferPtr transfer, Errc code, const std::string& reason);
  void sleep();
  [[nodiscard]] milliseconds backoff(int attempts);
  [[nodiscard]] int max_attempts(const Request& request) const;
  void recycle(Easy easy) { idle_.push_back(std::move(easy)); }
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
  std::minstd_rand random_{std::random_device{}()};
  std::thread thread_;
};

class CurlTransport final : public Transport {
 public:
  explicit CurlTransport(std::shared_ptr<const HttpOptions> options) : options_(std::move(options)) {
    const auto cores = std::max(1U, std::thread::hardware_concurrency());
    const auto threads = options_->threads > 0 ? static_cast<unsigned>(options_->threads) : cores;
    const auto connections = static_cast<unsigned>(std::max(1, options_->max_connections));
    lane_count_ = std::min(threads, connections);
    window_ = connections / lane_count_;
  }

  ~CurlTransport() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
      for (const auto& lane : lanes_) lane->wake();
    }
    for (const auto& lane : lanes_) lane->join();
  }

  TransferId start(Request request, std::shared_ptr<TransferHandler> handler) override {
    auto transfer = std::make_unique<Transfer>();
    transfer->url = request.url;
    transfer->request = std::move(request);
    transfer->handler = std::move(handler);
    transfer->body_limit = options_->max_body_bytes;
    transfer->response.attempts = 0;
    const std::lock_guard lock(mutex_);
    const auto id = transfer->id = ++last_id_;
    if (lanes_.empty()) begin_lanes();
    queue_.push_back(std::move(transfer));
    wake_one();
    return id;
  }

  void cancel(TransferId id) noexcept override {
    TransferPtr dropped;  // its handler may be the last owner of something: not to be destroyed under the lock
    const std::lock_guard lock(mutex_);
    const auto queued = std::find_if(queue_.begin(), queue_.end(), [id](const auto& t) { return t->id == id; });
    if (queued != queue_.end()) {
      dropped = std::move(*queued);
      queue_.erase(queued);
      return;
    }
    const auto taken = taken_.find(id);
    if (taken == taken_.end()) return;
    taken->second->to_cancel.push_back(id);
    taken->second->wake();
  }

  [[nodiscard]] int concurrency() const noexcept override { return static_cast<int>(lane_count_ * window_); }

  // What follows is called by lanes.

  [[nodiscard]] const HttpOptions& options() const { return *options_; }
  [[nodiscard]] std::mutex& mutex() { return mutex_; }
  [[nodiscard]] bool stopping() const { return stopping_; }
  [[nodiscard]] bool has_queue() const { return !queue_.empty(); }

  // The next transfer for a lane, if there is one and its body has room. Call with the mutex held.
  // `load`: what the lane has under way; one at least it may always have.
  TransferPtr take(Lane& lane, std::size_t load) {
    if (queue_.empty()) return nullptr;
    if (load > 0 && (taken_.size() + 1) * body_estimate_ > options_->max_bytes_in_flight) return nullptr;
    auto transfer = std::move(queue_.front());
    queue_.pop_front();
    taken_.emplace(transfer->id, &lane);
    return transfer;
  }

  // Says that a handler is about to run: from here on the transfer cannot be cancelled. False if it just was.
  bool begin_delivery(const Lane& lane, TransferId id, std::size_t body_bytes) {
    const std::lock_guard lock(mutex_);
    if (std::find(lane.to_cancel.begin(), lane.to_cancel.end(), id) != lane.to_cancel.end()) return false;
    // Leans towards the larger bodies: the bound is on memory.
    body_estimate_ = std::max({body_bytes, body_estimate_ - body_estimate_ / 16, std::size_t{1}});
    return true;
  }

  void end(TransferId id) {
    const std::lock_guard lock(mutex_);
    taken_.erase(id);
    if (!queue_.empty()) wake_one();
  }

 private:
  void wake_one() {
    const auto idle = std::find_if(lanes_.begin(), lanes_.end(), [](const auto& lane) { return lane->sleeping; });
    if (idle == lanes_.end()) return;
    (*idle)->sleeping = false;  // so that the next call wakes another one
    (*idle)->wake();
  }

  void begin_lanes() {
    init_curl_once();
    for (std::size_t i = 0; i < lane_count_; ++i) lanes_.push_back(std::make_unique<Lane>(*this, window_));
    for (const auto& lane : lanes_) lane->begin();
  }

  const std::shared_ptr<const HttpOptions> options_;
  std::size_t lane_count_ = 1;
  std::size_t window_ = 1;

  std::mutex mutex_;  // guards all below, and what Lane says
  std::deque<TransferPtr> queue_;
  std::unordered_map<TransferId, Lane*> taken_;
  std::size_t body_estimate_ = body_guess;
  TransferId last_id_ = 0;
  bool stopping_ = false;
  std::vector<std::unique_ptr<Lane>> lanes_;
};

Lane::Lane(CurlTransport& transport, std::size_t max_window)
    : transport_(transport),
      multi_(curl_multi_init()),
      max_window_(max_window),
      window_(std::min(first_window, max_window)) {
  if (!multi_) throw std::bad_alloc();
  curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS, static_cast<long>(max_window));
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
      cancelled.swap(to_cancel);
      while (running_.size() + fresh.size() < window_) {
        auto transfer = transport_.take(*this, running_.size() + fresh.size());
        if (!transfer) break;
        fresh.push_back(std::move(transfer));
        // A file is read right here: one at a time, so that the lanes share them evenly.
        if (is_file(fresh.back()->url)) break;
      }
    }
    if (!cancelled.empty()) cancel(cancelled);
    begin_due_retries();
    const bool began = !fresh.empty();
    for (auto& transfer : fresh) begin(std::move(transfer));

    int running = 0;
    curl_multi_perform(multi_.get(), &running);
    const bool finished = finish_done() > 0;
    end_stalled();
    if (!finished && !began) sleep();
  }
}

// libcurl's own low-speed limit averages over seconds: it takes a slow transfer for a stalled one and the other way
// round.
void Lane::end_stalled() {
  const auto now = Clock::now();
  if (now < next_stall_check_) return;
  const auto limit = transport_.options().stall_timeout;
  next_stall_check_ = now + stall_check_interval();
  std::vector<TransferPtr> stalled;
  for (auto it = running_.begin(); it != running_.end();) {
    if (now - it->second->last_byte < limit) {
      ++it;
      continue;
    }
    curl_multi_remove_handle(multi_.get(), it->first);
    stalled.push_back(std::move(it->second));
    it = running_.erase(it);
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
    if (transport_.stopping() || !to_cancel.empty()) return;
    could_grow = transport_.has_queue() && window_ < max_window_;
    sleeping = running_.size() < window_;
    if (running_.empty() && !transport_.has_queue()) window_ = std::min(first_window, max_window_);
  }
  milliseconds wait = could_grow ? milliseconds(1) : running_.empty() ? milliseconds(60'000) : stall_check_interval();
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

// The two that it calls move `transfer` on only when nothing of theirs can throw any more.
void Lane::begin(TransferPtr transfer) {
  try {
    is_file(transfer->url) ? run_file(transfer) : begin_http(transfer);
  } catch (const Error& error) {
    fail(std::move(transfer), error.code(), error.what());
  } catch (const std::exception& error) {
    fail(std::move(transfer), Errc::connection, error.what());
  }
}

void Lane::run_file(TransferPtr& transfer) {
  if (!bodies_.empty()) {
    transfer->response.body = std::move(bodies_.back());
    bodies_.pop_back();
    transfer->response.body.clear();
  }
  transfer->response.attempts = 1;
  fetch_file(transfer->request, transfer->body_limit, transfer->response);
  deliver(std::move(transfer));
}

void Lane::begin_http(TransferPtr& transfer) {
  const HttpOptions& options = transport_.options();
  ++transfer->response.attempts;
  if (idle_.empty()) {
    transfer->easy.reset(curl_easy_init());
    if (!transfer->easy) throw std::bad_alloc();
  } else {
    transfer->easy = std::move(idle_.back());
    idle_.pop_back();
    curl_easy_reset(transfer->easy.get());
  }
  if (transfer->response.body.capacity() == 0 && !bodies_.empty()) {
    transfer->response.body = std::move(bodies_.back());
    bodies_.pop_back();
  }
  transfer->response.body.clear();
  transfer->body_too_large = false;
  transfer->curl_message[0] = '\0';
  transfer->headers.reset();
  const auto add_header = [&](const std::string& name, const std::string& value) {
    curl_slist* longer = curl_slist_append(transfer->headers.get(), (name + ": " + value).c_str());
    if (longer == nullptr) throw std::bad_alloc();
    (void)transfer->headers.release();
    transfer->headers.reset(longer);
  };
  for (const auto& header : transfer->request.headers) add_header(header.name, header.value);
  if (transfer->past_caches) {
    add_header("Cache-Control", "no-cache");
    add_header("Pragma", "no-cache");
  }
  if (transfer->request.credentials) {
    for (const auto& header : transfer->request.credentials->headers_for(transfer->url)) {
      add_header(header.name, header.value);
    }
  }

  CURL* easy = transfer->easy.get();
  const auto set_text = [easy](CURLoption option, const std::string& text) {
    if (!text.empty()) curl_easy_setopt(easy, option, text.c_str());
  };
  curl_easy_setopt(easy, CURLOPT_URL, transfer->url.c_str());
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);  // follow_redirect decides what goes along
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, receive_buffer_bytes);
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->headers.get());
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &receive_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer.get());
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &receive_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer.get());
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->curl_message.data());
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.connect_timeout.count()));
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(transfer->request.timeout.count()));
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, options.verify_tls ? 1L : 0L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, options.verify_tls ? 2L : 0L);
  set_text(CURLOPT_USERAGENT, options.user_agent);
  set_text(CURLOPT_PROXY, options.proxy);
  set_text(CURLOPT_CAINFO, options.ca_file);
  set_text(CURLOPT_SSLCERT, options.client_certificate);
  set_text(CURLOPT_SSLKEY, options.client_key);

  const auto entry = running_.try_emplace(easy).first;  // before the transfer runs: this may throw
  if (curl_multi_add_handle(multi_.get(), easy) != CURLM_OK) {
    running_.erase(entry);
    throw std::bad_alloc();
  }
  transfer->last_byte = Clock::now();
  entry->second = std::move(transfer);
}

std::size_t Lane::finish_done() {
  std::size_t finished = 0;
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const auto code = message->data.result;
    const auto found = running_.find(message->easy_handle);
    curl_multi_remove_handle(multi_.get(), message->easy_handle);
    auto transfer = std::move(found->second);
    running_.erase(found);
    finish(std::move(transfer), code);
    ++finished;
  }
  return finished;
}

void Lane::finish(TransferPtr transfer, CURLcode code) {
  CURL* easy = transfer->easy.get();
  auto& response = transfer->response;
  response.url = redact_url(transfer->url);
  response.status = static_cast<int>(status_of(easy));
  if (transfer->body_too_large) {
    fail(std::move(transfer), Errc::too_large,
         "the answer is larger than the limit of " + std::to_string(transport_.options().max_body_bytes) + " bytes");
    return;
  }
  if (code != CURLE_OK) {
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
  if (char* type = nullptr; curl_easy_getinfo(easy, CURLINFO_CONTENT_TYPE, &type) == CURLE_OK && type != nullptr) {
    response.content_type = type;
  }
  const int status = response.status;
  if (status == 301 || status == 302 || status == 303 || status == 307 || status == 308) {
    follow_redirect(std::move(transfer));
    return;
  }
  if (worth_retrying(transfer->request, status) && response.attempts < max_attempts(transfer->request)) {
    curl_off_t seconds = 0;
    curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &seconds);
    retry_or_fail(std::move(transfer), Errc::http_status, "HTTP " + std::to_string(status),
                  std::chrono::seconds(std::clamp<curl_off_t>(seconds, 0, 1'000'000)));
    return;
  }
  deliver(std::move(transfer));
}

void Lane::follow_redirect(TransferPtr transfer) {
  char* location = nullptr;
  curl_easy_getinfo(transfer->easy.get(), CURLINFO_REDIRECT_URL, &location);
  if (location == nullptr) {  // a 3xx without Location is an answer like any other
    deliver(std::move(transfer));
    return;
  }
  const auto scheme = scheme_of(location);
  if (scheme != "http" && scheme != "https") {
    fail(std::move(transfer), Errc::refused, "a redirect to " + redact_url(location) + " is not followed");
    return;
  }
  if (++transfer->redirects > max_redirects) {
    fail(std::move(transfer), Errc::refused, "more than " + std::to_string(max_redirects) + " redirects");
    return;
  }
  transfer->url = location;
  --transfer->response.attempts;  // a hop is not another attempt
  recycle(std::move(transfer->easy));
  begin(std::move(transfer));
}

void Lane::deliver(TransferPtr transfer) {
  if (transfer->easy) recycle(std::move(transfer->easy));
  if (!transport_.begin_delivery(*this, transfer->id, transfer->response.body.size())) {
    transport_.end(transfer->id);
    return;
  }
  try {
    transfer->handler->on_response(transfer->response);
  } catch (const Error& error) {
    if (error.code() == Errc::corrupt_data && !is_file(transfer->url)) {
      transfer->past_caches = true;
      retry_or_fail(std::move(transfer), error.code(), error.what());
    } else {
      fail(std::move(transfer), error.code(), error.what());
    }
    return;
  } catch (const std::bad_alloc&) {
    fail(std::move(transfer), Errc::too_large, "not enough memory");
    return;
  }
  transport_.end(transfer->id);
  recycle(std::move(transfer->response.body));
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

void Lane::recycle(Buffer body) {
  if (body.capacity() > 0 && body.capacity() <= pooled_body_bytes && bodies_.size() < pooled_bodies) {
    bodies_.push_back(std::move(body));
  }
}

}  // namespace

std::shared_ptr<Transport> make_curl_transport(std::shared_ptr<const HttpOptions> options) {
  return std::make_shared<CurlTransport>(std::move(options));
}

}  // namespace catvox::detail
