#include "http/answer.hpp"

#include <algorithm>
#include <cctype>
#include <string>

namespace catvox::detail {

void note_headers(Transfer& transfer) {
  CURL* easy = transfer.easy.get();
  auto& response = transfer.response;
  const auto value_of = [easy](const char* name, std::size_t index, std::size_t* amount = nullptr) {
    curl_header* header = nullptr;
    if (curl_easy_header(easy, name, index, CURLH_HEADER, -1, &header) != CURLHE_OK) return std::string();
    if (amount != nullptr) *amount = header->amount;
    return std::string(header->value);
  };
  if (char* type = nullptr; curl_easy_getinfo(easy, CURLINFO_CONTENT_TYPE, &type) == CURLE_OK && type != nullptr) {
    response.content_type = type;
  }
  response.content_encoding.clear();
  for (std::size_t i = 0, amount = 1; i < amount; ++i) {  // a list, of which each line is a part
    response.content_encoding += (i > 0 ? ", " : "") + value_of("Content-Encoding", i, &amount);
  }
  if (!transfer.request.cacheable) return;
  response.etag = value_of("ETag", 0);
  response.last_modified = value_of("Last-Modified", 0);
  for (std::size_t i = 0, amount = 1; i < amount; ++i) {
    auto directives = value_of("Cache-Control", i, &amount);
    std::transform(directives.begin(), directives.end(), directives.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (directives.find("no-store") != std::string::npos) response.no_store = true;
  }
}

bool came_by_http2(const Transfer& transfer) noexcept {
  long version = 0;
  curl_easy_getinfo(transfer.easy.get(), CURLINFO_HTTP_VERSION, &version);
  return version == CURL_HTTP_VERSION_2_0;
}

long local_port(const Transfer& transfer) noexcept {
  long port = 0;
  curl_easy_getinfo(transfer.easy.get(), CURLINFO_LOCAL_PORT, &port);
  return port;
}

double seconds_of(const Transfer& transfer, CURLINFO time) noexcept {
  curl_off_t microseconds = 0;
  curl_easy_getinfo(transfer.easy.get(), time, &microseconds);
  return static_cast<double>(microseconds) * 1e-6;
}

std::chrono::milliseconds retry_after(const Transfer& transfer) noexcept {
  curl_off_t seconds = 0;
  curl_easy_getinfo(transfer.easy.get(), CURLINFO_RETRY_AFTER, &seconds);
  return std::chrono::seconds(std::clamp<curl_off_t>(seconds, 0, 1'000'000));
}

}  // namespace catvox::detail
