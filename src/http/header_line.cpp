#include "http/header_line.hpp"

#include <algorithm>
#include <catvox/core/error.hpp>
#include <catvox/core/redact.hpp>

namespace catvox::detail {
namespace {

// A "token" of RFC 9110.
bool is_header_name(std::string_view name) {
  static constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return is_digit(c) || is_letter(c) || marks.find(c) != std::string_view::npos;
  });
}

}  // namespace

bool is_header_value(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

void require_header(const HttpHeader& header) {
  if (is_header_name(header.name) && is_header_value(header.value)) return;
  throw Error(Errc::invalid_argument, "a header line that cannot be sent: its name is " + in_quotes(header.name));
}

}  // namespace catvox::detail
