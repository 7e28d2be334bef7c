#pragma once

#include <curl/curl.h>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>

namespace catvox::test {

struct Fetched {
  CURLcode code = CURLE_OK;
  long status = 0;
  std::string body;
};

/// One libcurl easy handle, so that requests made with it share a connection. Independent of the library under test.
class Fetcher {
 public:
  Fetcher() : curl_(curl_easy_init()) {
    if (!curl_) throw std::runtime_error("curl_easy_init");
  }

  /// The handle, to set options of one's own.
  CURL* handle() { return curl_.get(); }

  Fetched get(const std::string& url, std::chrono::milliseconds timeout = std::chrono::seconds(30)) {
    Fetched fetched;
    CURL* curl = curl_.get();
    curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(timeout.count()));
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &fetched.body);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &append);
    fetched.code = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &fetched.status);
    return fetched;
  }

 private:
  static std::size_t append(const char* bytes, std::size_t size, std::size_t count, void* body) {
    static_cast<std::string*>(body)->append(bytes, size * count);
    return size * count;
  }

  struct Cleanup {
    void operator()(CURL* curl) const noexcept { curl_easy_cleanup(curl); }
  };
  std::unique_ptr<CURL, Cleanup> curl_;
};

}  // namespace catvox::test
