#include "catmaid/server_error.hpp"

#include <algorithm>
#include <catvox/core/error.hpp>
#include <catvox/core/text.hpp>
#include <iterator>
#include <utility>

namespace catvox {

namespace {

constexpr std::size_t longest_text = 300;
constexpr std::size_t longest_detail = 200;

/// A text itself, JSON of what is none.
std::string text_of(const detail::Json& value) {
  return value.is_string() ? value.get<std::string>() : detail::json_text(value);
}

/// The text of a member, empty for null and a missing one.
std::string member_text(const detail::Json& object, const char* key) {
  const auto member = object.find(key);
  return member == object.end() || member->is_null() ? std::string() : text_of(*member);
}

/// Whether an error answer means that something does not exist. The status does not tell: Django's DoesNotExist becomes
/// 500, a stack of another project 400 (ValueError), and servers from before 2020 say all of it with 200.
bool says_not_found(std::string_view type, std::string_view words) {
  if (type == "Http404" || type.ends_with("DoesNotExist")) return true;
  constexpr std::string_view phrases[] = {
      "matches the given query",                     // No Stack matches the given query.
      "matching query does not exist",               // Project matching query does not exist.
      "not in this project",                         //
      "is not part of project",                      //
      "not part of the project",                     //
      "Multiple project - stack associations, but",  // old servers, for none as well
  };
  return std::any_of(std::begin(phrases), std::end(phrases),
                     [words](std::string_view phrase) { return words.find(phrase) != std::string_view::npos; });
}

/// `text` on one line, cut between characters of UTF-8 if it is long.
std::string tidy(std::string text) {
  for (char& c : text) {
    if (c == '\n' || c == '\r' || c == '\t') c = ' ';
  }
  text = escaped(text);
  if (text.size() > longest_text) {
    constexpr std::string_view ellipsis = "...";
    std::size_t end = longest_text - ellipsis.size();
    while ((static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
    text = text.substr(0, end).append(ellipsis);
  }
  return text;
}

}  // namespace

namespace detail {

Json parse_answer(std::string_view text, std::string_view document) {
  Json answer = parse_json(text, document);
  if (const auto words = server_error_words(answer)) {
    throw Error(Errc::server_error, std::string(document) + ": the server answered \"" + *words + '"');
  }
  return answer;
}

std::optional<std::string> server_error_words(const Json& answer) {
  if (!answer.is_object()) return std::nullopt;
  std::string detail = member_text(answer, "detail");
  const auto error = answer.find("error");
  if (error == answer.end()) {
    const bool only_detail = answer.size() == 1 && !detail.empty();
    return only_detail ? std::optional(tidy(std::move(detail))) : std::nullopt;
  }
  if (error->is_null() || *error == false) return std::nullopt;  // a good answer that says so
  std::string words = text_of(*error);  // str(exception), which may be empty; then the type says what it was
  const std::string type = member_text(answer, "type");
  if (words.empty() && type.empty()) return std::nullopt;
  // Mostly `detail` is a Python traceback of pages.
  if (!detail.empty() && detail.size() <= longest_detail && detail.find('\n') == std::string::npos && detail != words) {
    words += words.empty() ? detail : ": " + detail;
  }
  if (!type.empty()) words += words.empty() ? type : " (" + type + ')';
  return tidy(std::move(words));
}

std::optional<ServerRefusal> server_refusal(std::string_view body) {
  // A good answer is parsed by whoever asked; most of them are lists, and error answers are small.
  constexpr std::size_t longest = std::size_t{1} << 20;
  if (body.size() > longest || body.find('{') > body.find('[')) return std::nullopt;
  Json answer;
  try {
    answer = parse_json(body, "");
  } catch (const Error&) {
    return std::nullopt;
  }
  const auto words = server_error_words(answer);
  if (!words) return std::nullopt;
  return ServerRefusal{*words, says_not_found(member_text(answer, "type"), *words)};
}

}  // namespace detail

std::optional<std::string> server_error_text(std::string_view body) {
  const auto refusal = detail::server_refusal(body);
  return refusal ? std::optional(refusal->words) : std::nullopt;
}

}  // namespace catvox
