#include "catmaid/stand_in.hpp"

#include <algorithm>
#include <catvox/core/text.hpp>
#include <utility>

#include "catmaid/reports.hpp"
#include "catmaid/same_grid.hpp"
#include "read/copy.hpp"
#include "read/partial_source.hpp"

namespace catvox::detail {
namespace {

Box moved(Box box, const Index3& by) {
  for (std::size_t axis = 0; axis < 3; ++axis) {
    box.min[axis] += by[axis];
    box.max[axis] += by[axis];
  }
  return box;
}

// The voxels of a level between the first and the last at some positions of a selection.
Box voxels_at(const Selection3& selection, const Box& positions) {
  Box box;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const auto& [start, step, count] = selection[axis];
    const std::int64_t first = start + positions.min[axis] * step;
    const std::int64_t last = start + (positions.max[axis] - 1) * step;
    box.min[axis] = std::min(first, last);
    box.max[axis] = std::max(first, last) + 1;
  }
  return box;
}

// Chunks that a mirror does not have, and that the next one is asked for.
struct HandedOn {
  std::int64_t chunks = 0;
  std::vector<MissingChunk> named{};
};

// One read, mirror by mirror, each of what those before it have left.
class Exchange {
 public:
  Exchange(const StandIns& mirrors, const std::optional<ChannelSelection>& channels, const Selection3& selection,
           const StridedBytes& out, std::size_t item, const ReadOptions& options)
      : mirrors_(mirrors), channels_(channels), selection_(selection), out_(out), item_(item), options_(options) {
    Box whole;
    for (std::size_t axis = 0; axis < 3; ++axis) whole.max[axis] = selection[axis].count;
    left_.push_back(whole);
    if (options.missing == Missing::report) report_ = std::make_shared<ReadReport>();
  }

  [[nodiscard]] bool over() const { return left_.empty(); }

  // Reads what is left from one mirror.
  // \param stands_in  another one was to be read
  // \param last       there is none after it
  // \returns          whether it gave what was asked of it
  bool read_from(const PartialSource& reader, const std::string& title, bool stands_in, bool last) {
    const bool hands_on = mirrors_.options().missing_too && !last;
    ReadOptions options = options_;
    if (hands_on && options.missing == Missing::error) options.missing = Missing::report;
    HandedOn before = std::exchange(handed_on_, {});
    std::vector<Box> left;
    bool failed = false;
    for (const Box& box : std::exchange(left_, {})) {
      if (failed) {
        left.push_back(box);
        continue;
      }
      PartialRead done = read_box(reader, box, options);
      failed = done.failure.has_value();
      if (failed) fail(title, *done.failure);
      for (const Box& rest : done.left) left.push_back(moved(rest, box.min));
      if (hands_on) {
        for (const Box& missing : done.missing) left.push_back(moved(missing, box.min));
        hand_on(done);
      }
      add(done, title, box, stands_in);
    }
    left_ = std::move(left);
    gave_all_ = gave_all_ || !failed;
    if (failed) add_missing(before, handed_on_);
    return !failed;
  }

  void fail(const std::string& title, const Error& error) {
    failures_.emplace_back(title, error);
    if (report_) report_->failures.push_back({title, error.what()});
  }

  // What the read did. What is left although a mirror gave all that it was asked for is what that one does not have: fill,
  // whatever one after it wrote there before it failed.
  // \throws Error if more is left
  ReadStatistics finish() {
    if (!over()) {
      if (!gave_all_) throw error();
      if (options_.missing == Missing::error) {
        const std::string name = handed_on_.named.empty() ? "a chunk" : handed_on_.named.front().name;
        throw Error(Errc::not_found, name + " is missing", {.chunk = name});
      }
      for (const Box& box : left_) fill(box);
      statistics_.missing += handed_on_.chunks;
      if (report_) {
        report_->missing += handed_on_.chunks;
        list(handed_on_.named, report_->missing_chunks);
      }
    }
    statistics_.report = report_;
    return statistics_;
  }

 private:
  [[nodiscard]] Error error() const {
    if (failures_.size() == 1) return failures_.front().second;
    std::string text = "no mirror could go on with the read";
    for (const auto& [title, error] : failures_) text += "; " + in_quotes(title) + ": " + error.what();
    return {failures_.back().second.code(), text, failures_.back().second.context()};
  }

  // Where the first voxel at some positions goes.
  [[nodiscard]] std::byte* place_of(const Box& box) const {
    std::byte* data = out_.data;
    for (std::size_t axis = 0; axis < 3; ++axis) data += box.min[axis] * out_.strides[axis];
    return data;
  }

