#pragma once

#include <catvox/core/error.hpp>
#include <string>

namespace catvox::detail {

/// Whether a status says that there is nothing at this address: fill, not failure.
inline bool is_missing(int status, bool forbidden_is_missing) {
  return status == 404 || status == 410 || status == 204 || (status == 403 && forbidden_is_missing);
}

/// Why a status is no success: the reason alone, without address.
inline Error status_error(int status) {
  return {status == 401 || status == 403 ? Errc::unauthorized : Errc::http_status,
          "HTTP " + std::to_string(status) +
              (status == 401   ? " (a user and password are needed)"
               : status == 416 ? " (the object ends before the part that was asked for)"
                               : "")};
}

}  // namespace catvox::detail
