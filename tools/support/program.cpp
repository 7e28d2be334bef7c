#include "support/program.hpp"

#include <cstdlib>
#include <exception>
#include <iostream>
#include <new>

namespace tools {
using catvox::Errc;
using catvox::Error;

const char* const exit_code_help =
    "Exit codes:\n"
    "  0    done\n"
    "  2    wrong arguments\n"
    "  3    no such project, stack, mirror or level, or a box outside of the stack\n"
    "  4    the server or the network failed\n"
    "  5    a local file could not be read or written\n"
    "  130  interrupted: a crop wrote nothing, an export goes on when run again\n"
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

/// "catvox crop", or "catvox" where no command was recognised.
std::string called(const CLI::App& app) {
  const auto parsed = app.get_subcommands();
  return app.get_name() + (parsed.empty() ? "" : " " + parsed.front()->get_name());
}

int complain(const CLI::App& app, const std::string& message, int code) {
  std::cerr << called(app) << ": " << message << '\n';
  return code;
}

int complain_of_arguments(const CLI::App& app, const std::string& message) {
  return complain(app, message + " (" + called(app) + " --help shows what there is)", exit_usage);
}

/// Names options that are not known, but no value and no word: one of them may be a password.
std::string unexpected_arguments(const CLI::App& app) {
  std::string text;
  for (const std::string& argument : app.remaining(true)) {
    if (argument.starts_with('-')) text += " " + argument.substr(0, argument.find('='));
  }
  if (!text.empty()) return "no such option:" + text;
  const bool no_command = app.get_subcommands().empty() && !app.get_subcommands({}).empty();
  return no_command ? "no such command" : "more arguments than expected";
}

int run_parsed(const CLI::App& app, const std::function<void()>& run) {
  try {
    run();
    return exit_ok;
  } catch (const Error& error) {
    return complain(app, error.what(), exit_code(error.code()));
  } catch (const std::bad_alloc&) {
    return complain(app, "out of memory", exit_failure);
  } catch (const std::exception& error) {
    return complain(app, error.what(), exit_failure);
  }
}

std::string at_home(const std::string& path) {
  if (path != "~" && !path.starts_with("~/")) return path;
  const char* home = std::getenv("HOME");
  if (home == nullptr || *home == '\0') throw CLI::ValidationError(path + ": HOME is not set");
  return home + path.substr(1);
}

}  // namespace

const CLI::Validator home_path(
    [](std::string& path) {
      path = at_home(path);
      return std::string();
    },
    "");

int run_program(CLI::App& app, const std::vector<Command>& commands, int argc, const char* const* argv) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::ExtrasError&) {
    return complain_of_arguments(app, unexpected_arguments(app));
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
    return complain_of_arguments(app, error.what());
  }
  for (const Command& command : commands) {
    if (command.app->parsed()) return run_parsed(app, command.run);
  }
  return complain_of_arguments(app, "a command is needed");
}

int run_program(CLI::App& app, const std::function<void()>& run, int argc, const char* const* argv) {
  return run_program(app, {Command{&app, "", run}}, argc, argv);
}

}  // namespace tools
