#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

namespace tools {

/// One subcommand of the program.
struct Command {
  CLI::App* app = nullptr;
  std::string examples;  ///< shell lines, each indented by two blanks
  std::function<void()> run;
};

}  // namespace tools
