#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/npy.hpp"
#include "support/process.hpp"

namespace catvox::test {

/// Runs read_back.py, whose last argument is the file that it writes, and returns that.
inline NpyArray read_back(std::vector<std::string> arguments) {
  const TempDir folder;
  const auto out = folder.path() / "out.npy";
  arguments.insert(arguments.begin(), EXPORT_READ_BACK);
  arguments.push_back(out.string());
  Process python(EXPORT_PYTHON, arguments, {}, folder.path());
  const Process::Result result = python.wait();
  INFO(result.err);
  REQUIRE(result.status == 0);
  return read_npy(out);
}

}  // namespace catvox::test
