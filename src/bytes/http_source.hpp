#pragma once

#include <catvox/bytes/byte_source.hpp>
#include <catvox/http/credentials.hpp>
#include <catvox/http/session.hpp>
#include <catvox/http/transport.hpp>
#include <cstddef>
#include <memory>

namespace catvox::detail {

/// Which answers say that there is nothing at an address. Every other status but 200 (and 206) is an error.
struct MissingStatuses {
  bool not_found = true;   ///< 404, 410 and 204
  bool forbidden = false;  ///< 403

  [[nodiscard]] bool contains(int status) const noexcept {
    return (not_found && (status == 404 || status == 410 || status == 204)) || (forbidden && status == 403);
  }
};

/// How an HTTP source asks, and what it makes of the answers.
struct HttpSourceOptions {
  std::shared_ptr<Transport> transport;
  std::shared_ptr<const Credentials> credentials{};  ///< sent only to the origin that they are bound to
  MissingStatuses missing{};
  bool cacheable = false;                                ///< what is there does not change: answers may be kept on disk
  std::size_t max_bytes = HttpOptions{}.max_body_bytes;  ///< of an object, decoded, for requests that do not say
};

/// Objects on web servers. Keys are absolute URLs. Content-Encoding is undone.
std::shared_ptr<ByteSource> make_http_source(HttpSourceOptions options);

}  // namespace catvox::detail
