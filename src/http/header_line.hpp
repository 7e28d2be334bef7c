#pragma once

#include <catvox/http/message.hpp>
#include <string_view>

namespace catvox::detail {

/// Whether a text can be the value of a header: no line break and no NUL, with which another line would begin.
bool is_header_value(std::string_view text);

/// \throws Error{invalid_argument} for a header that would not be one line of a request; the value may be a secret, and
///         is not in the message
void require_header(const HttpHeader& header);

}  // namespace catvox::detail
