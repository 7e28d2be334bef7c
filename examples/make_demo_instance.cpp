// Writes the demo CATMAID instance that the other examples read without a network.

#include <CLI/CLI.hpp>
#include <exception>
#include <filesystem>
#include <iostream>

#include "demo_instance/demo_instance.hpp"

int main(int argc, char** argv) {
  CLI::App app{"Write a small CATMAID instance (made-up electron micrographs) into a folder."};
  std::filesystem::path folder;
  app.add_option("folder", folder, "Where to write it; files of the same names are overwritten")->required();
  CLI11_PARSE(app, argc, argv);

  try {
    examples::write_demo_instance(folder);
  } catch (const std::exception& error) {
    std::cerr << "make_demo_instance: " << error.what() << '\n';
    return 1;
  }
  std::cout << "wrote a CATMAID instance to " << folder.string() << "; now try:\n"
            << "  crop_world_box --server " << folder.string() << " --stack 1 --level 1 --min 2000 3000 800"
            << " --max 5240 5420 1280 --montage --output demo.png\n";
}
