#include <catvox/core/error.hpp>
#include <catvox/core/redact.hpp>
#include <string>
#include <string_view>

#include "http/url_parts.hpp"
#include "support/catch.hpp"

using namespace catvox;
using namespace catvox::detail;
using namespace std::string_literals;

TEST_CASE("resolve_url goes where a browser goes", "[http]") {
  struct Row {
    const char *base, *reference, *href;
  };
  static constexpr Row rows[] = {
#include "http/browser_urls.inc"
  };
  for (const auto& [base, reference, href] : rows) {
    CAPTURE(base, reference);
    if (std::string_view(href).empty()) {
      CHECK_THROWS_AS(resolve_url(base, reference), Error);
    } else {
      CHECK(resolve_url(base, reference) == href);
      CHECK(encode_url(href) == href);
    }
  }
}

TEST_CASE("resolve_url leaves other schemes alone and needs an absolute base", "[http]") {
  CHECK(resolve_url("http://h/", " s3://bucket/a b/ ") == "s3://bucket/a b/");
  CHECK(resolve_url("", "http://h/a b") == "http://h/a%20b");
  CHECK_THROWS_WITH(resolve_url("", "t/"), "not an absolute http:, https: or file: URL: t/");
  CHECK_THROWS_WITH(resolve_url("relative", "t/"), "not an absolute http:, https: or file: URL: relative");
}

TEST_CASE("resolve_prefix is what every file's URL begins with", "[http]") {
  const auto [reference, expected] = GENERATE(table<std::string, std::string>({
      {" http://h/t/ ", "http://h/t/"},
      {"t", "https://catmaid.org/fafb/t"},
      {"", "https://catmaid.org/fafb/"},
      {"a/..", "https://catmaid.org/fafb/a/.."},  // and what follows: "..7" is no way up
      {"http://h", "http://h/"},
      {"http://h:80", "http://h/"},
      {"http://h/t?file=a b", "http://h/t?file=a%20b"},
      {"a b/%20", "https://catmaid.org/fafb/a%20b/%20"},
  }));
  CAPTURE(reference);
  CHECK(resolve_prefix("https://catmaid.org/fafb/", reference) == expected);
}

TEST_CASE("encode_url_tail encodes as the part of the URL in which it will stand", "[http]") {
  CHECK(encode_url_tail("http://h/t/", "jpg") == "jpg");
  CHECK(encode_url_tail("http://h/t/", "jpg?x='a b'&y={z}") == "jpg?x=%27a%20b%27&y={z}");
  CHECK(encode_url_tail("http://h/t/", "{a}'\\b ") == "%7Ba%7D'/b");
  CHECK(encode_url_tail("http://h/t?f=", "{a}'\\b") == "{a}%27\\b");
  CHECK(encode_url_tail("http://h/t#", "a'<") == "a'%3C");
  CHECK(encode_url_tail("http://h/t/", "%20é") == "%20%C3%A9");
  CHECK_THROWS_WITH(encode_url_tail("http://h/t/", "j\0pg"s), "a NUL in the URL http://h/0j\\x00pg");
}

TEST_CASE("a NUL in a URL is refused wherever it stands", "[http]") {
  const std::string url = GENERATE("http://h/\0x"s, "http://h\0.evil.net/"s, "\0http://h/"s, "http://h/x\0"s,
                                   "http://u\0:p@h/"s, "http://h/?\0"s, "http://h/#\0"s, "http\0://h/"s);
  CHECK_THROWS_AS(encode_url(url), Error);
  CHECK_THROWS_AS(origin_of(url), Error);
  CHECK_THROWS_AS(resolve_url("http://h/", url), Error);
  CHECK_THROWS_AS(resolve_prefix("http://h/", url), Error);
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
  CHECK(origin_of(" ht\ntp:\\evil.net\\@catmaid.org/") == Origin{"http", "evil.net", 80});
  CHECK(origin_of("http://0x7f.1/") == origin_of("http://127.0.0.1/"));
}

