#include "support/server.hpp"

#include <algorithm>
#include <catvox/catmaid/stack.hpp>
#include <catvox/core/error.hpp>
#include <catvox/core/text.hpp>
#include <catvox/http/session.hpp>
#include <catvox/http/url.hpp>
#include <charconv>
#include <cstdlib>
#include <filesystem>

#include "support/program.hpp"

namespace tools {
using catvox::Errc;
using catvox::Error;

namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::optional<std::int64_t> number(const std::string& text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// A folder's path as a file: URL. All else as it is: of "localhost:8000" the client says what to put before it.
std::string server_url(const std::string& server) {
  const bool path = server.starts_with('/') || server.starts_with('.') || std::filesystem::exists(server);
  return path ? catvox::file_url(server) : server;
}

/// A line for each project, indented.
std::string list_text(const std::vector<catvox::ProjectSummary>& projects) {
  std::string text;
  for (const auto& project : projects)
    text += "\n  " + std::to_string(project.id) + "  " + catvox::escaped(project.title);
  return text;
}

constexpr const char* no_project = "the server shows no project to this user";

std::int64_t only_project(const catvox::ClientOptions& options) {
  if (options.project_id) return *options.project_id;
  const auto projects = catvox::CatmaidClient(options).projects();
  if (projects.size() == 1) return projects.front().id;
  throw Error(Errc::invalid_argument, projects.empty() ? no_project : "give --project, one of:" + list_text(projects));
}

catvox::CatmaidClient client_of(catvox::ClientOptions options, std::int64_t project) {
  options.project_id = project;
  return catvox::CatmaidClient(std::move(options));
}

}  // namespace

const char* const environment_help =
    "Environment:\n"
    "  CATMAID_SERVER         the server, where --server names none\n"
    "  CATMAID_PROJECT_ID     the project, where --project names none\n"
    "  CATMAID_API_TOKEN      the token that CATMAID shows under your name\n"
    "  CATMAID_HTTP_USER      HTTP Basic user, if the server wants one\n"
    "  CATMAID_HTTP_PASSWORD  its password\n"
    "If CATMAID_SERVER is set, all of these are used for that server only.";

void add_server_options(CLI::App& app, ServerOptions& options) {
  app.add_option("--server", options.server, "A CATMAID server, or a folder laid out like one [CATMAID_SERVER]")
      ->type_name("URL|FOLDER")
      ->transform(home_path);
  app.add_option("--project", options.project, "Id of the project [CATMAID_PROJECT_ID, or the server's only one]")
      ->type_name("ID");
  app.add_option("--user", options.user, "HTTP Basic user of the server, if it wants one [CATMAID_HTTP_USER]")
      ->type_name("NAME");
  app.add_option("--password", options.password,
                 "Its password; better in the environment, where no list of processes shows it [CATMAID_HTTP_PASSWORD]")
      ->type_name("PASSWORD");
  app.add_option("--disk-cache", options.disk_cache, "Folder to keep tiles and blocks in, for the next time [none]")
      ->type_name("FOLDER")
      ->transform(home_path);
}

catvox::ClientOptions client_options(const ServerOptions& options) {
  const std::string known_server = environment("CATMAID_SERVER");
  const std::string& server = options.server.empty() ? known_server : options.server;
  if (server.empty()) throw Error(Errc::invalid_argument, "no server: give --server, or set CATMAID_SERVER");
  catvox::ClientOptions client;
  client.server = server_url(server);
  client.project_id = options.project;
  client.http_user = options.user;
  client.http_password = options.password;
  catvox::HttpOptions http;
  http.disk_cache.folder = options.disk_cache;
  client.session = catvox::HttpSession(http);

  const bool own_environment =
      known_server.empty() || catvox::origin_of(server_url(known_server)) == catvox::origin_of(client.server);
  if (!own_environment) return client;
  client.api_token = environment("CATMAID_API_TOKEN");
  if (options.user.empty()) client.http_user = environment("CATMAID_HTTP_USER");
  if (options.password.empty()) client.http_password = environment("CATMAID_HTTP_PASSWORD");
  if (const std::string project = environment("CATMAID_PROJECT_ID"); !options.project && !project.empty()) {
    client.project_id = number(project);
    if (!client.project_id) {
      throw Error(Errc::invalid_argument, "CATMAID_PROJECT_ID must be a number, not " + catvox::in_quotes(project));
    }
  }
  return client;
}

Project::Project(const ServerOptions& options) : Project(client_options(options)) {}

Project::Project(const catvox::ClientOptions& options) : id_(only_project(options)), client_(client_of(options, id_)) {}

std::vector<catvox::StackSummary> Project::stacks() const {
  return ask([&] { return client_.stacks(); });
}

catvox::StackInfo Project::stack_info(const catvox::IdOrTitle& stack) const {
  return ask([&] { return client_.stack_info(stack); });
}

catvox::Stack Project::stack(const catvox::IdOrTitle& stack) const {
  return ask([&] { return client_.stack(stack); });
}

std::vector<catvox::StackGroup> Project::groups_of(std::int64_t stack) const { return client_.groups_of(stack); }

void Project::check_exists(Errc failure) const {
  if (failure == Errc::connection || failure == Errc::timeout || failure == Errc::cancelled) return;
  std::vector<catvox::ProjectSummary> projects;
  try {
    projects = client_.projects();
  } catch (const Error&) {
    return;  // the first failure says more
  }
  if (std::ranges::count(projects, id_, &catvox::ProjectSummary::id) != 0) return;
  throw Error(Errc::not_found, projects.empty() ? no_project
                                                : "no project " + std::to_string(id_) +
                                                      " for this user; there are:" + list_text(projects));
}

}  // namespace tools
