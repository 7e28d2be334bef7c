#pragma once

#include <catvox/core/error.hpp>

namespace catvox::detail {

/// Made once, while there is memory, and never destroyed; copies of it need none.
inline const Error& out_of_memory_error() {
  static const Error& error = *new Error(Errc::too_large, "not enough memory");
  return error;
}

}  // namespace catvox::detail
