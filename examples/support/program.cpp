#include "support/program.hpp"

#include <algorithm>
#include <catvox/core/text.hpp>
#include <catvox/http/url.hpp>
#include <charconv>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <new>

namespace examples {
using catvox::Errc;
using catvox::Error;

const char* const exit_code_help =
    "Exit codes:\n"
    "  0    done\n"
    "  2    wrong arguments\n"
    "  3    no such project, stack, mirror or level, or a box outside of the stack\n"
    "  4    the server or the network failed\n"
    "  5    a local file could not be read or written\n"
    "  130  interrupted: nothing was written\n"
    "  1    anything else";

ExitCode exit_code(Errc code) noexcept {
  switch (code) {
    case Errc::invalid_argument:
      return exit_usage;
    case Errc::not_found:
      return exit_not_found;
    case Errc::io:
      return exit_file;
    case Errc::cancelled:
      return exit_cancelled;
    case Errc::invalid_metadata:
    case Errc::corrupt_data:
    case Errc::refused:
    case Errc::unauthorized:
    case Errc::http_status:
    case Errc::server_error:
    case Errc::connection:
    case Errc::timeout:
      return exit_server;
    case Errc::unsupported:
    case Errc::too_large:
      return exit_failure;
  }
  return exit_failure;
}

namespace {

int complain(const CLI::App& app, const std::string& message, int code) {
  std::cerr << app.get_name() << ": " << message << '\n';
  return code;
}

/// Names the options that are not known but none of their values: one of them may be a password.
std::string unexpected_arguments(const CLI::App& app) {
  std::string text;
  for (const std::string& argument : app.remaining()) {
    if (argument.starts_with('-')) text += " " + argument.substr(0, argument.find('='));
  }
  return text.empty() ? "more arguments than expected" : "no such option:" + text;
}

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

/// A folder's path as a file: URL; URLs as they are.
std::string server_url(const std::string& server) {
  return catvox::scheme_of(server).empty() ? catvox::file_url(server) : server;
}

}  // namespace

int run_program(CLI::App& app, int argc, char** argv, const std::function<void()>& body) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::ExtrasError&) {
    return complain(app, unexpected_arguments(app) + " (--help shows what there is)", exit_usage);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help
    return complain(app, std::string(error.what()) + " (--help shows what there is)", exit_usage);
  }
  try {
    body();
    return exit_ok;
  } catch (const Error& error) {
    return complain(app, error.what(), exit_code(error.code()));
  } catch (const std::bad_alloc&) {
    return complain(app, "out of memory", exit_failure);
  } catch (const std::exception& error) {
    return complain(app, error.what(), exit_failure);
  }
}

void add_server_options(CLI::App& app, ServerOptions& options) {
  app.add_option("--server", options.server, "URL of a CATMAID server, or a folder laid out like one [CATMAID_SERVER]");
  app.add_option("--project", options.project, "Id of the project [CATMAID_PROJECT_ID, or the server's only one]");
  app.add_option("--user", options.user, "HTTP Basic user of the server, if it wants one [CATMAID_HTTP_USER]");
  app.add_option(
      "--password", options.password,
      "Its password; better in the environment, where no list of processes shows it [CATMAID_HTTP_PASSWORD]");
  app.add_option("--disk-cache", options.disk_cache, "Folder to keep tiles and blocks in, for the next time [none]");
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

catvox::CatmaidClient connect(const ServerOptions& options) {
  catvox::ClientOptions client = client_options(options);
  if (!client.project_id) {
    const auto projects = catvox::CatmaidClient(client).projects();
    if (projects.size() != 1) {
      std::string list;
      for (const auto& project : projects)
        list += "\n  " + std::to_string(project.id) + "  " + catvox::escaped(project.title);
      throw Error(Errc::invalid_argument,
                  projects.empty() ? "the server shows no project to this user" : "give --project, one of:" + list);
    }
    client.project_id = projects.front().id;
  }
  return catvox::CatmaidClient(client);
}

catvox::IdOrTitle id_or_title(const std::string& text) {
  if (const auto id = number(text)) return *id;
  return text;
}

}  // namespace examples
