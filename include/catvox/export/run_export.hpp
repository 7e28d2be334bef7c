#pragma once

#include <catvox/array/read_options.hpp>
#include <catvox/core/export.hpp>
#include <catvox/export/block_writer.hpp>
#include <catvox/export/export_volume.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace catvox {

/// How far an export is. Reported on the calling thread.
struct ExportProgress {
  std::int64_t blocks_done = 0;     ///< complete, those of earlier runs included
  std::int64_t blocks_total = 0;    ///< of all levels and workers
  std::int64_t blocks_mine = 0;     ///< that this run has completed
  std::int64_t bytes_received = 0;  ///< encoded, from the source, by this run
  std::int64_t bytes_written = 0;   ///< by this run
};

/// What becomes of an export where a chunk cannot be had for good.
enum class OnError : std::uint8_t {
  stop,  ///< it ends with that error
  skip,  ///< the blocks that need the chunk are listed in the report, and written by the next run
};

/// Who writes what, where several processes write one export: pieces of a level are numbered, and each is handed out
/// once. See part_of().
class CATVOX_EXPORT WorkShare {
 public:
  virtual ~WorkShare() = default;
  /// The next piece to do, or none. Called by one thread.
  /// \param pieces  of this level
  virtual std::optional<std::int64_t> next(std::size_t level, std::int64_t pieces) = 0;
  /// Called when all pieces of a level that were handed out here are done: levels are made of complete ones.
  virtual void level_done(std::size_t level) { (void)level; }
};

/// The share of worker i of n: runs of neighbouring pieces. \throws Error{invalid_argument} if not 0 <= i < n
CATVOX_EXPORT std::unique_ptr<WorkShare> part_of(std::int64_t i, std::int64_t n);

/// How an export goes.
struct ExportOptions {
  std::string source{};  ///< what is exported, for people: another text is another export
  OnError on_error = OnError::stop;  ///< where a chunk cannot be had
  std::function<void(const ExportProgress&)> progress{};  ///< an exception from it stops the export
  std::stop_token stop{};  ///< the export then ends with Error{cancelled}, and goes on when run again
  std::size_t memory_bytes = std::size_t{256} << 20;  ///< voxels held at a time
  int threads = 0;                                    ///< that encode and write; 0: one for each core
  bool check_space = true;                            ///< whether to look for room on the disk first
  WorkShare* share = nullptr;                         ///< absent: everything
};

/// A block that could not be read.
struct FailedBlock {
  std::size_t level = 0;  ///< of the export
  Box box{};              ///< its voxels
  std::string error;      ///< why
};

/// What an export did.
struct ExportReport {
  /// The most failures that are listed.
  static constexpr std::size_t most_listed = 1000;

  std::int64_t blocks = 0;            ///< of all levels
  std::int64_t written = 0;           ///< by this run
  std::int64_t absent = 0;            ///< found missing in the source by this run, and left out
  std::int64_t before = 0;            ///< complete when this run began
  std::int64_t failed = 0;            ///< that this run could not read
  std::int64_t waiting = 0;           ///< that neither this run nor one before has completed, failed ones included
  std::vector<FailedBlock> failures;  ///< the first of them
  std::int64_t bytes_written = 0;     ///< by this run
  std::int64_t missing_chunks = 0;    ///< that the source did not have, in this run
  ReadStatistics reads{};             ///< of this run
  double seconds = 0;                 ///< wall time

  /// Whether every block is there, so that the export can be used.
  [[nodiscard]] bool complete() const noexcept { return waiting == 0; }
  /// Whether there was nothing left to do.
  [[nodiscard]] bool nothing_to_do() const noexcept { return before == blocks; }
};

/// Writes a volume, or goes on where an earlier run of the same export was stopped or killed.
///
/// Pieces of the volume are read one after the other, each in one read, while those before are encoded and written.
/// Memory is ExportOptions::memory_bytes and what reads take. What is complete stands in a journal in
/// BlockWriter::state_folder().
///
/// \throws Error  the first failure of a read or write; {invalid_argument} if another export was begun there; {io} if the
///                disk has too little room; {cancelled}. What was complete stays so
CATVOX_EXPORT ExportReport run_export(const ExportVolume& volume, BlockWriter& writer,
                                      const ExportOptions& options = {});

}  // namespace catvox
