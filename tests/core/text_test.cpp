#include <catvox/core/text.hpp>
#include <string>

#include "support/catch.hpp"

using namespace catvox;
using namespace std::string_literals;

TEST_CASE("escaped leaves text that a terminal shows as it is", "[core]") {
  const std::string text = GENERATE("", "FAFB v14", R"(a "b" \c)", "Größe µm", "果蝇", "🪰", "עברית");
  CHECK(escaped(text) == text);
}

TEST_CASE("escaped shows what a terminal would obey", "[core]") {
  const auto [text, expected] = GENERATE(table<std::string, std::string>({
      {"a\nb\r\tc", R"(a\x0ab\x0d\x09c)"},
      {"\x1b[31mred\x1b[0m", R"(\x1b[31mred\x1b[0m)"},
      {"\x1b]0;title\a", R"(\x1b]0;title\x07)"},
      {"nul\0nul"s, R"(nul\x00nul)"},
      {"\x7f", R"(\x7f)"},
      {"\u009b31m", R"(\u009b31m)"},          // CSI as one C1 character
      {"gpj.\u202eexe", R"(gpj.\u202eexe)"},  // right to left from here on
      {"\u2066a\u2069\u200f\u061c", R"(\u2066a\u2069\u200f\u061c)"},
      {"line\u2028line", R"(line\u2028line)"},
  }));
  CHECK(escaped(text) == expected);
}

// The table of well-formed byte sequences of the Unicode standard (3-7), and what lies beside each of its rows.
TEST_CASE("escaped shows bytes that are no UTF-8", "[core]") {
  const auto [text, expected] = GENERATE(table<std::string, std::string>({
      {"\xff\xfe", R"(\xff\xfe)"},
      {"\x80", R"(\x80)"},
      {"a\xc3", R"(a\xc3)"},                        // cut
      {"\xc0\xaf", R"(\xc0\xaf)"},                  // an overlong slash
      {"\xe0\x9f\xbf", R"(\xe0\x9f\xbf)"},          // overlong
      {"\xed\xa0\x80", R"(\xed\xa0\x80)"},          // a surrogate
      {"\xf0\x8f\xbf\xbf", R"(\xf0\x8f\xbf\xbf)"},  // overlong
      {"\xf4\x90\x80\x80", R"(\xf4\x90\x80\x80)"},  // beyond the last character
      {"\xc3(", R"(\xc3()"},
      {"\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf"},  // the last one
  }));
  CHECK(escaped(text) == expected);
}

TEST_CASE("in_quotes quotes, escapes and cuts between characters", "[core]") {
  CHECK(in_quotes("FAFB v14") == "\"FAFB v14\"");
  CHECK(in_quotes("a \"b\" \\ \n") == R"("a \"b\" \\ \x0a")");
  CHECK(in_quotes("123456", 6) == "\"123456\"");
  CHECK(in_quotes("1234567", 6) == "\"123456…\"");
  CHECK(in_quotes("12345é", 6) == "\"12345…\"");
  CHECK(in_quotes(std::string(300, 'x')) == '"' + std::string(200, 'x') + "…\"");
}
