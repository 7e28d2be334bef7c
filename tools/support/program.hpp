#pragma once

#include <catvox/core/error.hpp>
#include <string>
#include <vector>

#include "support/command.hpp"

namespace tools {

/// What the programs return, as --help tells.
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

/// Parses the arguments, runs the command that they name, and turns what it throws into one line on stderr,
/// "<program> <command>: <message>", and an exit code.
int run_program(CLI::App& app, const std::vector<Command>& commands, int argc, const char* const* argv);

/// The same for a program without commands.
int run_program(CLI::App& app, const std::function<void()>& run, int argc, const char* const* argv);

/// Takes a path of an option: "~" and "~/…" become the user's own folder, which a shell does not do in --option=~/….
extern const CLI::Validator home_path;

}  // namespace tools
