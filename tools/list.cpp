#include "list.hpp"

#include <catvox/core/text.hpp>
#include <iostream>
#include <memory>

#include "support/describe.hpp"
#include "support/program.hpp"
#include "support/server.hpp"

namespace tools {

namespace {

struct ListOptions {
  ServerOptions server;
  std::string stack;
  bool details = false;
};

/// Whether an error concerns one stack, so that the others may still be shown.
bool is_of_one_stack(catvox::Errc code) {
  return code != catvox::Errc::connection && code != catvox::Errc::timeout && code != catvox::Errc::cancelled;
}

/// Every stack of the project in detail; of one that cannot be shown, why.
void print_all(const Project& project) {
  std::size_t failed = 0;
  const auto stacks = project.stacks();
  for (const catvox::StackSummary& summary : stacks) {
    try {
      print_stack(std::cout, project.stack_info(summary.id));
    } catch (const catvox::Error& error) {
      if (!is_of_one_stack(error.code())) throw;
      ++failed;
      std::cerr << "catvox list: stack " << summary.id << ' ' << catvox::in_quotes(summary.title) << ": "
                << error.what() << '\n';
    }
  }
  if (stacks.empty()) std::cerr << "catvox list: the project has no stack that this user may see\n";
  if (failed > 0) {
    throw catvox::Error(catvox::Errc::invalid_metadata,
                        std::to_string(failed) + " of " + std::to_string(stacks.size()) + " stacks cannot be shown");
  }
}

/// None where the server, or a folder, tells of none.
std::vector<catvox::StackGroup> groups_of(const Project& project, std::int64_t stack) {
  try {
    return project.groups_of(stack);
  } catch (const catvox::Error& error) {
    if (!is_of_one_stack(error.code())) throw;
    return {};
  }
}

void run(const ListOptions& options) {
  if (!options.stack.empty()) {
    const Project project(options.server);
    const catvox::Stack stack = project.stack(catvox::IdOrTitle::parse(options.stack));
    print_stack(std::cout, stack.info());
    print_channels(std::cout, stack);
    print_groups(std::cout, groups_of(project, stack.info().sid));
  } else if (options.details) {
    print_all(Project(options.server));
  } else {
    const auto projects = catvox::CatmaidClient(client_options(options.server)).projects();
    print_projects(std::cout, projects);
    if (projects.empty()) {
      std::cerr << "catvox list: the server shows no project to this user; CATMAID_API_TOKEN holds who you are\n";
    }
  }
}

}  // namespace

Command add_list(CLI::App& program) {
  auto options = std::make_shared<ListOptions>();
  CLI::App* app = program.add_subcommand("list", "List what a server has: projects, stacks, levels and mirrors.");
  add_server_options(*app, options->server);
  app->add_option("--stack", options->stack, "Show this stack in detail, id or title")->type_name("STACK");
  app->add_flag("--details", options->details, "Show every stack of the project in detail");
  return {app,
          "  catvox list --server https://example.org/catmaid\n"
          "  catvox list --server https://example.org/catmaid --project 1 --stack \"FAFB v14\"",
          [options] { run(*options); }};
}

}  // namespace tools
