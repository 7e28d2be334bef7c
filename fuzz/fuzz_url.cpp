#include <curl/curl.h>

#include <algorithm>
#include <catvox/core/error.hpp>
#include <catvox/core/redact.hpp>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "http/url_parts.hpp"

namespace {

using namespace catvox;
using namespace catvox::detail;

constexpr std::string_view secret = "s3cReTs3cReT";

void require(bool holds) {
  if (!holds) std::abort();
}

/// A message shows no more of a URL than it may, and nothing that a terminal obeys.
void check_redaction(const std::string& url) {
  const std::string shown = redact_url(url);
  require(shown.find(secret) == std::string::npos);
  require(redact_url(shown) == shown);
  require(escaped(shown) == shown);
}

/// Nor does a message that quotes it: of one word, as a blank may end a URL in a text.
void check_quoted(const std::string& url) {
  if (url.find_first_of(" \t\r\n") != std::string::npos) return;
  const std::string shown = redact_text("from \"" + url + "\": no");
  require(shown.find(secret) == std::string::npos);
  require(redact_text(shown) == shown);
}

/// A secret wherever one may stand in what a person pastes: between pieces that are anything.
void check_planted(const std::string& before, const std::string& after) {
  for (const char* scheme : {"", "http://", "https:/", "//", "HTTPS:///", " http:\\\\"}) {
    check_redaction(scheme + before + std::string(secret) + after + "@host/x");
    check_quoted("http://" + before + std::string(secret) + after + "@host/x");
    check_quoted("http://host/x?" + before + "?" + std::string(secret));
    check_quoted(scheme + ("host/x#" + before) + "k=" + std::string(secret));
    for (const char* delimiter : {"?", "#", "&"}) {
      check_redaction(scheme + ("host/x?" + before) + delimiter + std::string(secret));
      check_redaction(scheme + ("host/x#" + before) + "k=" + std::string(secret) + after);
    }
  }
}

std::string part(CURLU* url, CURLUPart which, unsigned flags = 0) {
  char* value = nullptr;
  if (curl_url_get(url, which, &value, flags) != CURLUE_OK) return {};
  std::string result(value);
  curl_free(value);
  return result;
}

/// What a credential is bound to is what libcurl will connect to.
void check_origin(const std::string& url) {
  const std::string encoded = encode_url(url);
  require(encode_url(encoded) == encoded);
  const Origin origin = origin_of(url);
  require(origin_of(encoded) == origin && scheme_of(url) == origin.scheme);
  if (origin.scheme == "file") return;
  const std::unique_ptr<CURLU, void (*)(CURLU*)> parsed(curl_url(), curl_url_cleanup);
  require(curl_url_set(parsed.get(), CURLUPART_URL, encoded.c_str(), CURLU_GUESS_SCHEME) == CURLUE_OK);
  std::string host = part(parsed.get(), CURLUPART_HOST);
  std::transform(host.begin(), host.end(), host.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
  require(host == origin.host && part(parsed.get(), CURLUPART_SCHEME) == origin.scheme &&
          part(parsed.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT) == std::to_string(origin.port));
}

/// What is resolved once is what a browser would resolve for each file.
void check_prefix(const std::string& base) {
  const std::string server = "https://server/a/b";
  const std::string file = "117/4_9_2.jpg";
  std::string stripped = base;
  while (!stripped.empty() && static_cast<unsigned char>(stripped.back()) <= ' ') stripped.pop_back();
  const std::string whole = resolve_url(server, stripped + file);
  const std::string prefix = resolve_prefix(server, base);
  if (prefix == resolve_url(server, base)) return;  // a host without a path
  require(prefix + file == whole);
}

template <class Check>
void unless_refused(const Check& check) {
  try {
    check();
  } catch (const Error&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (text.find(secret) != std::string::npos) return 0;
  check_planted(text.substr(0, size / 2), text.substr(size / 2));
  for (const char* before : {"", "http://", "https://h"}) {
    unless_refused([&] { check_origin(before + text); });
    unless_refused([&] { check_prefix(before + text); });
  }
  return 0;
}
