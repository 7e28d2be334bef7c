#include <catvox/core/error.hpp>
#include <catvox/http/credentials.hpp>
#include <string>

#include "support/catch.hpp"

using namespace catvox;
using namespace std::string_literals;

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

TEST_CASE("secrets may go to their own origin, and to https: of the same host", "[http]") {
  const auto [given_for, target, by_default, any_port] = GENERATE(table<std::string, std::string, bool, bool>({
      {"http://host/", "http://host/x", true, true},
      {"https://host/", "https://host:443/", true, true},
      {"http://host/", "https://host/", true, true},  // an upgrade
      {"http://host:80/", "https://HOST:443/", true, true},
      {"http://host:8080/", "https://host/", false, true},
      {"http://host:8080/", "https://host:8443/", false, true},
      {"http://host/", "https://host:8443/", false, true},
      {"https://host/", "http://host/", false, false},
      {"https://host/", "https://host:8443/", false, false},
      {"http://host/", "http://host:8080/", false, false},
      {"http://host/", "https://host.evil.net/", false, false},
      {"http://host/", "https://sub.host/", false, false},
      {"http://host/", "https://host@evil.net/", false, false},
  }));
  CAPTURE(given_for, target);
  CHECK(may_see(origin_of(given_for), origin_of(target)) == by_default);
  CHECK(may_see(origin_of(given_for), origin_of(target), Upgrades::any_port) == any_port);
  CHECK(Credentials(given_for, {"em", "pw"}).headers_for(target).empty() != by_default);
  CHECK(Credentials(given_for, {"em", "pw"}, {}, Upgrades::any_port).may_go_to(target) == any_port);
}

TEST_CASE("a header line that would smuggle in another is refused, without its value in the message", "[http]") {
  const auto [name, value, shown] = GENERATE(table<std::string, std::string, std::string>({
      {"X-Key", "secret\r\nX-Evil: 1", "\"X-Key\""},
      {"X-Key", "secret\n", "\"X-Key\""},
      {"X-Key", "sec\0ret"s, "\"X-Key\""},
      {"X-Key: 1\r\nX-Evil", "secret", "\"X-Key: 1\\x0d\\x0aX-Evil\""},
      {"X Key", "secret", "\"X Key\""},
      {"", "secret", "\"\""},
  }));
  CHECK_THROWS_WITH(Credentials("http://h/", {}, {{name, value}}),
                    "a header line that cannot be sent: its name is " + shown);
}

TEST_CASE("secrets have names, for messages", "[http]") {
  CHECK(Credentials("http://h/", {"em", "pw"}, {{"X-Authorization", "Token t"}}).names() ==
        "X-Authorization, Authorization");
}
