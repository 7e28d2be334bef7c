#pragma once

#include "http/transfer.hpp"

namespace catvox::detail {

/// Makes a transfer's handle hand in what arrives. A body goes into the response as it comes: of an answer that is no
/// success no more than its message needs, of a range no more than the range. The body of a success passes the gate
/// first; until it does, the transfer is paused.
void receive_into(Transfer& transfer);

/// Whether the body is all that was asked for although the transfer ended as `code`: a server that sends the whole
/// object where a part was asked for is not listened to till the end.
bool is_complete(const Transfer& transfer, CURLcode code);

/// Checks an answer to a request for a range, whose transfer ended well, and makes one of a whole object a part.
/// \throws Error{corrupt_data} if it is not the part that was asked for
void check_range(Transfer& transfer);

}  // namespace catvox::detail
