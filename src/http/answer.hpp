#pragma once

#include <curl/curl.h>

#include <chrono>

#include "http/transfer.hpp"

namespace catvox::detail {

// What libcurl knows of a transfer that has its answer.

/// Into the response: what the server says of the body; on keeping it, redirects have a say, too, as each may be a reason
/// not to.
void note_headers(Transfer& transfer);

bool came_by_http2(const Transfer& transfer) noexcept;

/// Tells connections apart: 0 before there is one.
long local_port(const Transfer& transfer) noexcept;

/// \param time  one of libcurl's CURLINFO_…_TIME_T
double seconds_of(const Transfer& transfer, CURLINFO time) noexcept;

/// That the server asks for; 0 if it does not.
std::chrono::milliseconds retry_after(const Transfer& transfer) noexcept;

}  // namespace catvox::detail
