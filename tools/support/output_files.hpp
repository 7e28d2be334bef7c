#pragma once

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace tools {

/// Files that get their names only when all of them are complete.
///
/// Each is written as "<name>.partial" beside its final place. A program that fails or is stopped leaves nothing under
/// a final name, and an older file of that name as it was.
class OutputFiles {
 public:
  /// Creates every partial file, so that a folder that cannot be written to shows before hours of reading.
  /// \throws Error{io} if one cannot be created, or its final name is a folder
  explicit OutputFiles(std::vector<std::filesystem::path> names);
  OutputFiles(const OutputFiles&) = delete;
  OutputFiles& operator=(const OutputFiles&) = delete;

  /// Removes the partial files, unless commit() came before.
  ~OutputFiles();

  /// Where to write what shall become names[i].
  [[nodiscard]] const std::vector<std::filesystem::path>& partial() const noexcept { return partial_; }
  [[nodiscard]] const std::vector<std::filesystem::path>& names() const noexcept { return names_; }

  /// Gives each file its name. \throws Error{io}
  void commit();

 private:
  std::vector<std::filesystem::path> names_;
  std::vector<std::filesystem::path> partial_;
};

struct CloseFile {
  void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

/// An empty file, open for writing. \throws Error{io}
File create_file(const std::filesystem::path& name);

/// Closes a file, which is when the last bytes reach the disk. \throws Error{io} if they do not
void close_file(File file, const std::filesystem::path& name);

/// Throws Error{io}: "cannot write <name>: <what errno says>".
[[noreturn]] void throw_cannot_write(const std::filesystem::path& name);

}  // namespace tools
