#include "http/redirect.hpp"

#include <catvox/core/error.hpp>
#include <catvox/core/redact.hpp>
#include <string>

#include "http/url_parts.hpp"

namespace catvox::detail {
namespace {

constexpr int max_redirects = 10;

}  // namespace

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

bool follow_redirect(Transfer& transfer) {
  char* location = nullptr;
  curl_easy_getinfo(transfer.easy.get(), CURLINFO_REDIRECT_URL, &location);
  if (location == nullptr) return false;
  const auto scheme = scheme_of(location);
  if (scheme != "http" && scheme != "https") {
    throw Error(Errc::refused, "a redirect to " + redact_url(location) + " is not followed");
  }
  if (++transfer.redirects > max_redirects) {
    throw Error(Errc::refused, "more than " + std::to_string(max_redirects) + " redirects");
  }
  transfer.url = location;
  return true;
}

}  // namespace catvox::detail
