#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "support/received.hpp"

namespace catvox::test {

/// What a FaultServer does with a connection once the bytes of a step are sent.
enum class After {
  keep_alive,  ///< wait for the next request
  close,       ///< FIN
  reset,       ///< RST
  stall,       ///< nothing, until the client goes or the server stops
};

/// One answer of a FaultServer, valid HTTP or not: what is sent is what stands here.
struct Step {
  std::string bytes{};  ///< status line, headers and body
  After after = After::keep_alive;
  std::string flood{};                 ///< sent over and over after `bytes`, until the client goes
  std::chrono::milliseconds delay{0};  ///< before the first byte
  std::size_t piece = 0;               ///< bytes at a time; 0: all at once
  std::chrono::milliseconds pause{0};  ///< after each piece
};

/// A server on 127.0.0.1 that misbehaves as it is told to; each connection has its thread.
///
/// Each target (path and query) has a script: every request consumes one step, and the last one serves for ever.
/// Targets without a script get 404. Everything may be called from any thread at any time; the destructor never waits
/// for clients.
class FaultServer {
 public:
  /// \param port  0: any that is free
  explicit FaultServer(int port = 0);
  ~FaultServer();
  FaultServer(const FaultServer&) = delete;
  FaultServer& operator=(const FaultServer&) = delete;

  /// Replaces the script of `target`. \param steps  at least one
  void script(const std::string& target, std::vector<Step> steps);

  [[nodiscard]] int port() const;
  [[nodiscard]] std::string url() const;  ///< "http://127.0.0.1:port", no slash at the end
  [[nodiscard]] std::string url(const std::string& target) const { return url() + target; }

  /// Every request so far, in order of arrival. Bodies are not read.
  [[nodiscard]] std::vector<Received> requests() const;
  [[nodiscard]] std::size_t count(const std::string& target) const;
  /// TCP connections that were accepted.
  [[nodiscard]] std::size_t connections() const;
  /// Connections that the client closed while an answer was due or incomplete. Seen within a moment, not at once.
  [[nodiscard]] std::size_t abandoned() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// A whole HTTP/1.1 answer with its Content-Length, to build scripts from.
std::string http_answer(int status, const std::string& body,
                        const std::multimap<std::string, std::string>& headers = {});

// Steps for the usual faults.

/// A good answer.
Step answers(int status, const std::string& body, const std::multimap<std::string, std::string>& headers = {});
/// Closes without a byte. On a connection that served before, libcurl takes this for an idle timeout and asks again
/// once by itself.
Step closes_unanswered();
/// Resets the connection without a byte.
Step resets();
/// Announces the whole body, sends its first half, closes.
Step cuts_body(const std::string& body);
/// Announces the whole body, sends its first half, resets the connection.
Step resets_in_body(const std::string& body);
/// Takes the request and says nothing.
Step stalls();
/// Announces a body and sends none of it.
Step stalls_after_headers();
/// Announces the whole body, sends its first half, then nothing more.
Step stalls_in_body(const std::string& body);
/// Bytes that are not HTTP.
Step sends_garbage();
/// Announces 2^60 bytes, sends a few, closes.
Step announces_absurd_length();
/// A body without a length that never ends.
Step sends_endless_body();
/// Headers that never end.
Step sends_endless_headers();
/// One header of that many bytes, then a good body.
Step sends_huge_header(std::size_t size);
/// 302. \param location  an absolute URL or a path; the target's own for a redirect that never ends
Step redirects(const std::string& location);
/// A good answer at `piece` bytes each `pause`.
Step trickles(const std::string& body, std::size_t piece, std::chrono::milliseconds pause);
/// 503 with that Retry-After value (seconds or a date); without the header if it is empty.
Step unavailable(const std::string& retry_after = {});

}  // namespace catvox::test
