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

namespace detail {

/// Where the URL begins in a word of a text, which may have something before it: 4 in "url=https://host". At the word's
/// own begin where there is an "@", since all before that may be a password.
inline std::size_t url_begin(std::string_view word) {
  std::size_t begin = std::min(word.find(":/"), word.find(":\\"));
  if (begin == std::string_view::npos || word.find('@') != std::string_view::npos) return 0;
  while (begin > 0 && is_letter(word[begin - 1])) --begin;
  return word.substr(0, begin).find_first_of("?#") == std::string_view::npos ? begin : 0;
}

/// Whether a word of a text is to be taken for a URL, whole or broken. "/home/me@lab/data" is not.
/// \param after_url  it may be the rest of one whose password has a blank
inline bool is_like_url(std::string_view word, bool after_url) {
  constexpr auto none = std::string_view::npos;
  if (word.find(":/") != none || word.find(":\\") != none) return true;
  const std::size_t at = word.find('@');
  if (at != none && at > 0 && (after_url || word.front() != '/' || word.find(':') < at)) return true;
  return word.find('=', std::min(word.find_first_of("?#"), word.size())) != none;
}

}  // namespace detail

/// A text as it may stand in a message, whatever was put into it: each URL, which a blank ends, as redact_url() shows it;
/// control characters but line feeds are escaped.
inline std::string redact_text(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n", before = "\"'`(<[{", behind = "\"'`)>]},.:;!";
  std::string shown;
  bool after_url = false;
  while (!text.empty()) {
    const std::size_t begin = std::min(text.find_first_not_of(blanks), text.size());
    const std::size_t end = std::min(text.find_first_of(blanks, begin), text.size());
    std::string_view word = text.substr(begin, end - begin);
    const std::size_t from = begin + std::min(word.find_first_not_of(before), word.size());
    word = text.substr(from, end - from);
    word = word.substr(0, word.find_last_not_of(behind) + 1);
    if (detail::is_like_url(word, after_url)) {
      const std::size_t url = detail::url_begin(word);
      shown.append(text.substr(0, from + url)).append(redact_url(word.substr(url)));
      after_url = true;
    } else {
      shown.append(text.substr(0, from + word.size()));
    }
    shown.append(text.substr(from + word.size(), end - from - word.size()));
    text.remove_prefix(end);
  }
  std::string safe;
  for (std::string_view rest = shown;;) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    safe += escaped(line);
    if (line.size() == rest.size()) return safe;
    safe += '\n';
    rest.remove_prefix(line.size() + 1);
  }
}

}  // namespace catvox
