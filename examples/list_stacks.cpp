// Lists what a CATMAID server has: projects, stacks, and for a stack its size, place, levels and mirrors.

#include <iostream>

#include "support/describe.hpp"
#include "support/program.hpp"

int main(int argc, char** argv) {
  examples::ServerOptions server;
  std::string stack;
  bool details = false;

  CLI::App app{"List the projects and image stacks of a CATMAID server.", "list_stacks"};
  examples::add_server_options(app, server);
  app.add_option("--stack", stack, "Show this stack (id or title) in detail");
  app.add_flag("--details", details, "Show every stack of the project in detail");
  app.footer(std::string("Examples:\n"
                         "  list_stacks --server https://example.org/catmaid\n"
                         "  list_stacks --server https://example.org/catmaid --project 1 --stack \"FAFB v14\"\n\n") +
             examples::exit_code_help);

  return examples::run_program(app, argc, argv, [&] {
    if (!stack.empty()) {
      examples::print_stack(std::cout, examples::connect(server).stack_info(examples::id_or_title(stack)));
    } else if (details) {
      const catvox::CatmaidClient client = examples::connect(server);
      for (const catvox::StackSummary& summary : client.stacks()) {
        examples::print_stack(std::cout, client.stack_info(summary.id));
      }
    } else {
      examples::print_projects(std::cout, catvox::CatmaidClient(examples::client_options(server)));
    }
  });
}
