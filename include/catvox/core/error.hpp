#pragma once

#include <catvox/core/export.hpp>
#include <exception>
#include <memory>
#include <string>
#include <string_view>

namespace catvox {

/// What kind of thing went wrong. Retries and callers decide on this, never on the text.
enum class Errc {
  invalid_argument,  ///< the caller's value makes no sense (a box with min > max, a wrong shape, a wrong dtype)
  not_found,         ///< a stack, mirror, level or project that does not exist
  unsupported,       ///< valid, but nothing that this build can read (a tile source type, a compression)
  invalid_metadata,  ///< the server's or the volume's metadata is not what it must be
  corrupt_data,      ///< a tile or block that does not decode
  too_large,         ///< a size read from outside that exceeds what is allowed
  refused,           ///< trust: a scheme or a redirect that is not followed
  unauthorized,      ///< 401 or 403
  http_status,       ///< any other final HTTP status that is not success
  server_error,      ///< CATMAID answered with {"error": …}
  connection,        ///< the transfer failed: no route, reset, TLS, a body cut short
  timeout,           ///< connecting took too long or the transfer stalled
  cancelled,         ///< the caller's stop token was triggered
  io,                ///< a local file could not be read or written
};

/// "invalid_argument", "not_found", …
constexpr std::string_view name(Errc code) noexcept {
  switch (code) {
    case Errc::invalid_argument:
      return "invalid_argument";
    case Errc::not_found:
      return "not_found";
    case Errc::unsupported:
      return "unsupported";
    case Errc::invalid_metadata:
      return "invalid_metadata";
    case Errc::corrupt_data:
      return "corrupt_data";
    case Errc::too_large:
      return "too_large";
    case Errc::refused:
      return "refused";
    case Errc::unauthorized:
      return "unauthorized";
    case Errc::http_status:
      return "http_status";
    case Errc::server_error:
      return "server_error";
    case Errc::connection:
      return "connection";
    case Errc::timeout:
      return "timeout";
    case Errc::cancelled:
      return "cancelled";
    case Errc::io:
      return "io";
  }
  return "unknown";
}

/// What is known of the place where it went wrong; members that do not apply are empty or 0.
struct ErrorContext {
  std::string url{};    ///< as redact_url() shows it: Error sees to that
  int http_status = 0;  ///< of the last answer
  int attempts = 0;     ///< requests made, the first included
  std::string chunk{};  ///< "tile (level 2, slice 117, row 4, column 9)"
};

/// The only exception that catvox throws on purpose. what() says what failed, where, what was
/// expected and what came; it never holds a credential. Copies share their text, so copying does not throw.
class CATVOX_EXPORT Error : public std::exception {
 public:
  /// `message` and `context.url` may hold any URL, and any character: what is kept of them is safe to show.
  Error(Errc code, std::string_view message, ErrorContext context = {});

  /// What failed, where, what was expected and what came.
  [[nodiscard]] const char* what() const noexcept override;
  /// What kind of thing went wrong.
  [[nodiscard]] Errc code() const noexcept;
  /// URL, status, attempts and chunk, as far as they apply.
  [[nodiscard]] const ErrorContext& context() const noexcept;

 private:
  struct State;
  std::shared_ptr<const State> state_;
};

}  // namespace catvox
