#include <algorithm>
#include <catvox/core/error.hpp>
#include <catvox/http/credentials.hpp>
#include <utility>

#include "http/digest.hpp"

namespace catvox {
namespace {

// RFC 4648. libcurl would encode it itself, but only by options that also decide where the credential goes.
std::string base64(std::string_view bytes) {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto at = [&](std::size_t k) {
      return k < bytes.size() ? static_cast<unsigned>(static_cast<unsigned char>(bytes[k])) : 0U;
    };
    const unsigned group = at(i) << 16 | at(i + 1) << 8 | at(i + 2);
    text += alphabet[group >> 18];
    text += alphabet[group >> 12 & 63];
    text += i + 1 < bytes.size() ? alphabet[group >> 6 & 63] : '=';
    text += i + 2 < bytes.size() ? alphabet[group & 63] : '=';
  }
  return text;
}

}  // namespace

Credentials::Credentials(std::string_view url, BasicAuth basic, std::vector<HttpHeader> headers)
    : origin_(origin_of(url)), headers_(std::move(headers)) {
  for (const HttpHeader& header : headers_) {
    const auto line = header.name + header.value;
    if (header.name.empty() || std::any_of(line.begin(), line.end(), [](char c) { return c == '\r' || c == '\n'; })) {
      throw Error(Errc::invalid_argument, "a header line that cannot be sent: its name is \"" + header.name + "\"");
    }
  }
  if (!basic.user.empty() || !basic.password.empty()) {
    headers_.push_back({"Authorization", "Basic " + base64(basic.user + ":" + basic.password)});
  }
  std::string all = origin_.scheme + "://" + origin_.host + ":" + std::to_string(origin_.port) + "\n";
  for (const HttpHeader& header : headers_) all += header.name + ":" + header.value + "\n";
  digest_ = detail::sha256(all);
}

std::vector<HttpHeader> Credentials::headers_for(std::string_view url) const {
  return origin_of(url) == origin_ ? headers_ : std::vector<HttpHeader>{};
}

}  // namespace catvox
