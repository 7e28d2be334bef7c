#pragma once

#include <catvox/array/level_source.hpp>
#include <catvox/catmaid/stack.hpp>
#include <catvox/core/dtype.hpp>
#include <catvox/core/error.hpp>
#include <catvox/geometry/broken_slices.hpp>
#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "catmaid/mirror.hpp"

namespace catvox::detail {

/// Mirrors of one stack that stand in for each other. It stands over readers, not over sources of bytes: what one mirror
/// keeps in a JPEG another has in half an N5 block, so that only voxels can be exchanged. While nothing fails, a read is
/// that of the first mirror, and costs a bit a chunk.
///
/// A mirror that failed is passed over by the reads that begin within `retry_after` of that; the first one after it asks it
/// again. Where all are passed over, all are asked. Thread-safe: the mutex guards the times alone, nothing is called with
/// it held.
class StandIns {
 public:
  /// \param mirrors  in order of preference, at least one
  StandIns(std::vector<std::shared_ptr<const Mirror>> mirrors, const StandInOptions& options);

  [[nodiscard]] const StandInOptions& options() const { return options_; }
  [[nodiscard]] std::size_t size() const { return mirrors_.size(); }
  [[nodiscard]] const Mirror& mirror(std::size_t number) const { return *mirrors_[number]; }

  /// Which mirror to ask first, second, …: every one of them.
  [[nodiscard]] std::vector<std::size_t> order() const;

  void failed(std::size_t number);
  void served(std::size_t number);

  /// Opens all and compares the levels that they have.
  /// \throws Error{invalid_argument} if a level of one differs from that of another in shape, place or element type; if
  ///         none can be opened, what is wrong with each; Error{cancelled}
  void check(const std::stop_token& stop) const;

 private:
  using Clock = std::chrono::steady_clock;

  const std::vector<std::shared_ptr<const Mirror>> mirrors_;
  const StandInOptions options_;
  mutable std::mutex mutex_;  // guards what follows
  std::vector<std::optional<Clock::time_point>> failed_at_;
};

/// A level that all of them are read for.
/// \param like    of the mirror that says how the level is: shape, chunks, type
/// \param wanted  see Mirror::source()
std::shared_ptr<const LevelSource> make_stand_in_source(std::shared_ptr<StandIns> mirrors,
                                                        std::shared_ptr<const LevelSource> like,
                                                        std::optional<DType> wanted, BrokenSlicePolicy policy);

}  // namespace catvox::detail
