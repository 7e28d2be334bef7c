#pragma once

#include <catvox/bytes/byte_source.hpp>
#include <stop_token>

namespace catvox::detail {

/// Makes one read and waits for its end. Not for threads of the source: they would wait for themselves.
/// \throws Error as the source gives it, its what() the reason alone; Error{cancelled}
ByteResult read_now(ByteSource& source, ByteRequest request, const std::stop_token& stop = {});

}  // namespace catvox::detail
