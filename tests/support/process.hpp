#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "support/temp_dir.hpp"

/// A program that runs beside the test, what it prints caught. No CATMAID_ or CATVOX_ variable of the surroundings
/// reaches it.
class Process {
 public:
  struct Result {
    int status = -1;  ///< exit code; 128 + number of the signal that ended it
    std::string out;
    std::string err;
  };

  /// \param folder  that it runs in
  Process(const std::string& program, const std::vector<std::string>& arguments,
          const std::map<std::string, std::string>& environment, const std::filesystem::path& folder);
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process();  ///< kills it

  void signal(int number) const;

  /// Waits for its end.
  Result wait();

 private:
  catvox::test::TempDir caught_;
  pid_t pid_ = -1;
};
