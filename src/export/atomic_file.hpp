#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "core/file_descriptor.hpp"

namespace catvox::detail {

/// Throws Error{io}: "cannot <verb> <name>: <what errno says>".
[[noreturn]] void throw_errno(std::string_view verb, const std::filesystem::path& name);

/// \throws Error{io}
void make_folders(const std::filesystem::path& folder);

/// Files that are there whole or not at all, whoever else writes them at the same time: each is written in a folder for
/// what is unfinished, on the same disk, and then gets its name.
class WholeFiles {
 public:
  explicit WholeFiles(std::filesystem::path unfinished);

  /// Makes the folders on the way. \throws Error{io}
  void write(const std::filesystem::path& name, std::span<const std::byte> content) const;
  void write(const std::filesystem::path& name, std::string_view content) const;

  /// The same unless there is a file already. \returns whether there was none \throws Error{io}
  bool write_new(const std::filesystem::path& name, std::string_view content) const;

  /// Removes what killed processes of this machine have left unfinished.
  void remove_stale() const noexcept;

 private:
  [[nodiscard]] std::filesystem::path begin(const std::filesystem::path& name,
                                            std::span<const std::byte> content) const;

  std::filesystem::path unfinished_;
  std::string host_;
};

/// All bytes of a file; false where there is none. \throws Error{io}
bool read_whole_file(const std::filesystem::path& name, std::string& content);

/// Opens for reading and writing, makes it if needed. \throws Error{io}
FileDescriptor open_file(const std::filesystem::path& name);

/// \throws Error{io}
void write_at(const FileDescriptor& file, const std::filesystem::path& name, std::int64_t offset,
              std::span<const std::byte> content);

/// \throws Error{io}, also where the file ends before that
void read_at(const FileDescriptor& file, const std::filesystem::path& name, std::int64_t offset,
             std::span<std::byte> content);

}  // namespace catvox::detail
