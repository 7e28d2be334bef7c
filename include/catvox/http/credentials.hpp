#pragma once

#include <array>
#include <catvox/http/message.hpp>
#include <catvox/http/url.hpp>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace catvox {

/// HTTP Basic.
struct BasicAuth {
  std::string user;
  std::string password;
};

/// Secrets, and the one origin that may see them. There is no way to get at them for another origin's URL.
class Credentials {
 public:
  /// \param url      any URL of the origin
  /// \param headers  secret header lines, such as CATMAID's "X-Authorization: Token …"
  Credentials(std::string_view url, BasicAuth basic, std::vector<HttpHeader> headers = {});

  /// The header lines to send with a request for `url`: none if it is of another origin.
  [[nodiscard]] std::vector<HttpHeader> headers_for(std::string_view url) const;

  /// Tells these secrets from others (SHA-256 of origin and lines). A password could be guessed from it: not to leave
  /// the process.
  [[nodiscard]] const std::array<std::byte, 32>& digest() const noexcept { return digest_; }

 private:
  Origin origin_;
  std::vector<HttpHeader> headers_;
  std::array<std::byte, 32> digest_{};
};

}  // namespace catvox
