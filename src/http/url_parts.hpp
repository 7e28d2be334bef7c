#pragma once

#include <catvox/http/url.hpp>
#include <string>
#include <string_view>

namespace catvox::detail {

/// "http", "https", "file", … in lower case; empty if `url` is relative.
std::string scheme_of(std::string_view url);

/// The absolute URL that a browser goes to from `reference` in a document at `base` (https://url.spec.whatwg.org): blanks
/// around it are no part of it, "\" is "/", dot segments are walked, and what a URL may not hold is percent-encoded; "%"
/// stays. A URL of another scheme than http, https and file comes back as it is, without the blanks.
/// \param base  absolute; empty if `reference` has to be
/// \throws Error{invalid_argument} if there is no such URL, or a NUL in it
std::string resolve_url(std::string_view base, std::string_view reference);

/// The same, as what the URLs of all files begin with: appending to it and appending to `reference` are the same.
std::string resolve_prefix(std::string_view base, std::string_view reference);

/// `tail` as it is to be appended to `url`, which is encoded: encoded as that part of the URL is, in which `url` ends.
std::string encode_url_tail(std::string_view url, std::string_view tail);

/// What is encoded in a name in a path, where '?', '#' and '%' are characters like others.
inline constexpr std::string_view name_set = "\"#%<>?[\\]^`{|}";

/// `text` with "%" and two digits for each byte that is no printable character of ASCII, or is one of `set`.
std::string percent_encode(std::string_view text, std::string_view set);

/// A user and password that stand in a URL itself ("https://user:password@host/…").
struct UrlUser {
  std::string url;       ///< without them
  std::string user;      ///< percent-decoded
  std::string password;  ///< percent-decoded
};

/// Takes user and password out of a URL, percent-decoded; both empty if it has none.
UrlUser split_user(std::string_view url);

/// The local path of a file: URL.
/// \throws Error{invalid_argument} if it names another host
std::string file_path(std::string_view url);

}  // namespace catvox::detail
