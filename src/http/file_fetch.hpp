#pragma once

#include <catvox/http/message.hpp>
#include <cstddef>

namespace catvox::detail {

/// Answers a request for a file: URL: status 200 with the content, or 404 if there is no such file.
/// \throws Error{refused} if the request does not allow file:, Error{too_large}, Error{io}
void fetch_file(const Request& request, std::size_t max_body_bytes, Response& response);

}  // namespace catvox::detail
