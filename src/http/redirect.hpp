#pragma once

#include "http/transfer.hpp"

namespace catvox::detail {

/// Whether a status sends the client on to another address.
bool is_redirect(int status);

/// Points `transfer`, which has such an answer, to the address that the answer names. What goes along is decided where
/// a request is made ready (prepare), for each hop anew.
/// \returns false if it names none: an answer like any other
/// \throws Error{refused} for another scheme than http(s), and for the eleventh hop
bool follow_redirect(Transfer& transfer);

}  // namespace catvox::detail
