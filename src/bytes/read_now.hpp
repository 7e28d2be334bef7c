#pragma once

#include <catvox/bytes/byte_source.hpp>
#include <chrono>
#include <stop_token>

namespace catvox::detail {

/// The moment `timeout` from now; never, if that is beyond what a clock can tell.
std::chrono::steady_clock::time_point deadline_after(std::chrono::milliseconds timeout);

/// Makes one read and waits for its end. Not for threads of the source: they would wait for themselves.
/// \param deadline  for all of it, retries included
/// \throws Error as the source gives it, its what() the reason alone; Error{cancelled}; Error{timeout}
ByteResult read_now(ByteSource& source, ByteRequest request, const std::stop_token& stop = {},
                    std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max());

}  // namespace catvox::detail
