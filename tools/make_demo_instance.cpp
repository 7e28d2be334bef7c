// Writes the demo CATMAID instance that examples, tests and scripts/demo.sh read without a network.

#include <filesystem>
#include <iostream>

#include "demo_instance/demo_instance.hpp"
#include "support/program.hpp"

int main(int argc, char** argv) {
  CLI::App app{"Write a small CATMAID instance (made-up electron micrographs) into a folder.", "make_demo_instance"};
  std::filesystem::path folder;
  app.add_option("folder", folder, "Where to write it; files of the same names are overwritten")
      ->required()
      ->transform(tools::home_path);
  const auto run = [&] {
    tools::write_demo_instance(folder);
    std::cout << "wrote a CATMAID instance to " << folder.string() << "; now try:\n"
              << "  catvox crop --server " << folder.string() << " --stack 1 --level 1 --min 2000 3000 800"
              << " --max 5240 5420 1280 --montage --output demo.png\n";
  };
  return tools::run_program(app, run, argc, argv);
}
