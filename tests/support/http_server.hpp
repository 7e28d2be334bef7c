#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "support/received.hpp"

namespace catvox::test {

/// What a test server answers. A body that a Range header asks a part of is cut by the server (206).
struct Answer {
  int status = 200;
  std::string body{};
  std::string content_type = "application/octet-stream";
  std::multimap<std::string, std::string> headers{};
  std::chrono::milliseconds delay{0};
};

/// A well-behaved HTTP/1.1 server on 127.0.0.1, with keep-alive and a thread for each connection.
///
/// Runs from construction to destruction. All members may be called from any thread at any time, so that a test can
/// change what is served between two reads. Connections are kept for two seconds of idleness; the destructor waits that
/// out for those that a client still holds, so close clients first.
class HttpServer {
 public:
  using Handler = std::function<Answer(const Received&)>;

  /// Speaks TLS, too, with a certificate of its own: see certificate().
  struct Tls {};

  HttpServer();
  explicit HttpServer(Tls);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// Serves GET, HEAD and POST of `path`. A path with a '?' matches the whole target, others match whatever the query;
  /// the whole target is tried first. Adding a path again replaces what was there.
  void add(const std::string& path, Handler handler);
  void add(const std::string& path, Answer answer);
  void add(const std::string& path, std::string body, std::string content_type = "application/octet-stream");

  /// Serves every path that starts with `prefix` and was not added by itself: for servers that make what they are asked.
  void add_prefix(const std::string& prefix, Handler handler);

  /// Serves the files below `folder` as prefix + '/' + name, read anew for each request. Paths that were added win.
  void serve_folder(const std::string& prefix, const std::filesystem::path& folder);

  /// Answers 401 for every path that starts with `prefix` unless these come as Basic authorization.
  void protect(const std::string& prefix, const std::string& user, const std::string& password);

  /// Holds every answer back for this long, each connection on its own.
  void set_delay(std::chrono::milliseconds delay);

  /// Whether a Range header counts; a server that ignores it sends the whole, with 200.
  void set_cuts_ranges(bool cuts);

  [[nodiscard]] int port() const;
  [[nodiscard]] std::string url() const;  ///< "http://127.0.0.1:port" or "https://…", no slash at the end
  [[nodiscard]] std::string url(const std::string& path) const { return url() + path; }

  /// Every request since the start or reset_log(), in order of arrival, refused and unknown ones included.
  [[nodiscard]] std::vector<Received> requests() const;

  /// Requests for `path`, matched as add() matches it.
  [[nodiscard]] std::size_t count(const std::string& path) const;
  /// Requests whose target starts with `prefix`; all of them by default.
  [[nodiscard]] std::size_t count_prefix(const std::string& prefix = "/") const;
  /// TCP connections that were accepted.
  [[nodiscard]] std::size_t connections() const;
  /// Of those, such as continued an earlier TLS session.
  [[nodiscard]] std::size_t resumed_connections() const;
  /// What a client has to trust, in PEM; empty without TLS.
  [[nodiscard]] std::string certificate() const;
  /// The largest number of requests that were being answered at one time.
  [[nodiscard]] std::size_t peak_concurrency() const;

  /// Starts requests(), the counts, connections() and peak_concurrency() from nothing.
  void reset_log();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace catvox::test
