#pragma once

#include <string>
#include <string_view>

namespace catvox::detail {

/// A name from outside, in quotes, fit for a message: printable ASCII and not long.
inline std::string quoted(std::string_view text) {
  constexpr std::size_t longest = 60;
  std::string safe = "\"";
  for (const char c : text.substr(0, longest)) safe += c >= ' ' && c <= '~' ? c : '?';
  return safe + (text.size() > longest ? "…\"" : "\"");
}

}  // namespace catvox::detail
