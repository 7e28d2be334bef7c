#pragma once

#include <chrono>
#include <map>
#include <string>

namespace catvox::test {

/// One request as a test server got it.
struct Received {
  std::string method;
  std::string path;                                 ///< before the '?', percent-encoded as sent
  std::string query;                                ///< after the '?'; empty without one
  std::multimap<std::string, std::string> headers;  ///< names in lower case
  std::string body;
  int remote_port = 0;
  std::chrono::steady_clock::time_point time;

  /// Path and query as sent.
  [[nodiscard]] std::string target() const { return query.empty() ? path : path + '?' + query; }

  /// The first header of that name (in lower case); empty if there is none.
  [[nodiscard]] std::string header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? std::string() : found->second;
  }
};

}  // namespace catvox::test
