#pragma once

#include <catvox/core/export.hpp>
#include <catvox/http/credentials.hpp>
#include <catvox/http/message.hpp>
#include <catvox/http/transport.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace catvox {

namespace detail {
class DiskCache;
}

/// When a failed request is made again. The n-th wait is drawn from [1/2, 1] of initial_delay * 2^(n-1), at most
/// max_delay; a server's Retry-After is waited out instead if it is longer.
struct RetryPolicy {
  int max_attempts = 5;                                ///< the first included; 1: never again
  std::chrono::milliseconds initial_delay{200};        ///< before the second attempt, about
  std::chrono::milliseconds max_delay{10'000};         ///< the longest wait of its own
  std::chrono::milliseconds max_retry_after{120'000};  ///< a server that asks for more fails the request at once
};

/// Tiles and blocks, kept on disk for later sessions and for other
/// processes that name the same folder. See docs/caching.md.
struct DiskCacheOptions {
  std::string folder{};  ///< made, for its user alone, if it is not there; empty: no disk cache
  std::uint64_t max_bytes = std::uint64_t{10} << 30;  ///< on disk; least recently used first out
  bool revalidate = false;                            ///< ask the server each time whether a kept body still holds
  std::chrono::seconds missing_lifetime{86'400};      ///< for which "there is nothing" is believed
};

/// How an HttpSession connects. `headers` and `basic_auth` are secrets: they are sent to the origin that the session
/// is used for (a mirror's, a server's), never along a redirect to another.
struct HttpOptions {
  int max_connections = 64;                           ///< and transfers at a time, per session, over all its threads
  int threads = 0;                                    ///< that fetch and decode; 0: one per core
  std::chrono::milliseconds connect_timeout{15'000};  ///< for DNS, TCP and TLS together
  std::chrono::milliseconds stall_timeout{30'000};    ///< without a byte
  std::size_t min_bytes_per_second = 32;  ///< from the first byte on, over stall_timeout; 0: any trickle will do
  std::chrono::milliseconds outage_timeout{60'000};  ///< for which a server that answered before may take no request
  RetryPolicy retry{};                               ///< what is tried again, and when
  std::vector<HttpHeader> headers{};                 ///< secret header lines
  /// HTTP Basic
  std::optional<BasicAuth> basic_auth{};
  Upgrades upgrades = Upgrades::default_ports;  ///< how far secrets follow a host from http: to https:
  bool http2 = true;  ///< where a TLS server offers it: up to 32 transfers share a connection; false: HTTP/1.1 only
  std::string user_agent{};  ///< empty: catvox and its version
  std::string proxy{};       ///< as libcurl takes it; empty: http_proxy, https_proxy, no_proxy of the environment
  /// PEM file of authorities to trust; empty: the system's
  std::string ca_file{};
  std::string client_certificate{};                         ///< PEM file
  std::string client_key{};                                 ///< PEM file
  bool verify_tls = true;                                   ///< false: any certificate will do
  std::size_t max_body_bytes = std::size_t{256} << 20;      ///< a larger answer is an error
  std::size_t max_bytes_in_flight = std::size_t{16} << 20;  ///< of bodies that are received or wait to be decoded
  DiskCacheOptions disk_cache{};                            ///< what is kept on disk
};

/// Connections, the threads that drive them, and what they send. Copies share all of it.
///
/// The secrets of a session that is not bound to an origin are for whichever server or mirror it is given to.
class CATVOX_EXPORT HttpSession {
 public:
  /// Opens no connection and starts no thread until the first request.
  /// \throws Error{invalid_argument}, Error{io} if there is to be a disk cache and its folder cannot be written
  explicit HttpSession(HttpOptions options = {});

  /// Runs over a transport of the caller's: scripted answers in tests, another way to fetch. Of `options` only what the
  /// session sends counts then.
  HttpSession(std::shared_ptr<Transport> transport, HttpOptions options);

  /// What the session was made with.
  [[nodiscard]] const HttpOptions& options() const& noexcept { return *options_; }
  /// What the session was made with.
  [[nodiscard]] HttpOptions options() const&&;
  /// What fetches for it.
  [[nodiscard]] const std::shared_ptr<Transport>& transport() const& noexcept { return transport_; }
  /// What fetches for it.
  [[nodiscard]] std::shared_ptr<Transport> transport() const&& noexcept { return transport_; }

  /// Where tiles and blocks are kept on disk; null: nowhere. For catvox itself: get() keeps nothing.
  [[nodiscard]] const std::shared_ptr<detail::DiskCache>& disk_cache() const& noexcept { return disk_cache_; }

  /// The same connections, whose secrets are for the origin of `url` alone. A session that is bound stays so.
  [[nodiscard]] HttpSession bound_to(std::string_view url) const;
  /// The origin that it is bound to, if it is.
  [[nodiscard]] const std::optional<Origin>& bound_origin() const& noexcept { return bound_to_; }

  /// The same connections, bound to the origin of `url`, with more secrets for it.
  /// \param basic    instead of the session's own, if given
  /// \param headers  beside the session's own
  [[nodiscard]] HttpSession with_secrets(std::string_view url, const std::optional<BasicAuth>& basic,
                                         const std::vector<HttpHeader>& headers = {}) const;

  /// The session's secrets, bound to the origin of `url`; null if it has none for that, or `url` is no http(s) URL.
  [[nodiscard]] std::shared_ptr<const Credentials> credentials_for(std::string_view url) const;

  /// Makes one request and waits for its answer, whatever the status. Content-Encoding (gzip, deflate, br) is undone.
  /// \param deadline  for all of it, retries included
  /// \throws Error{connection, timeout, refused, too_large, cancelled, io}; Error{unsupported} naming a Content-Encoding that
  ///         is not read, Error{corrupt_data} if the body is not what it says
  [[nodiscard]] Response get(
      Request request, const std::stop_token& stop = {},
      std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max()) const;

 private:
  std::shared_ptr<const HttpOptions> options_;
  std::shared_ptr<detail::DiskCache> disk_cache_;
  std::shared_ptr<Transport> transport_;
  std::optional<Origin> bound_to_;
};

}  // namespace catvox
