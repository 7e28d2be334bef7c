#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "support/file_bytes.hpp"

namespace catvox::test {

/// Every file below a folder and what is in it, without the folder in which an export keeps its state.
inline std::map<std::string, std::string> files_below(const std::filesystem::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    const std::string name = entry.path().lexically_relative(folder).string();
    if (entry.is_regular_file() && name.find(".catvox/") == std::string::npos) files[name] = file_bytes(entry.path());
  }
  return files;
}

}  // namespace catvox::test
