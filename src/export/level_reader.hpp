#pragma once

#include <catvox/export/run_export.hpp>
#include <cstdint>
#include <functional>
#include <vector>

#include "export/block_plan.hpp"
#include "export/journal.hpp"
#include "export/piece.hpp"

namespace catvox::detail {

/// Reads the pieces of one level: from the source, or made of the level before as it was written.
class LevelReader {
 public:
  /// Everything must outlive it. `report` receives failures and statistics.
  LevelReader(const ExportVolume& volume, std::size_t level, const std::vector<BlockPlan>& plans, BlockWriter& writer,
              const Journal& journal, const ExportOptions& options, ExportReport& report);

  /// Reads the blocks `parts`, which lie in `box`; what cannot be read or made is left out of the piece.
  /// \param next      what will be read next, to be fetched ahead; may be null
  /// \param received  called now and then with the bytes that this read has received
  /// \throws Error    as OnError says
  Piece read(const std::vector<Piece::Part>& parts, const Box& box, const Box* next,
             const std::function<void(std::int64_t)>& received);

 private:
  ReadOptions read_options(const Box* next, const std::function<void(std::int64_t)>& received);
  void read_source(Piece& piece, const Box& box, std::vector<Piece::Part>& parts, const ReadOptions& options);
  void make(Piece& piece);
  [[nodiscard]] Box finer(const Box& box) const noexcept;
  void fail(const Piece::Part& part, const Error& error);

  const ExportVolume& volume_;
  const ExportVolume::Level& level_;
  const BlockPlan& plan_;
  const BlockPlan* finer_plan_;
  BlockWriter& writer_;
  const ExportOptions& options_;
  ExportReport& report_;
  NumberSet finer_done_;  // of the level before
  int failed_in_a_row_ = 0;
  const std::size_t item_;
};

}  // namespace catvox::detail
