#pragma once

#include <catvox/array/level_source.hpp>
#include <memory>
#include <stop_token>
#include <utility>

namespace catvox::detail {

/// A level whose every read has some options.
class OptionsSource final : public LevelSource {
 public:
  OptionsSource(std::shared_ptr<const LevelSource> source, ReadOptions options)
      : source_(std::move(source)), options_(std::move(options)) {}

  [[nodiscard]] int level() const noexcept override { return source_->level(); }
  [[nodiscard]] DType dtype() const noexcept override { return source_->dtype(); }
  [[nodiscard]] const LevelGeometry& geometry() const noexcept override { return source_->geometry(); }
  [[nodiscard]] const Shape3& chunk_shape() const noexcept override { return source_->chunk_shape(); }
  [[nodiscard]] std::shared_ptr<const LevelSource> at_level(int level) const override {
    return std::make_shared<const OptionsSource>(source_->at_level(level), options_);
  }
  ReadStatistics read(const Selection3& selection, const StridedBytes& out, const ReadOptions& options) const override {
    return with_both(options, [&](const ReadOptions& both) { return source_->read(selection, out, both); });
  }
  [[nodiscard]] std::int64_t channels() const noexcept override { return source_->channels(); }
  ReadStatistics read_channels(const ChannelSelection& channels, const Selection3& selection, const StridedBytes& out,
                               const ReadOptions& options) const override {
    return with_both(options,
                     [&](const ReadOptions& both) { return source_->read_channels(channels, selection, out, both); });
  }
  void prefetch(const Selection3& selection, const std::stop_token& stop) const override {
    source_->prefetch(selection, stop.stop_possible() ? stop : options_.stop);
  }

 private:
  /// Reads with the options of one read over the bound ones; either's token ends it.
  template <class Read>
  ReadStatistics with_both(const ReadOptions& options, const Read& read) const {
    ReadOptions both = overridden(options_, options);
    const std::stop_token& given = options.stop;
    if (!given.stop_possible() || !options_.stop.stop_possible() || given == options_.stop) return read(both);
    std::stop_source either;
    const auto stop = [&either] { either.request_stop(); };
    const std::stop_callback on_bound(options_.stop, stop);
    const std::stop_callback on_given(given, stop);
    both.stop = either.get_token();
    both.read_ahead = false;  // it would go on when nothing can stop it any more
    return read(both);
  }

  std::shared_ptr<const LevelSource> source_;
  ReadOptions options_;
};

}  // namespace catvox::detail
