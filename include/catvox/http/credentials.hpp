#pragma once

#include <array>
#include <catvox/core/export.hpp>
#include <catvox/http/message.hpp>
#include <catvox/http/url.hpp>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace catvox {

/// HTTP Basic.
struct BasicAuth {
  std::string user;      ///< as the server knows it
  std::string password;  ///< never shown in a message
};

/// From which port to which a secret may follow its host from http: to https:.
enum class Upgrades : std::uint8_t {
  default_ports,  ///< from 80 to 443
  any_port,       ///< from any to any other: for hosts all of whose ports are trusted
};

/// The one rule for secrets: whether one that was given for an origin may go to `target`. To the same one, and to https:
/// of the same host where it was given for http:.
[[nodiscard]] CATVOX_EXPORT bool may_see(const Origin& given_for, const Origin& target,
                                         Upgrades upgrades = Upgrades::default_ports);

/// Secrets, and the one origin that may see them. There is no way to get at them for another origin's URL.
class CATVOX_EXPORT Credentials {
 public:
  /// \param url      any URL of the origin
  /// \param headers  secret header lines, such as CATMAID's "X-Authorization: Token …"
  /// \throws Error{invalid_argument} for what is no http(s) URL, and for what cannot be a header line
  Credentials(std::string_view url, BasicAuth basic, std::vector<HttpHeader> headers = {},
              Upgrades upgrades = Upgrades::default_ports);

  /// Whether they may go with a request for `url`: see may_see().
  [[nodiscard]] bool may_go_to(std::string_view url) const;

  /// The header lines to send with a request for `url`: none if they may not go there.
  [[nodiscard]] std::vector<HttpHeader> headers_for(std::string_view url) const;

  /// What there is, for messages: "X-Authorization, Authorization".
  [[nodiscard]] std::string names() const;

  /// Tells these secrets from others (SHA-256 of origin and lines). A password could be guessed from it: not to leave
  /// the process.
  [[nodiscard]] const std::array<std::byte, 32>& digest() const noexcept { return digest_; }

 private:
  Origin origin_;
  std::string root_;  // "https://host:8080/"
  Upgrades upgrades_;
  std::vector<HttpHeader> headers_;
  std::array<std::byte, 32> digest_{};
};

}  // namespace catvox
