#pragma once

#include <CLI/CLI.hpp>
#include <catvox/catmaid/catmaid_client.hpp>
#include <catvox/catmaid/id_or_title.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tools {

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

/// The paragraph of --help about the environment.
extern const char* const environment_help;

/// The options, completed from CATMAID_SERVER, CATMAID_PROJECT_ID, CATMAID_API_TOKEN, CATMAID_HTTP_USER and
/// CATMAID_HTTP_PASSWORD.
///
/// If the options name another server than CATMAID_SERVER, all of these stay unused: a token goes to the server that it
/// was given for.
/// \throws Error{invalid_argument} if no server is named, or CATMAID_PROJECT_ID is no number
catvox::ClientOptions client_options(const ServerOptions& options);

/// One project of a server. Where a question about it fails because the server has no such project, the error says
/// which ones there are.
class Project {
 public:
  /// The project that the options name, or else the server's only one.
  /// \throws Error{invalid_argument} listing the projects if none is named and there are several
  explicit Project(const ServerOptions& options);

  [[nodiscard]] std::vector<catvox::StackSummary> stacks() const;
  [[nodiscard]] catvox::StackInfo stack_info(const catvox::IdOrTitle& stack) const;
  [[nodiscard]] catvox::Stack stack(const catvox::IdOrTitle& stack) const;
  [[nodiscard]] std::vector<catvox::StackGroup> groups_of(std::int64_t stack) const;

 private:
  explicit Project(const catvox::ClientOptions& options);
  void check_exists(catvox::Errc failure) const;
  template <class Question>
  auto ask(const Question& question) const {
    try {
      return question();
    } catch (const catvox::Error& error) {
      check_exists(error.code());
      throw;
    }
  }

  std::int64_t id_;
  catvox::CatmaidClient client_;
};

}  // namespace tools
