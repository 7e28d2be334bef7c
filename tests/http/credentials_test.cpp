#include <catvox/core/error.hpp>
#include <catvox/http/credentials.hpp>

#include "support/catch.hpp"

using namespace catvox;

TEST_CASE("credentials are given out for their own origin only", "[http]") {
  const Credentials credentials("https://host/catmaid/", {"em", "section20"}, {{"X-Authorization", "Token t"}});
  const auto headers = credentials.headers_for("https://host/elsewhere?x");
  REQUIRE(headers.size() == 2);
  CHECK(headers[0].name == "X-Authorization");
  CHECK(headers[0].value == "Token t");
  CHECK(headers[1].name == "Authorization");
  CHECK(headers[1].value == "Basic ZW06c2VjdGlvbjIw");  // printf 'em:section20' | base64

  CHECK(credentials.headers_for("http://host/catmaid/").empty());
  CHECK(credentials.headers_for("https://host:444/catmaid/").empty());
  CHECK(credentials.headers_for("https://host.evil.net/catmaid/").empty());
  CHECK(credentials.headers_for("https://host@evil.net/catmaid/").empty());
  CHECK(credentials.headers_for("file:///catmaid/").empty());
}

TEST_CASE("Basic credentials are encoded as RFC 4648 has it", "[http]") {
  const auto basic = [](const char* user, const char* password) {
    return Credentials("http://h/", {user, password}).headers_for("http://h/").at(0).value;
  };
  CHECK(basic("a", "b") == "Basic YTpi");        // 3 bytes: no padding
  CHECK(basic("ab", "c") == "Basic YWI6Yw==");   // 4 bytes
  CHECK(basic("ab", "cd") == "Basic YWI6Y2Q=");  // 5 bytes
  CHECK(basic("", "\xff\xfe") == "Basic Ov/+");  // every kind of digit
}

TEST_CASE("a header line that would smuggle in another is refused, without its value in the message", "[http]") {
  CHECK_THROWS_WITH(Credentials("http://h/", {}, {{"X-Key", "secret\r\nX-Evil: 1"}}),
                    "a header line that cannot be sent: its name is \"X-Key\"");
}
