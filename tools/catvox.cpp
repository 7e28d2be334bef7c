// The program `catvox`: what the library can do, from the command line.

#include <catvox/core/version.hpp>
#include <iostream>

#include "crop.hpp"
#include "export.hpp"
#include "list.hpp"
#include "support/manual.hpp"
#include "support/program.hpp"
#include "support/server.hpp"

namespace {

/// A command that --help does not show: the build writes the manual page and the completions by it.
tools::Command add_generate(CLI::App& program, const std::vector<tools::Command>& commands) {
  CLI::App* app = program.add_subcommand("generate", "Print the manual page, or the completion of a shell.");
  app->group("");
  const auto what = std::make_shared<std::string>();
  app->add_option("what", *what)->required()->check(CLI::IsMember({"man", "bash", "zsh"}));
  return {app, "", [what, &program, &commands] {
            std::cout << (*what == "man"    ? tools::manual_page(program, commands)
                          : *what == "bash" ? tools::bash_completion(program, commands)
                                            : tools::zsh_completion(program, commands));
          }};
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Read CATMAID image stacks from the command line.", "catvox"};
  app.set_version_flag("--version", "catvox " CATVOX_VERSION);
  app.require_subcommand(0, 1);
  app.footer(std::string(tools::exit_code_help) + "\n\n" + tools::environment_help);

  std::vector<tools::Command> commands{tools::add_list(app), tools::add_crop(app), tools::add_export(app)};
  for (const tools::Command& command : commands) {
    command.app->footer("Examples:\n" + command.examples + "\n\n" + tools::exit_code_help);
  }
  commands.push_back(add_generate(app, commands));
  return tools::run_program(app, commands, argc, argv);
}
