#pragma once

#include <algorithm>
#include <catvox/core/text.hpp>
#include <cstddef>
#include <string>
#include <string_view>

namespace catvox {

namespace detail {

inline bool is_digit(char c) { return c >= '0' && c <= '9'; }
inline bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// How much of `url` is a scheme and its slashes: 7 of "https:/me:pw@host", nothing of "me:pw@host".
inline std::size_t scheme_length(std::string_view url) {
  constexpr std::string_view slashes = "/\\";
  for (const std::string_view scheme : {"http:", "https:", "file:", "ftp:"}) {
    const std::string_view start = url.substr(0, scheme.size());
    if (std::equal(start.begin(), start.end(), scheme.begin(), scheme.end(),
                   [](char a, char b) { return (is_letter(a) ? a | 0x20 : a) == b; })) {
      return std::min(url.find_first_not_of(slashes, scheme.size()), url.size());
    }
  }
  return std::min(url.find_first_not_of(slashes), url.size());
}

/// A member of a query or fragment, its delimiter first: "&token=abc" gives "&token=***".
inline std::string redact_member(std::string_view member) {
  const std::size_t equals = std::min(member.find('='), member.size());
  const std::string_view name = member.substr(0, equals);
  const bool has_value = member.find_first_not_of('=', equals) != std::string_view::npos;
  const bool is_name = std::all_of(name.begin() + 1, name.end(), [](char c) {
    return is_letter(c) || is_digit(c) || c == '_' || c == '-' || c == '.';
  });
  if (member.size() == 1) return std::string(member);
  return has_value && is_name ? std::string(name) + "=***" : std::string(member.substr(0, 1)) + "***";
}

}  // namespace detail

/// A URL as it may stand in a message, however broken it is: without user and password, which end at the last "@", and
/// with "***" for the values of its query and fragment; control characters are escaped.
inline std::string redact_url(std::string_view url) {
  constexpr auto none = std::string_view::npos;
  url.remove_prefix(std::min(url.find_first_not_of(" \t\r\n"), url.size()));
  const std::size_t begin = detail::scheme_length(url);
  std::string shown(url.substr(0, begin));
  std::string_view rest = url.substr(begin);

  if (const std::size_t at = rest.rfind('@'); at != none) {
    // A password may hold what else ends a host, and a query may hold an "@": nothing tells the one from the other.
    if (rest.find_first_of("?#") < at) return escaped(shown + "***");
    const bool in_host = rest.find_first_of("/\\") > at;
    if (!in_host || rest.substr(0, at) == "***") shown += "***@";
    rest.remove_prefix(at + 1);
  }

  const std::string_view host = rest.substr(0, rest.find_first_of("/\\?#"));
  const std::size_t colon = host.find(':', host.starts_with('[') ? host.find(']') : 0);
  const std::string_view port = colon == none ? std::string_view() : host.substr(colon + 1);
  const bool mistyped = port.size() <= 5 && !port.empty() && detail::is_digit(port.front());
  if (begin > 0 && !mistyped &&
      !std::all_of(port.begin(), port.end(), detail::is_digit)) {  // a password that lacks its host
    shown.append(host.substr(0, colon + 1)).append("***");
    rest.remove_prefix(host.size());
  }

  std::string_view members = rest.substr(std::min(rest.find_first_of("?#"), rest.size()));
  shown += rest.substr(0, rest.size() - members.size());
  while (!members.empty()) {
    const std::string_view member = members.substr(0, members.find_first_of("?#&", 1));
    shown += detail::redact_member(member);
    members.remove_prefix(member.size());
  }
  return escaped(shown);
}

}  // namespace catvox
