#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "bytes/json.hpp"

namespace catvox {

/// The server's words if `body` is one of CATMAID's JSON error answers: "No Stack matches the given query. (Http404)".
///
/// Such are `{"error": …, "detail": …, "type": …}`, which servers from before 2020 send with status 200, and
/// `{"detail": …}` alone, with which the token check of `/projects/` answers 401. A `detail` that is a traceback is
/// left out. One line, control characters escaped, at most 300 bytes. nullopt for any other body.
std::optional<std::string> server_error_text(std::string_view body);

namespace detail {

/// What an error answer says.
struct ServerRefusal {
  std::string words;       ///< see server_error_text()
  bool not_found = false;  ///< what was asked for does not exist, or not in this project
};

/// nullopt for a body that is no error answer.
std::optional<ServerRefusal> server_refusal(std::string_view body);

/// As parse_json(), and turns the server's error answers into Error{server_error}.
Json parse_answer(std::string_view text, std::string_view document);

/// The words of an error answer; see server_error_text().
std::optional<std::string> server_error_words(const Json& answer);

}  // namespace detail
}  // namespace catvox
