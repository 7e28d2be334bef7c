#pragma once

#include <catvox/http/session.hpp>
#include <catvox/http/transport.hpp>
#include <memory>

namespace catvox::detail {

/// The transport that HttpSession uses: threads that each own a libcurl multi handle, take transfers from one shared
/// queue, and run handlers (that is, decode) between two looks at their sockets.
std::shared_ptr<Transport> make_curl_transport(std::shared_ptr<const HttpOptions> options);

}  // namespace catvox::detail
