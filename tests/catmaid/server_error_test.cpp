#include "catmaid/server_error.hpp"

#include <optional>
#include <string>

#include "support/catch.hpp"

using namespace catvox;

TEST_CASE("server_error_text gives the server's words", "[metadata]") {
  using Words = std::optional<std::string>;
  auto [body, expected] = GENERATE(table<std::string, Words>({
      {R"({"error": "No Stack matches the given query.", "detail": null, "type": "Http404"})",
       "No Stack matches the given query. (Http404)"},
      {R"({"error": "Stack 3 is not part of project 1", "detail": "ask the owner", "type": "ValueError", "meta": null})",
       "Stack 3 is not part of project 1: ask the owner (ValueError)"},
      // what servers from before 2020 send with status 200
      {R"({"error": "Multiple project - stack associations, but should only be one."})",
       "Multiple project - stack associations, but should only be one."},
      // a traceback is not for people
      {R"({"error": "boom", "detail": "Traceback (most recent call last):\n  File \"/srv/django.py\", line 1\n", "type": "KeyError"})",
       "boom (KeyError)"},
      {R"({"error": "boom", "detail": ")" + std::string(201, 'd') + R"(", "type": "KeyError"})", "boom (KeyError)"},
      {R"({"error": "boom", "detail": "boom"})", "boom"},
      // str(exception) may be empty
      {R"({"error": "", "detail": "", "type": "PermissionDenied"})", "PermissionDenied"},
      {R"({"error": "", "detail": "no permission", "type": "PermissionDenied"})", "no permission (PermissionDenied)"},
      // the token check of /projects/
      {R"({"detail": "Invalid token."})", "Invalid token."},
      {R"({"error": {"code": 7}})", R"({"code":7})"},
      // one line, nothing that a terminal obeys
      {R"({"error": "two\nlines and \u001b[31mred"})", R"(two lines and \x1b[31mred)"},
      {R"({"error": ")" + std::string(301, 'x') + R"("})", std::string(297, 'x') + "..."},
      {R"({"error": ")" + std::string(300, 'x') + R"("})", std::string(300, 'x')},
      {R"({"error": ")" + std::string(296, 'x') + R"(ééééé"})", std::string(296, 'x') + "..."},

      {R"({"sid": 1, "error": null})", std::nullopt},
      {R"({"sid": 1, "error": false})", std::nullopt},
      {R"({"error": ""})", std::nullopt},
      {R"({"detail": "of a good answer", "sid": 1})", std::nullopt},
      {R"({"detail": null})", std::nullopt},
      {R"({})", std::nullopt},
      {R"(["error"])", std::nullopt},
      {R"("error")", std::nullopt},
      {R"(<html><title>502 Bad Gateway</title></html>)", std::nullopt},
      {R"({"error": "cut o)", std::nullopt},
      {"", std::nullopt},
      {std::string(1'000'000, '['), std::nullopt},
  }));
  CAPTURE(body.substr(0, 200));
  CHECK(server_error_text(body) == expected);
}
