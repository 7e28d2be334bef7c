#pragma once

#include <CLI/CLI.hpp>
#include <catvox/catmaid/catmaid_client.hpp>
#include <catvox/catmaid/id_or_title.hpp>
#include <catvox/core/error.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace examples {

/// What the example programs return, as --help tells.
enum ExitCode : int {
  exit_ok = 0,
  exit_failure = 1,    ///< what no other code stands for
  exit_usage = 2,      ///< the arguments make no sense
  exit_not_found = 3,  ///< no such project, stack, mirror or level, or nothing there
  exit_server = 4,     ///< the server or the network failed, or sent what cannot be read
  exit_file = 5,       ///< a local file could not be read or written
  exit_cancelled = 130,
};

ExitCode exit_code(catvox::Errc code) noexcept;

/// The paragraph of --help about exit codes.
extern const char* const exit_code_help;

/// Parses the arguments, runs the program, and turns what it throws into one line on stderr, "<program>: <message>",
/// and an exit code.
int run_program(CLI::App& app, int argc, char** argv, const std::function<void()>& body);

/// Where the server is and who asks.
struct ServerOptions {
  std::string server;  ///< URL or folder
  std::optional<std::int64_t> project;
  std::string user;
  std::string password;
  std::string disk_cache;  ///< folder
};

/// Adds --server, --project, --user, --password and --disk-cache.
void add_server_options(CLI::App& app, ServerOptions& options);

/// The options, completed from CATMAID_SERVER, CATMAID_PROJECT_ID, CATMAID_API_TOKEN, CATMAID_HTTP_USER and
/// CATMAID_HTTP_PASSWORD.
///
/// If the options name another server than CATMAID_SERVER, all of these stay unused: a token goes to the server that it
/// was given for.
/// \throws Error{invalid_argument} if no server is named, or CATMAID_PROJECT_ID is no number
catvox::ClientOptions client_options(const ServerOptions& options);

/// A client for these options. If they name no project it is the server's only one.
/// \throws Error{invalid_argument} listing the projects if there are several
catvox::CatmaidClient connect(const ServerOptions& options);

/// An id if the text is a number, a title otherwise.
catvox::IdOrTitle id_or_title(const std::string& text);

}  // namespace examples
