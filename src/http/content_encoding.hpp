#pragma once

#include <catvox/http/message.hpp>
#include <cstddef>

namespace catvox::detail {

/// Undoes the codings that Content-Encoding names (gzip, deflate, br; `identity` and `aws-chunked` stand for none): the
/// body is then what was stored, and response.content_encoding empty. Of an answer that is no success, a body that cannot
/// be decoded is dropped instead, as what the server has to say is in its status.
///
/// \param max_bytes  of the body that comes of it, and of each on the way there
/// \throws Error{unsupported} naming a coding that is not read; Error{corrupt_data} if the body is damaged, cut short or a
///         part of a coded one; Error{too_large}
void decode_content(Response& response, std::size_t max_bytes);

}  // namespace catvox::detail
