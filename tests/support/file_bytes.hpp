#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

/// All that is in a file; nothing where it cannot be read.
inline std::string file_bytes(const std::filesystem::path& name) {
  std::ifstream file(name, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}
