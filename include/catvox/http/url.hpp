#pragma once

#include <catvox/core/export.hpp>
#include <string>
#include <string_view>

namespace catvox {

/// Scheme, host and port of a URL: what a credential is bound to. The port is the scheme's own where none is given.
struct Origin {
  std::string scheme;  ///< lower case
  std::string host;    ///< lower case
  int port = 0;        ///< 0 for file:
  friend bool operator==(const Origin&, const Origin&) = default;
};

/// \throws Error{invalid_argument} if `url` is not an absolute http:, https: or file: URL
CATVOX_EXPORT Origin origin_of(std::string_view url);

/// An absolute URL as a browser would send it (https://url.spec.whatwg.org): without the blanks around it, dot segments
/// walked, and what a URL may not hold percent-encoded; "%" stays.
/// \throws Error{invalid_argument} for what is no such URL, a NUL in it, and other schemes than http, https and file
CATVOX_EXPORT std::string encode_url(std::string_view url);

/// The file: URL of a local path, made absolute.
CATVOX_EXPORT std::string file_url(std::string_view path);

}  // namespace catvox