  PartialRead read_box(const PartialSource& reader, const Box& box, ReadOptions& options) const {
    Selection3 part;
    bool whole = true;
    for (std::size_t axis = 0; axis < 3; ++axis) {
      const auto& [start, step, count] = selection_[axis];
      part[axis] = {start + box.min[axis] * step, step, box.max[axis] - box.min[axis]};
      whole = whole && part[axis].count == count;
    }
    options.read_ahead = options_.read_ahead && whole;  // the rest of a read is no walk
    if (options_.progress) {
      options.progress = [this](const Progress& now) {
        options_.progress({statistics_.chunks + now.chunks_done, statistics_.chunks + now.chunks_total,
                           statistics_.bytes_received + now.bytes_received});
      };
    }
    return reader.read_partially(channels_, part, {place_of(box), out_.strides}, options);
  }

  void fill(const Box& box) const {
    const Shape3 shape = box.shape();
    for (std::int64_t k = 0; k < (channels_ ? channels_->which.count : 1); ++k) {
      for (std::int64_t z = 0; z < shape[0]; ++z) {
        zero_plane(place_of(box) + (channels_ ? k * channels_->stride : 0) + z * out_.strides[0],
                   {shape[1], 0, out_.strides[1]}, {shape[2], 0, out_.strides[2]}, item_);
      }
    }
  }

  static void add_missing(const HandedOn& more, HandedOn& all) {
    all.chunks += more.chunks;
    list(more.named, all.named);
  }

  // Takes what is missing out of what was done: the next mirror is asked for it.
  void hand_on(PartialRead& done) {
    handed_on_.chunks += std::exchange(done.statistics.missing, 0);
    if (!done.statistics.report) return;
    ReadReport rest = *done.statistics.report;
    list(rest.missing_chunks, handed_on_.named);
    rest.missing = 0;
    rest.missing_chunks.clear();
    done.statistics.report = std::make_shared<const ReadReport>(std::move(rest));
  }

  void add(const PartialRead& done, const std::string& title, const Box& box, bool stands_in) {
    statistics_ += done.statistics;
    if (stands_in) statistics_.stood_in += done.statistics.chunks;
    const auto& part = done.statistics.report;
    if (!report_ || !part) return;
    append(*part, *report_);
    report_->mirrors[title] += done.statistics.chunks;
    if (!stands_in || report_->stand_ins.size() >= ReadReport::most_listed) return;
    report_->stand_ins.push_back({title, voxels_at(selection_, box)});
  }

  const StandIns& mirrors_;
  const std::optional<ChannelSelection>& channels_;
  const Selection3& selection_;
  const StridedBytes& out_;
  const std::size_t item_;  // bytes a voxel
  const ReadOptions& options_;
  std::vector<Box> left_;  // positions in the selection
  HandedOn handed_on_;     // of left_
  bool gave_all_ = false;  // a mirror gave all that it was asked for
  std::vector<std::pair<std::string, Error>> failures_;
  ReadStatistics statistics_;
  std::shared_ptr<ReadReport> report_;
};

class StandInSource final : public LevelSource {
 public:
  StandInSource(std::shared_ptr<StandIns> mirrors, std::shared_ptr<const LevelSource> like, std::optional<DType> wanted,
                BrokenSlicePolicy policy)
      : mirrors_(std::move(mirrors)), like_(std::move(like)), wanted_(wanted), policy_(policy) {}

  [[nodiscard]] int level() const noexcept override { return like_->level(); }
  [[nodiscard]] DType dtype() const noexcept override { return like_->dtype(); }
  [[nodiscard]] const LevelGeometry& geometry() const noexcept override { return like_->geometry(); }
  [[nodiscard]] const Shape3& chunk_shape() const noexcept override { return like_->chunk_shape(); }
  [[nodiscard]] std::int64_t channels() const noexcept override { return like_->channels(); }
  [[nodiscard]] std::shared_ptr<const LevelSource> at_level(int level) const override {
    return make_stand_in_source(mirrors_, like_->at_level(level), wanted_, policy_);
  }

  ReadStatistics read(const Selection3& selection, const StridedBytes& out, const ReadOptions& options) const override {
    return exchange(std::nullopt, selection, out, options);
  }

  ReadStatistics read_channels(const ChannelSelection& channels, const Selection3& selection, const StridedBytes& out,
                               const ReadOptions& options) const override {
    return exchange(channels, selection, out, options);
  }

  void prefetch(const Selection3& selection, const std::stop_token& stop) const override {
    for (const std::size_t number : mirrors_->order()) {
      try {
        return reader_of(number, stop)->prefetch(selection, stop);
      } catch (const Error& error) {  // what fails is left to the read
        if (error.code() == Errc::cancelled) return;
      }
    }
  }

