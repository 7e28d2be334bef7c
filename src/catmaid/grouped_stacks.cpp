#include <catvox/catmaid/grouped_stacks.hpp>
#include <catvox/core/error.hpp>
#include <catvox/core/text.hpp>
#include <cstddef>
#include <utility>

#include "catmaid/reports.hpp"
#include "catmaid/same_grid.hpp"

namespace catvox {
namespace {

using Sources = std::vector<std::shared_ptr<const LevelSource>>;

// Levels of one grid as the channels of one level.
class ChannelsOfLevels final : public LevelSource {
 public:
  explicit ChannelsOfLevels(Sources levels) : levels_(std::move(levels)) {}

  [[nodiscard]] int level() const noexcept override { return first().level(); }
  [[nodiscard]] DType dtype() const noexcept override { return first().dtype(); }
  [[nodiscard]] const LevelGeometry& geometry() const noexcept override { return first().geometry(); }
  [[nodiscard]] const Shape3& chunk_shape() const noexcept override { return first().chunk_shape(); }
  [[nodiscard]] std::int64_t channels() const noexcept override { return static_cast<std::int64_t>(levels_.size()); }

  [[nodiscard]] std::shared_ptr<const LevelSource> at_level(int level) const override {
    Sources others;
    for (const auto& each : levels_) others.push_back(each->at_level(level));
    return std::make_shared<const ChannelsOfLevels>(std::move(others));
  }

  ReadStatistics read(const Selection3& selection, const StridedBytes& out, const ReadOptions& options) const override {
    return first().read(selection, out, options);
  }

  ReadStatistics read_channels(const ChannelSelection& channels, const Selection3& selection, const StridedBytes& out,
                               const ReadOptions& options) const override {
    ReadStatistics all;
    std::shared_ptr<ReadReport> report;
    for (std::int64_t k = 0; k < channels.which.count; ++k) {
      ReadOptions of_one = options;
      if (options.progress) {
        // Chunks of the channels to come are not known before: they are taken to be as many as this one has.
        of_one.progress = [&](const Progress& now) {
          options.progress({all.chunks + now.chunks_done, all.chunks + now.chunks_total * (channels.which.count - k),
                            all.bytes_received + now.bytes_received});
        };
      }
      const auto channel = static_cast<std::size_t>(channels.which.start + k * channels.which.step);
      const ReadStatistics done =
          levels_.at(channel)->read(selection, {out.data + k * channels.stride, out.strides}, of_one);
      all += done;
      if (!done.report) continue;
      if (!report) report = std::make_shared<ReadReport>();
      detail::append(*done.report, *report);
    }
    all.report = report;
    return all;
  }

  void prefetch(const Selection3& selection, const std::stop_token& stop) const override {
    for (const auto& each : levels_) each->prefetch(selection, stop);
  }

 private:
  [[nodiscard]] const LevelSource& first() const noexcept { return *levels_.front(); }

  const Sources levels_;
};

}  // namespace

std::shared_ptr<const LevelSource> GroupedStacks::source(int level, std::optional<DType> wanted) const {
  if (channels.empty()) {
    throw Error(Errc::not_found, "stack group " + in_quotes(group.title) + " has no stack of relation \"channel\"");
  }
  Sources levels;
  for (const Stack& stack : channels) {
    levels.push_back(stack.source_as(level, wanted));
    if (const auto why = detail::difference(*levels.back(), *levels.front()); !why.empty()) {
      throw Error(Errc::invalid_argument, "the channels of stack group " + in_quotes(group.title) +
                                              " share no grid: stack " + in_quotes(stack.info().stitle) +
                                              " is not like " + in_quotes(channels.front().info().stitle) + ", " + why);
    }
  }
  return std::make_shared<const ChannelsOfLevels>(std::move(levels));
}

}  // namespace catvox
