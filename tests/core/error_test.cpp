#include <catvox/core/error.hpp>
#include <string>

#include "support/catch.hpp"

using namespace catvox;
using namespace std::string_literals;

// Every way in which an address holds a secret, as an author may put it into a message without a thought.
TEST_CASE("the text of an Error holds no secret of a URL that it quotes", "[core]") {
  const auto [url, expected] = GENERATE(table<std::string, std::string>({
      {"https://me:s3cret@host/x", "https://host/x"},
      {"https://me:s3cr/et@host/", "https://***@host/"},
      {"https://me:s3c?ret@host/", "https://***"},
      {"https://me:s3c#ret@host/", "https://***"},
      {"https://me:s3c ret@host/", "https://me:*** host/"},
      {"https://me:s3c /ret@host/", "https://me:*** /host/"},
      {"https://me:s3c\nret@host/", "https://me:***\nhost/"},
      {"https://me:s3cret", "https://me:***"},
      {"me:s3cret@host/x", "host/x"},
      {"me@host/x", "host/x"},
      {"/me:s3cret@host/x", "/host/x"},
      {"//me:s3cret@host/x", "//host/x"},
      {"https:/me:s3cret@host", "https:/host"},
      {"https:me:s3cret@host", "https:host"},
      {"https:///u:s3cret@h", "https:///h"},
      {"HTTPS:\\\\u:s3cret@h", "HTTPS:\\\\h"},
      {"precomputed://https://me:s3cret@host/v", "***@host/v"},
      {"precomputed://https://host/v?token=s3cret", "precomputed://https://host/v?token=***"},
      {"me:s3c:/ret@host/x", "***@host/x"},
      {"s3cret://@host/x", "***@host/x"},
      {"url=https://me:s3cret@host/x", "***@host/x"},
      {"url=https://me:s3cret", "url=https://me:***"},
      {"me:s3cret@https://host/x", "https://host/x"},
      {"https://host/x?pwd=s3cret", "https://host/x?pwd=***"},
      {"https://host/x?a=1;token=s3cret", "https://host/x?a=***"},
      {"https://host/x#access_token=s3cret", "https://host/x#access_token=***"},
      {"https://host/x?%74oken=s3cret", "https://host/x?***"},
      {"https://host/x?s3cret", "https://host/x?***"},
      {"tiles/?password=s3cret", "tiles/?password=***"},
      {"https://host/?next=https://me:s3cret@h/?b=c", "https://***"},
  }));
  const auto [before, behind] = GENERATE(table<std::string, std::string>({
      {"", ""},
      {"cannot fetch ", ": HTTP 404"},
      {"no mirror at \"", "\", of 2"},
      {"it is relative (", ")."},
      {"two: https://a/b?c=d and ", ", no more"},
  }));
  CAPTURE(before, url, behind);
  const std::string shown = before == "two: https://a/b?c=d and " ? "two: https://a/b?c=*** and " : before;
  const Error error(Errc::io, before + url + behind);
  CHECK(error.what() == shown + expected + behind);
  CHECK(Error(error.code(), error.what()).what() == std::string(error.what()));  // as it is wrapped on its way
}

TEST_CASE("the text of an Error is as it was given where it quotes no URL", "[core]") {
  const std::string text = GENERATE(
      "cannot decode tile (level 2, slice 117, row 4, column 9) from https://h:8000/117/4_9_2.jpg: expected at most "
      "512 x 512",
      "cannot write /home/me@lab.org/cache/a=b", "ask someone @ the lab: \"a?b\" <c> [d], e = f",
      "an http: or https: URL", "\"https://h/\" goes on with \"?\"; leave out what begins there",
      "https://h/x?token=***: HTTP 500", "", " a  b ", "https://host/%SCALE_DATASET%/{z}/{y}_{x}.jpg is no tile");
  CHECK(Error(Errc::io, text).what() == text);
}

TEST_CASE("the text of an Error holds nothing that a terminal obeys, but line feeds", "[core]") {
  CHECK(Error(Errc::io, "title \x1b[31m\r\n\0 end"s).what() == "title \\x1b[31m\\x0d\n\\x00 end"s);
}

TEST_CASE("the context of an Error holds no secret, whatever it was made of", "[core]") {
  CHECK(Error(Errc::io, "no", {.url = "http://me:s3cret@h/x?token=abc"}).context().url == "http://h/x?token=***");
}
