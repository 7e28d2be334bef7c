#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace catvox {

namespace detail {

inline constexpr std::size_t longest_quote = 200;

/// Two lower-case hexadecimal digits a byte.
inline void append_hex(std::string& out, unsigned char byte) {
  constexpr std::string_view digits = "0123456789abcdef";
  out += digits[byte >> 4];
  out += digits[byte & 15];
}

/// One character of UTF-8.
struct Character {
  char32_t code = 0;
  std::size_t bytes = 0;  ///< 0: what stands there is no UTF-8
};

inline Character first_character(std::string_view text) {
  const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  if (byte(0) < 0x80) return {byte(0), 1};
  const std::size_t length = byte(0) >= 0xf0 ? 4 : byte(0) >= 0xe0 ? 3 : 2;
  if (byte(0) < 0xc2 || byte(0) > 0xf4 || length > text.size()) return {};
  char32_t code = byte(0) & (0xffU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0U) != 0x80) return {};
    code = code << 6 | (byte(i) & 0x3fU);
  }
  constexpr char32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xd800 && code <= 0xdfff;
  if (code < least[length] || surrogate || code > 0x10ffff) return {};
  return {code, length};
}

/// Whether a terminal or a log would take the character for an order: C0 and C1 controls, line and paragraph
/// separators, and what turns the direction of writing.
inline bool is_control(char32_t c) {
  return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x061c || c == 0x200e || c == 0x200f ||
         (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

inline std::string escape(std::string_view text, bool quote) {
  const auto plain = [](char c) { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; };
  if (std::all_of(text.begin(), text.end(), plain)) return std::string(text);
  std::string safe;
  safe.reserve(text.size() + 2);
  while (!text.empty()) {
    const auto [code, bytes] = first_character(text);
    if (bytes != 0 && !is_control(code)) {
      if (quote && (code == '"' || code == '\\')) safe += '\\';
      safe += text.substr(0, bytes);
    } else if (code < 0x80) {  // or no character at all
      safe += "\\x";
      append_hex(safe, static_cast<unsigned char>(text[0]));
    } else {
      safe += "\\u";
      append_hex(safe, static_cast<unsigned char>(code >> 8));
      append_hex(safe, static_cast<unsigned char>(code));
    }
    text.remove_prefix(bytes == 0 ? 1 : bytes);
  }
  return safe;
}

}  // namespace detail

/// Text from outside as it may stand in a message, on a terminal or in a log: on one line, with control characters,
/// characters that turn the direction of writing and bytes that are no UTF-8 as \x1b or \u202e.
inline std::string escaped(std::string_view text) { return detail::escape(text, false); }

/// A text from outside in quotes, escaped; a quote or a backslash in it has a backslash before it.
/// \param longest  bytes of `text` that are shown; "…" stands for the rest
inline std::string in_quotes(std::string_view text, std::size_t longest = detail::longest_quote) {
  std::size_t end = text.size();
  if (end > longest) {
    end = longest;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80) --end;  // not inside of a character
  }
  return '"' + detail::escape(text.substr(0, end), true) + (end < text.size() ? "…\"" : "\"");
}

}  // namespace catvox
