#include <algorithm>
#include <catvox/core/error.hpp>
#include <catvox/core/redact.hpp>
#include <catvox/core/version.hpp>
#include <catvox/http/session.hpp>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>
#include <variant>

#include "core/mailbox.hpp"
#include "http/content_encoding.hpp"
#include "http/curl_transport.hpp"
#include "http/disk_cache.hpp"
#include "http/header_line.hpp"
#include "http/url_parts.hpp"

namespace catvox {
namespace {

// A read that is being carried on may be the last to hold its source, and so the transport, on a thread of that: a lane
// cannot wait for itself. Then another thread ends it, and the lane goes on to its end. Where no thread is to be had, its
// memory stays; its threads do not.
std::shared_ptr<detail::CurlTransport> make_transport(std::shared_ptr<const HttpOptions> options) {
  auto made = std::make_unique<detail::CurlTransport>(std::move(options));
  return {made.release(), [](detail::CurlTransport* transport) {
            if (!transport->is_own_thread()) return delete transport;
            try {
              std::thread([transport] { delete transport; }).detach();
            } catch (const std::system_error&) {
              transport->stop();
            }
          }};
}

constexpr std::chrono::hours longest_time{24 * 20};  // libcurl counts milliseconds in 31 bits
constexpr int most_connections = 4096;

std::shared_ptr<const HttpOptions> checked(HttpOptions options) {
  const auto require = [](bool holds, const char* what) {
    if (!holds) throw Error(Errc::invalid_argument, std::string("HttpOptions: ") + what);
  };
  require(options.max_connections > 0, "max_connections must be at least 1");
  require(options.threads >= 0, "threads must not be negative");
  require(options.connect_timeout.count() > 0, "connect_timeout must be positive");
  require(options.stall_timeout.count() > 0, "stall_timeout must be positive");
  require(options.retry.max_attempts > 0, "retry.max_attempts must be at least 1");
  require(options.retry.initial_delay.count() >= 0, "retry.initial_delay must not be negative");
  require(options.disk_cache.max_bytes > 0, "disk_cache.max_bytes must be positive");
  require(options.disk_cache.missing_lifetime.count() >= 0, "disk_cache.missing_lifetime must not be negative");
  require(options.retry.max_delay.count() >= 0, "retry.max_delay must not be negative");
  require(options.outage_timeout.count() >= 0, "outage_timeout must not be negative");
  // What means "for ever" or "as many as you like" must not overflow what it is added to.
  for (auto* time : {&options.connect_timeout, &options.stall_timeout, &options.outage_timeout,
                     &options.retry.initial_delay, &options.retry.max_delay, &options.retry.max_retry_after}) {
    *time = std::min<std::chrono::milliseconds>(*time, longest_time);
  }
  options.max_connections = std::min(options.max_connections, most_connections);
  require(detail::is_header_value(options.user_agent), "user_agent must hold no line break and no NUL");
  for (const HttpHeader& header : options.headers) detail::require_header(header);
  if (options.user_agent.empty()) options.user_agent = "catvox/" CATVOX_VERSION;
  return std::make_shared<const HttpOptions>(std::move(options));
}

// Hands one transfer's end to the thread that waits for it.
class Answer final : public TransferHandler, public detail::Mailbox<Response> {
 public:
  /// \param max_body_bytes  of an answer once it is decoded
  explicit Answer(std::size_t max_body_bytes) : max_body_bytes_(max_body_bytes) {}

  void on_response(Response& response) override {
    detail::decode_content(response, max_body_bytes_);
    put(std::move(response));
  }
  void on_error(const Error& error) noexcept override { put(error); }

 private:
  const std::size_t max_body_bytes_;
};

}  // namespace

HttpSession::HttpSession(HttpOptions options)
    : options_(checked(std::move(options))),
      disk_cache_(options_->disk_cache.folder.empty() ? nullptr : std::make_shared<detail::DiskCache>(*options_)),
      transport_(make_transport(options_)) {}

HttpSession::HttpSession(std::shared_ptr<Transport> transport, HttpOptions options)
    : options_(checked(std::move(options))), transport_(std::move(transport)) {}

HttpOptions HttpSession::options() const&& { return *options_; }

HttpSession HttpSession::bound_to(std::string_view url) const { return bound_to_ ? *this : with_secrets(url, {}); }

HttpSession HttpSession::with_secrets(std::string_view url, const std::optional<BasicAuth>& basic,
                                      const std::vector<HttpHeader>& headers) const {
  const Origin origin = origin_of(url);
  HttpOptions options = *options_;
  if (bound_to_ && !may_see(*bound_to_, origin, options.upgrades)) {
    options.basic_auth.reset();
    options.headers.clear();
  }
  if (basic) options.basic_auth = basic;
  options.headers.insert(options.headers.end(), headers.begin(), headers.end());
  HttpSession session = *this;
  session.options_ = checked(std::move(options));
  session.bound_to_ = origin;
  return session;
}

std::shared_ptr<const Credentials> HttpSession::credentials_for(std::string_view url) const {
  const auto scheme = detail::scheme_of(url);
  if (scheme != "http" && scheme != "https") return nullptr;
  if (!options_->basic_auth && options_->headers.empty()) return nullptr;
  if (bound_to_ && !may_see(*bound_to_, origin_of(url), options_->upgrades)) return nullptr;
  return std::make_shared<const Credentials>(url, options_->basic_auth.value_or(BasicAuth{}), options_->headers,
                                             options_->upgrades);
}

Response HttpSession::get(Request request, const std::stop_token& stop,
                          std::chrono::steady_clock::time_point deadline) const {
  const auto url = redact_url(request.url);
  const auto most = request.max_body_bytes;
  const auto mailbox =
      std::make_shared<Answer>(most > 0 ? std::min(most, options_->max_body_bytes) : options_->max_body_bytes);
  const auto id = transport_->start(std::move(request), mailbox);
  auto result = mailbox->wait(stop, deadline);
  if (auto* response = std::get_if<Response>(&result)) return std::move(*response);
  if (const auto* error = std::get_if<Error>(&result)) throw *error;
  transport_->cancel(id);
  if (!stop.stop_requested()) throw Error(Errc::timeout, "no answer in the time that was allowed", {.url = url});
  throw Error(Errc::cancelled, "cancelled", {.url = url});
}

}  // namespace catvox
