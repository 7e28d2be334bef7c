#pragma once

#include <catvox/export/block_writer.hpp>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <list>
#include <mutex>
#include <thread>
#include <vector>

#include "export/journal.hpp"
#include "export/piece.hpp"

namespace catvox::detail {

/// Threads that write the blocks of pieces, each block by one of them, and note a piece's blocks in the journal when all
/// of them are written.
///
/// One mutex, which guards the list of pieces, the counters and the journal; no block is written under it. A piece is in
/// the list from add() until its last block is noted. After a failure no further block begins, and every wait ends.
class EncodePool {
 public:
  /// What the threads have done.
  struct Counters {
    std::int64_t written = 0, absent = 0, bytes = 0;
  };

  EncodePool(BlockWriter& writer, Journal& journal, int threads);
  EncodePool(const EncodePool&) = delete;
  EncodePool& operator=(const EncodePool&) = delete;
  /// Drops blocks that have not begun.
  ~EncodePool();

  /// Hands a piece over; waits while two are in work. \throws what a write has thrown
  void add(Piece piece);

  /// Waits for the last block. \throws what a write has thrown
  void finish();

  [[nodiscard]] Counters counters() const;

 private:
  struct Work {
    Piece piece;
    std::size_t begun = 0, done = 0;  // of piece.parts
  };
  void run() noexcept;
  void note(Work& work);

  BlockWriter& writer_;
  Journal& journal_;
  mutable std::mutex mutex_;       // guards what follows, and journal_
  std::condition_variable work_;   // a block can begin, or the end
  std::condition_variable space_;  // a piece is done, or a failure
  std::list<Work> pieces_;
  Counters counters_;
  std::exception_ptr failure_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace catvox::detail