TEST_CASE("origin_of refuses what is no origin", "[http]") {
  const auto [url, expected] = GENERATE(table<std::string, std::string>({
      {"tiles/", "not an absolute http:, https: or file: URL: tiles/"},
      {"ftp://host/", "not an absolute http:, https: or file: URL: ftp://host/"},
      {"http:///?x", "no host in http:///?***"},
      {"http://user:pw@host:99999/", "not a port number in http://host:99999/"},
      {"http://host:8x/", "not a port number in http://host:8x/"},
      {"https://me:s3cr/et@host/", "not a port number in https://***@host/"},
      {"http://a<b/", "not a host name in http://a<b/"},
      {"http://bücher.de/", "a host name that is not ASCII (it can be written as \"xn--…\") in http://bücher.de/"},
  }));
  CAPTURE(url);
  CHECK_THROWS_WITH(origin_of(url), expected);
}

TEST_CASE("redact_url leaves no secret, however broken the URL is", "[http]") {
  const auto [url, expected] = GENERATE(table<std::string, std::string>({
      {"http://host/a/b.jpg", "http://host/a/b.jpg"},
      {"http://user:secret@host:8080/a", "http://host:8080/a"},
      {"//user:secret@host/a", "//host/a"},
      {"http://user:s@cret@host/a", "http://host/a"},
      {" HTTP:\\\\user:secret@host\\a", "HTTP:\\\\host\\a"},
      // what a user pastes
      {"https://me:s3cr/et@host/", "https://***@host/"},
      {"https://me:s3c\\ret@host/", "https://***@host/"},
      {"https://me:s3c?ret@host/", "https://***"},
      {"https://me:s3c#ret@host/", "https://***"},
      {"me:s3cret@host/x", "host/x"},
      {"https:/me:s3cret@host", "https:/host"},
      {"https:///u:s3cret@h", "https:///h"},
      {"https:me:s3cret@h", "https:h"},
      {"s3cret://@h", "***@h"},
      {"https://me:s3cret", "https://me:***"},
      {"https://me:s3cret%40host/x?y", "https://me:***/x?***"},
      {"http://host:80a/", "http://host:80a/"},
      {"http://[::1]:8080/a", "http://[::1]:8080/a"},
      {"http://host/t/a@2x/0.jpg", "http://***@2x/0.jpg"},  // nothing tells that "host/t/a" is no password
      {"http://host/x?mail=me@host", "http://***"},
      // queries and fragments
      {"https://h/t.jpg?X-Amz-Signature=abc&x=1", "https://h/t.jpg?X-Amz-Signature=***&x=***"},
      {"https://h/t.jpg?pwd=abc", "https://h/t.jpg?pwd=***"},
      {"https://h/t.jpg?a=1;token=x", "https://h/t.jpg?a=***"},
      {"https://h/t.jpg#access_token=x", "https://h/t.jpg#access_token=***"},
      {"https://h/t.jpg?%74oken=x&b", "https://h/t.jpg?***&***"},
      {"https://h/t.jpg?c2VjcmV0==", "https://h/t.jpg?***"},
      {"https://h/t.jpg?a=b?c=d#e", "https://h/t.jpg?a=***?c=***#***"},
      {"https://h/t.jpg?", "https://h/t.jpg?"},
      {"tiles/?password=p", "tiles/?password=***"},
      {"http://h/a\r\nX-Evil: 1\x1b[31m", "http://h/a\\x0d\\x0aX-Evil: 1\\x1b[31m"},
  }));
  CAPTURE(url);
  CHECK(redact_url(url) == expected);
  CHECK(redact_url(expected) == expected);
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
  CHECK(file_path(file_url("/a\\b/?#%2e%2e/'\"<>`{}/é\x01")) == "/a\\b/?#%2e%2e/'\"<>`{}/é\x01");
  CHECK(file_path(" file:///data\\x ") == "/data/x");
  CHECK_THROWS_WITH(file_path("file:///data/tile%00.jpg"), "a NUL in the URL file:///data/tile%00.jpg");
  CHECK_THROWS_WITH(file_path("file://elsewhere/data"), "a file: URL of another host: file://elsewhere/data");
}
