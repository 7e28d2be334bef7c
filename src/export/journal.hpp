#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/file_descriptor.hpp"
#include "export/atomic_file.hpp"

namespace catvox::detail {

/// A set of numbers, as runs: what is complete of a level is a few of them.
class NumberSet {
 public:
  void add(std::int64_t first, std::int64_t count = 1);
  [[nodiscard]] bool contains(std::int64_t number) const noexcept;
  [[nodiscard]] std::int64_t size() const noexcept { return size_; }
  /// First number and count of each run, ascending.
  [[nodiscard]] const std::map<std::int64_t, std::int64_t>& runs() const noexcept { return runs_; }

 private:
  std::map<std::int64_t, std::int64_t> runs_;  // disjoint, and none ends where the next begins
  std::int64_t size_ = 0;
};

/// What is complete of an export, and what the export is.
///
/// `plan.json` says what it is. Each process that works at it appends lines to a file of its own in `journal/`:
///
///     <level> <first block> <count>
///
/// are blocks that are complete. A block's line is written after the block is, so what a line says holds; a block
/// without a line may be there, and is written again. A last line without its end is not read. (Blocks that the source
/// has nothing of have no file, and looking for the files of a billion blocks takes a cluster's file system hours: so
/// this, and not which files there are, says what is complete.)
class Journal {
 public:
  /// Opens the state of an export, or begins it.
  /// \param plan    what the export is
  /// \param levels  how many it has
  /// \throws Error{invalid_argument} if another plan is there; Error{io}
  Journal(std::filesystem::path folder, const std::string& plan, std::size_t levels);

  /// Reads what all processes have completed so far. \throws Error{io}
  void reload();

  [[nodiscard]] const NumberSet& done(std::size_t level) const noexcept { return done_[level]; }

  /// Notes blocks as complete. \throws Error{io}
  void add(std::size_t level, std::vector<std::int64_t> blocks);

  /// Makes one file of all journals, when nobody else works at the export. \throws Error{io}
  void compact();

 private:
  void read(std::string_view text);

  std::filesystem::path folder_;
  WholeFiles files_;
  std::vector<NumberSet> done_;
  std::filesystem::path own_;  // this process's file, made with the first line
  FileDescriptor own_file_;
  std::int64_t own_bytes_ = 0;
};

}  // namespace catvox::detail
