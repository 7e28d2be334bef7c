#pragma once

#include <catvox/catvox.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <span>
#include <string>
#include <vector>

#include "support/http_server.hpp"

namespace catvox::test {

/// What the blocks of docs/errors.md stand on: the demo as a folder and behind a server with faults.
struct ErrorsPage {
  ErrorsPage() {
    server.serve_folder("", "out/demo");
    server.add("/tiles/jpeg/0/0_0_0.jpg", "<html>Please sign in</html>", "text/html");
    server.add("/tiles/jpeg/1/0_0_0.jpg", Answer{.status = 418});
    server.add("/tiles/jpeg/2/0_0_0.jpg", Answer{.delay = std::chrono::milliseconds(1500)});
    server.add("/1/stack/4/info", R"({"error": "Invalid token", "type": "AuthenticationFailed"})", "application/json");
    server.add("/labels/attributes.json",
               R"({"dimensions": [405, 302, 12], "blockSize": [128, 128, 4], "dataType": "uint64",)"
               R"( "compression": {"type": "jpeg"}})",
               "application/json");
    server.protect("/private/", "me", "secret");
  }

  /// The demo's first stack with another image_base of its first mirror.
  [[nodiscard]] static StackInfo stack_with(const std::string& image_base) {
    std::ifstream file("out/demo/1/stack/1/info");
    StackInfo info = StackInfo::from_json(std::string{std::istreambuf_iterator<char>(file), {}});
    info.mirrors.resize(1);
    info.mirrors[0].image_base = image_base;
    return info;
  }

  /// Calls f and prints what its Error, of that code, says. The server's address, another one in each run, is replaced.
  template <class F>
  void message(Errc code, const F& f) const {
    try {
      f();
    } catch (const Error& error) {
      if (error.code() != code) throw;
      std::string text = error.what();
      for (std::size_t at; (at = text.find(server.url())) != std::string::npos;) {
        text.replace(at, server.url().size(), "https://example.org");
      }
      std::cout << text << "\n";
    }
  }

  HttpServer server;
  HttpOptions impatient{.retry = {.max_attempts = 1}};
  CatmaidClient client{{.server = file_url("out/demo"), .project_id = 1}};
  CatmaidClient online{{.server = server.url(), .project_id = 1, .session = HttpSession(impatient)}};
};

}  // namespace catvox::test
