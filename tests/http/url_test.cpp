#include <catvox/core/error.hpp>
#include <catvox/http/url.hpp>
#include <string>

#include "support/catch.hpp"

using namespace catvox;

TEST_CASE("resolve_url resolves an image_base as a browser on the server's page would", "[http]") {
  const std::string base = "https://catmaid.org/fafb/";
  const auto [reference, expected] = GENERATE(table<std::string, std::string>({
      {"https://tiles.org/a b/", "https://tiles.org/a b/"},  // absolute: verbatim
      {"http://tiles.org:8080/x?y=", "http://tiles.org:8080/x?y="},
      {"//tiles.org/x/", "https://tiles.org/x/"},
      {"/tiles/", "https://catmaid.org/tiles/"},
      {"tiles/", "https://catmaid.org/fafb/tiles/"},
      {"", "https://catmaid.org/fafb/"},
      {"tiles/%SCALE_DATASET%/0_1_2", "https://catmaid.org/fafb/tiles/%SCALE_DATASET%/0_1_2"},
  }));
  CAPTURE(reference);
  CHECK(resolve_url(base, reference) == expected);
}

TEST_CASE("resolve_url takes the folder of the base and leaves its query", "[http]") {
  CHECK(resolve_url("http://h/a/b?q=/x/", "t/") == "http://h/a/t/");
  CHECK(resolve_url("http://h", "t/") == "http://h/t/");
  CHECK(resolve_url("file:///data/export/", "tiles/") == "file:///data/export/tiles/");
  CHECK_THROWS_AS(resolve_url("relative", "t/"), Error);
}

TEST_CASE("origins are equal only if scheme, host and port are", "[http]") {
  const Origin origin = origin_of("https://Catmaid.org/x");
  CHECK(origin == Origin{"https", "catmaid.org", 443});
  CHECK(origin == origin_of("HTTPS://catmaid.org:443/other?x=1"));
  CHECK(origin == origin_of("https://user:pw@catmaid.org"));
  CHECK_FALSE(origin == origin_of("http://catmaid.org/x"));
  CHECK_FALSE(origin == origin_of("https://catmaid.org:8443/x"));
  CHECK_FALSE(origin == origin_of("https://catmaid.org.evil.net/x"));
  // What stands before an @ is a user, however much it looks like a host.
  CHECK(origin_of("https://catmaid.org@evil.net/") == Origin{"https", "evil.net", 443});
  CHECK(origin_of("https://catmaid.org:443@evil.net/") == Origin{"https", "evil.net", 443});
  CHECK(origin_of("http://[::1]:8080/x") == Origin{"http", "[::1]", 8080});
  CHECK(origin_of("http://[::1]/x") == Origin{"http", "[::1]", 80});
}

TEST_CASE("origin_of refuses what is no origin", "[http]") {
  const auto [url, expected] = GENERATE(table<std::string, std::string>({
      {"tiles/", "not an absolute http:, https: or file: URL: tiles/"},
      {"ftp://host/", "not an absolute http:, https: or file: URL: ftp://host/"},
      {"http:///x", "no host in http:///x"},
      {"http://user:pw@host:99999/", "not a port number in http://host:99999/"},
      {"http://host:8x/", "not a port number in http://host:8x/"},
  }));
  CAPTURE(url);
  CHECK_THROWS_WITH(origin_of(url), expected);
}

TEST_CASE("redact_url leaves no secret", "[http]") {
  const auto [url, expected] = GENERATE(table<std::string, std::string>({
      {"http://host/a/b.jpg", "http://host/a/b.jpg"},
      {"http://user:secret@host:8080/a?x=1#f", "http://host:8080/a?x=1#f"},
      {"//user:secret@host/a", "//host/a"},
      {"http://user:s@cret@host/a", "http://host/a"},
      {"https://h/t.jpg?X-Amz-Signature=abc&x=1", "https://h/t.jpg?X-Amz-Signature=***&x=1"},
      {"https://h/t.jpg?x=1&api_key=abc&Token=d", "https://h/t.jpg?x=1&api_key=***&Token=***"},
      {"https://h/t.jpg?", "https://h/t.jpg?"},
      {"tiles/?password=p", "tiles/?password=***"},
      {"http://h/a\r\nX-Evil: 1", "http://h/a??X-Evil: 1"},
  }));
  CAPTURE(url);
  CHECK(redact_url(url) == expected);
}

TEST_CASE("encode_url encodes what a URL may not hold, once", "[http]") {
  CHECK(encode_url("http://h/a b/%20/é") == "http://h/a%20b/%20/%C3%A9");
  CHECK(encode_url("http://h/%SCALE_DATASET%/0_1_2") == "http://h/%SCALE_DATASET%/0_1_2");
  CHECK_THROWS_WITH(encode_url("http://h/a\nb"), "control character in the URL http://h/a?b");
}

TEST_CASE("split_user takes user and password out of a URL", "[http]") {
  const auto parts = split_user("https://em:p%40ss%3A@host:81/x?y=@z");
  CHECK(parts.url == "https://host:81/x?y=@z");
  CHECK(parts.user == "em");
  CHECK(parts.password == "p@ss:");
  CHECK(split_user("https://em@host/").user == "em");
  CHECK(split_user("https://host/a@b").user.empty());
  CHECK(split_user("https://host/a@b").url == "https://host/a@b");
}

TEST_CASE("file URLs and paths convert into each other", "[http]") {
  CHECK(file_url("/data/my stack/100%") == "file:///data/my%20stack/100%25");
  CHECK(file_path("file:///data/my%20stack/100%25") == "/data/my stack/100%");
  CHECK(file_path("file://localhost/data") == "/data");
  CHECK(file_path("file:///data/tile.jpg?x=y") == "/data/tile.jpg");
  CHECK(file_path("file:///odd%2") == "/odd%2");
  CHECK_THROWS_WITH(file_path("file://elsewhere/data"), "a file: URL of another host: file://elsewhere/data");
}