 private:
  // \throws Error if the mirror cannot be opened, or is not like the others
  [[nodiscard]] std::shared_ptr<const PartialSource> reader_of(std::size_t number, const std::stop_token& stop) const {
    const Mirror& mirror = mirrors_->mirror(number);
    auto reader = mirror.source(level(), wanted_, policy_, stop);
    if (const auto why = difference(*reader, *like_); !why.empty()) {
      throw Error(Errc::invalid_argument, "mirror " + in_quotes(mirror.info().title) + " cannot stand in: " + why);
    }
    return reader;
  }

  ReadStatistics exchange(const std::optional<ChannelSelection>& channels, const Selection3& selection,
                          const StridedBytes& out, const ReadOptions& options) const {
    const auto start = std::chrono::steady_clock::now();
    Exchange exchange(*mirrors_, channels, selection, out, item_size(dtype()), options);
    const std::vector<std::size_t> order = mirrors_->order();
    for (std::size_t i = 0; i < order.size() && !exchange.over(); ++i) {
      const std::string& title = mirrors_->mirror(order[i]).info().title;
      std::shared_ptr<const PartialSource> reader;
      try {
        reader = reader_of(order[i], options.stop);
      } catch (const Error& error) {
        if (error.code() == Errc::cancelled) throw;
        exchange.fail(title, error);
        mirrors_->failed(order[i]);
        continue;
      }
      if (exchange.read_from(*reader, title, i > 0, i + 1 == order.size())) {
        mirrors_->served(order[i]);
      } else {
        mirrors_->failed(order[i]);
      }
    }
    ReadStatistics statistics = exchange.finish();
    statistics.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return statistics;
  }

  const std::shared_ptr<StandIns> mirrors_;
  const std::shared_ptr<const LevelSource> like_;
  const std::optional<DType> wanted_;
  const BrokenSlicePolicy policy_;
};

}  // namespace

StandIns::StandIns(std::vector<std::shared_ptr<const Mirror>> mirrors, const StandInOptions& options)
    : mirrors_(std::move(mirrors)), options_(options), failed_at_(mirrors_.size()) {}

std::vector<std::size_t> StandIns::order() const {
  std::vector<std::size_t> first, passed_over;
  const auto now = Clock::now();
  const std::lock_guard lock(mutex_);
  for (std::size_t number = 0; number < mirrors_.size(); ++number) {
    const bool failed = failed_at_[number] && now - *failed_at_[number] < options_.retry_after;
    (failed ? passed_over : first).push_back(number);
  }
  first.insert(first.end(), passed_over.begin(), passed_over.end());
  return first;
}

void StandIns::failed(std::size_t number) {
  const std::lock_guard lock(mutex_);
  failed_at_[number] = Clock::now();
}

void StandIns::served(std::size_t number) {
  const std::lock_guard lock(mutex_);
  failed_at_[number].reset();
}

void StandIns::check(const std::stop_token& stop) const {
  std::vector<std::size_t> opened;
  std::string failures;
  std::optional<Error> first_failure;
  for (std::size_t number = 0; number < mirrors_.size(); ++number) {
    try {
      (void)mirrors_[number]->levels(stop);
      opened.push_back(number);
    } catch (const Error& error) {
      if (error.code() == Errc::cancelled) throw;
      if (!first_failure) first_failure = error;
      failures += std::string("; ") + error.what();
    }
  }
  if (opened.empty())
    throw Error(first_failure->code(), "no mirror can be opened" + failures, first_failure->context());
  const Mirror& like = *mirrors_[opened.front()];
  const std::vector<int> levels = like.levels(stop)->numbers();
  for (const std::size_t number : opened) {
    const Mirror& candidate = *mirrors_[number];
    for (const int level : candidate.levels(stop)->numbers()) {
      if (std::find(levels.begin(), levels.end(), level) == levels.end()) continue;
      const auto policy = BrokenSlicePolicy::nearest;
      const auto why = difference(*candidate.source(level, std::nullopt, policy, stop),
                                  *like.source(level, std::nullopt, policy, stop));
      if (why.empty()) continue;
      throw Error(Errc::invalid_argument, "mirror " + in_quotes(candidate.info().title) + " cannot stand in for " +
                                              in_quotes(like.info().title) + ": " + why);
    }
  }
}

std::shared_ptr<const LevelSource> make_stand_in_source(std::shared_ptr<StandIns> mirrors,
                                                        std::shared_ptr<const LevelSource> like,
                                                        std::optional<DType> wanted, BrokenSlicePolicy policy) {
  return std::make_shared<const StandInSource>(std::move(mirrors), std::move(like), wanted, policy);
}

}  // namespace catvox::detail
