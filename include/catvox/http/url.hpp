#pragma once

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
Origin origin_of(std::string_view url);

/// "http", "https", "file", … in lower case; empty if `url` is relative.
std::string scheme_of(std::string_view url);

/// A reference that a document at `base` makes, as an absolute URL. An absolute reference comes back verbatim;
/// "//host/…" takes the scheme of `base`, "/…" its origin, anything else its folder.
/// \param base  absolute
std::string resolve_url(std::string_view base, std::string_view reference);

/// `url` with what a URL may not hold (spaces, non-ASCII bytes) percent-encoded; "%" stays, so that what
/// is encoded already is not encoded twice.
/// \throws Error{invalid_argument} for control characters
std::string encode_url(std::string_view url);

/// `url` as it may stand in a message: without user and password, and with the values of query members that look
/// like secrets ("token", "signature", "key", …) replaced by "***".
std::string redact_url(std::string_view url);

/// A user and password that stand in a URL itself ("https://user:password@host/…").
struct UrlUser {
  std::string url;  ///< without them
  std::string user, password;
};

/// Takes user and password out of a URL, percent-decoded; both empty if it has none.
UrlUser split_user(std::string_view url);

/// The file: URL of a local path, made absolute.
std::string file_url(std::string_view path);

/// The local path of a file: URL.
/// \throws Error{invalid_argument} if it names another host
std::string file_path(std::string_view url);

}  // namespace catvox
