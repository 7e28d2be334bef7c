#pragma once

#include <catvox/core/error.hpp>
#include <catvox/http/message.hpp>
#include <string>

namespace catvox::detail {

/// Whether a status says that there is nothing at this address: fill, not failure.
inline bool is_missing(int status, bool forbidden_is_missing) {
  return status == 404 || status == 410 || status == 204 || (status == 403 && forbidden_is_missing);
}

/// Why an answer is no success: the reason alone, without address.
inline std::string status_text(const Response& response) {
  const std::string text = "HTTP " + std::to_string(response.status);
  if (!response.secrets_withheld.empty()) {
    return text + " after a redirect to " + response.url + ", to which " + response.secrets_withheld + " was not sent";
  }
  if (response.status == 416) return text + " (the object ends before the part that was asked for)";
  if (response.status != 401) return text;
  const std::string sent = ", " + response.secrets_sent + ",";
  const bool token = sent.find(", X-Authorization,") != std::string::npos;
  const bool basic = sent.find(", Authorization,") != std::string::npos;
  return text + (token && basic ? " (the API token, or the user and password, were refused)"
                 : token        ? " (the API token was refused, or a user and password are needed)"
                 : basic        ? " (the user and password were refused)"
                                : " (a user and password are needed)");
}

inline Error status_error(const Response& response) {
  const bool unauthorized = response.status == 401 || response.status == 403;
  return {unauthorized ? Errc::unauthorized : Errc::http_status, status_text(response)};
}

}  // namespace catvox::detail
