#pragma once

#include <catvox/array/level_source.hpp>
#include <catvox/core/box.hpp>
#include <catvox/core/error.hpp>
#include <catvox/core/selection.hpp>
#include <optional>
#include <vector>

namespace catvox::detail {

/// What became of a read that may end before all is there. Boxes are of positions in its selection, zyx; voxels outside of
/// `left` are in place.
struct PartialRead {
  ReadStatistics statistics{};     ///< `chunks` are those that are in place
  std::optional<Error> failure{};  ///< what ended it
  std::vector<Box> left{};         ///< what is not in place; empty without a failure
  std::vector<Box> missing{};      ///< what the source does not have and so was filled
};

/// A level whose reads can say what is left of them when they fail, for another source to go on with.
class PartialSource : public LevelSource {
 public:
  /// As read(), or read_channels() if there are channels, but a chunk that cannot be had is no exception. What ends a read
  /// whatever it reads from still is: that it is cancelled, a chunk that Missing::error wants and is missing, an argument
  /// that makes no sense.
  [[nodiscard]] virtual PartialRead read_partially(const std::optional<ChannelSelection>& channels,
                                                   const Selection3& selection, const StridedBytes& out,
                                                   const ReadOptions& options) const = 0;
};

}  // namespace catvox::detail
