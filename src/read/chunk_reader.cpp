#include "read/chunk_reader.hpp"

#include <algorithm>
#include <catvox/core/dtype.hpp>
#include <catvox/core/error.hpp>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "read/boxes.hpp"
#include "read/copy.hpp"
#include "read/plan.hpp"
#include "read/plan_run.hpp"

namespace catvox::detail {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds progress_interval{50};

// "https://host:port" of a URL.
std::string_view origin_of_url(std::string_view url) {
  const auto scheme = url.find("://");
  return scheme == std::string_view::npos ? url : url.substr(0, url.find('/', scheme + 3));
}

// One call of read().
class Read final : public PlanRun {
 public:
  Read(const ChunkOrigin& origin, std::shared_ptr<ChunkPool> pool, ReadPlan plan, const StridedBytes& out,
       const std::optional<ChannelSelection>& channels, bool slides, const ReadOptions& options)
      // As many parts that the source's queue does not run dry while a handler decodes.
      : PlanRun(origin, std::move(pool), std::move(plan), 2 * std::max(1, origin.source->concurrency()), options.stop,
                "the read was cancelled"),
        store_(origin.store),
        out_(out),
        item_(item_size(store_->dtype())),
        channels_(channels),
        slides_(slides),
        missing_(options.missing) {
    statistics_.chunks = parts();
    if (missing_ == Missing::report) report_ = std::make_shared<ReadReport>();
  }

  ReadStatistics run(const ReadOptions& options) {
    std::unique_lock lock(mutex_, std::defer_lock);
    wait(options, lock);
    if (error()) throw *error();
    return finish(options, lock);
  }

  // As run(), but what cannot be had is no exception.
  PartialRead run_partially(const ReadOptions& options) {
    std::unique_lock lock(mutex_);
    in_place_.assign(static_cast<std::size_t>(parts()), false);
    lock.unlock();
    wait(options, lock);
    PartialRead result;
    for (const std::int64_t number : missing_parts_) add_places(plan().part(number), result.missing);
    result.missing = joined(std::move(result.missing));
    if (!error()) {
      result.statistics = finish(options, lock);
      return result;
    }
    if (refused_missing_ || error()->code() == Errc::cancelled) throw *error();
    result.failure = error();
    for (std::int64_t number = 0; number < parts(); ++number) {
      if (!in_place_[static_cast<std::size_t>(number)]) add_places(plan().part(number), result.left);
    }
    result.left = joined(std::move(result.left));
    result.statistics = statistics_;
    result.statistics.chunks = done_;
    result.statistics.report = report_;
    return result;
  }

  // Returns when no thread writes to the destination any more. For an exception of the caller's progress function.
  void abandon() noexcept {
    cancel();
    drain();
  }

  [[nodiscard]] ChunkPart part(std::int64_t number) const override {
    return {.of = plan().part(number), .out = out_, .item = item_, .channels = channels_};
  }

  [[nodiscard]] Purpose purpose() const noexcept override { return Purpose::read; }
  [[nodiscard]] bool slides() const noexcept override { return slides_; }

 private:
  // Starts, and waits until the plan is over (owners: the source's threads, as for drain()), until the caller's token
  // fires, and a few times a second for the sake of its progress function.
  // \param lock  of mutex_, not held; held when this returns
  void wait(const ReadOptions& options, std::unique_lock<std::mutex>& lock) {
    start();
    lock.lock();
    if (!decodes()) idle_since_ = Clock::now();
    while (!over()) {
      if (options.stop.stop_requested() && !stopped()) {
        lock.unlock();
        cancel();
        lock.lock();
        continue;
      }
      const auto ended = [this] { return over() || stopped(); };
      if (stopped()) {
        changed_.wait(lock, [this] { return over(); });
      } else if (options.progress) {
        changed_.wait_for(lock, options.stop, progress_interval, ended);
        if (!ended()) tell(options, lock);
      } else {
        changed_.wait(lock, options.stop, ended);
      }
    }
  }

  // What a read that has all of its voxels did.
  ReadStatistics finish(const ReadOptions& options, std::unique_lock<std::mutex>& lock) {
    ReadStatistics statistics = statistics_;
    statistics.report = report_;
    if (options.progress) tell(options, lock);
    return statistics;
  }

  void busy(bool begins) noexcept override {
    const auto now = Clock::now();
    if (begins && idle_since_) {
      statistics_.wait_seconds += std::chrono::duration<double>(now - *idle_since_).count();
    }
    if (!begins) idle_since_ = now;
  }

  std::optional<Error> count(std::int64_t number, const ChunkCost& cost) override {
    if (cost.missing && missing_ == Missing::error) {
      refused_missing_ = true;
      return missing_error(number, cost);
    }
    if (report_) add_to_report(number, cost);
    if (!in_place_.empty()) {
      if (cost.missing) missing_parts_.push_back(number);
      in_place_[static_cast<std::size_t>(number)] = true;
    }
    statistics_.requests += cost.requests;
    statistics_.retries += std::max<std::int64_t>(0, cost.requests - 1);
    statistics_.cache_hits += cost.shared ? 1 : 0;
    statistics_.disk_hits += cost.from_disk ? 1 : 0;
    statistics_.missing += cost.missing ? 1 : 0;
    statistics_.bytes_received += cost.bytes;
    statistics_.first_byte_seconds += cost.first_byte_seconds;
    statistics_.fetch_seconds += cost.fetch_seconds;
    statistics_.decode_seconds += cost.decode_seconds;
    ++done_;
    return std::nullopt;
  }

  [[nodiscard]] Error missing_error(std::int64_t number, const ChunkCost& cost) const {
    const std::string name = store_->describe(plan().part(number).chunk());
    const std::string url(cost.url);
    return Error(Errc::not_found, name + " is missing" + (url.empty() ? "" : " at " + url),
                 {.url = url, .chunk = name});
  }

  void add_to_report(std::int64_t number, const ChunkCost& cost) {
    if (cost.missing) {
      ++report_->missing;
      if (report_->missing_chunks.size() >= ReadReport::most_listed) return;
      const Index3 chunk = plan().part(number).chunk();
      Box voxels;
      for (std::size_t axis = 0; axis < 3; ++axis) {
        voxels.min[axis] = chunk[axis] * store_->chunk_shape()[axis];
        voxels.max[axis] = std::min(store_->shape()[axis], voxels.min[axis] + store_->chunk_shape()[axis]);
      }
      report_->missing_chunks.push_back({store_->describe(chunk), voxels});
      return;
    }
    const std::string served(cost.shared ? "memory" : cost.from_disk ? "disk cache" : origin_of_url(cost.url));
    const auto known = report_->served.find(served);
    if (known != report_->served.end()) {
      ++known->second;
    } else if (report_->served.size() < ReadReport::most_listed) {
      report_->served.emplace(served, 1);
    }
  }

  // Where a part's voxels go, as positions in the selection.
  static void add_places(const PlanPart& part, std::vector<Box>& places) {
    const auto add = [&](std::int64_t first, std::int64_t count) {
      places.push_back({{first, part.rows.first, part.columns.first},
                        {first + count, part.rows.first + part.rows.count, part.columns.first + part.columns.count}});
    };
    if (part.moved == nullptr) return add(part.slices.first, part.slices.count);
    for (const SlicePair& slice : part.moved->slices) add(slice.destination, 1);
  }

  // Without the lock, because the function is the caller's.
  void tell(const ReadOptions& options, std::unique_lock<std::mutex>& lock) {
    const Progress progress{done_, parts(), statistics_.bytes_received};
    lock.unlock();
    options.progress(progress);
    lock.lock();
  }

  const std::shared_ptr<const ChunkStore> store_;
  const StridedBytes out_;
  const std::size_t item_;
  const std::optional<ChannelSelection> channels_;
  const bool slides_;
  const Missing missing_;

  // Guarded by mutex_.
  std::int64_t done_ = 0;
  std::optional<Clock::time_point> idle_since_;  // while nothing decodes; absent until there is something to wait for
  ReadStatistics statistics_;
  std::shared_ptr<ReadReport> report_;
  bool refused_missing_ = false;             // a chunk that is missing ended it
  std::vector<bool> in_place_;               // by part; empty where nobody will ask. Far less than what is read
  std::vector<std::int64_t> missing_parts_;  // likewise
};

void check(const Selection3& selection, const Shape3& shape) {
  constexpr const char* axes[] = {"slice", "row", "column"};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const auto& [start, step, count] = selection[axis];
    if (count <= 0) continue;
    // Divided rather than multiplied: start + (count - 1) * step may not fit.
    const bool inside = start >= 0 && start < shape[axis] && step != 0 &&
                        (count - 1) <= (step > 0 ? (shape[axis] - 1 - start) / step : start / -step);
    if (!inside) {
      throw Error(Errc::invalid_argument, std::string("the selection leaves the level on the ") + axes[axis] +
                                              " axis: start " + std::to_string(start) + ", step " +
                                              std::to_string(step) + ", count " + std::to_string(count) + " of " +
                                              std::to_string(shape[axis]));
    }
  }
}

void check(const AxisSelection& channels, std::int64_t there_are) {
  if (channels.count <= 0) return;
  const std::int64_t last = channels.start + (channels.count - 1) * channels.step;
  if (std::min(channels.start, last) >= 0 && std::max(channels.start, last) < there_are) return;
  throw Error(Errc::invalid_argument, "channels " + std::to_string(channels.start) + " to " + std::to_string(last) +
                                          " are asked for of a level that has " + std::to_string(there_are));
}

bool is_empty(const Selection3& selection) {
  return std::any_of(selection.begin(), selection.end(), [](const auto& axis) { return axis.count <= 0; });
}

class ChunkReader final : public PartialSource {
 public:
  explicit ChunkReader(LevelParts parts) : parts_(std::move(parts)) { parts_.pool->enlist(parts_.origin); }

  [[nodiscard]] int level() const noexcept override { return parts_.level; }
  [[nodiscard]] DType dtype() const noexcept override { return store().dtype(); }
  [[nodiscard]] const LevelGeometry& geometry() const noexcept override { return parts_.geometry; }
  [[nodiscard]] const Shape3& chunk_shape() const noexcept override { return store().chunk_shape(); }

  [[nodiscard]] std::shared_ptr<const LevelSource> at_level(int level) const override { return parts_.at_level(level); }

  ReadStatistics read(const Selection3& selection, const StridedBytes& out, const ReadOptions& options) const override {
    return read_some(std::nullopt, selection, out, options, false).statistics;
  }

  [[nodiscard]] std::int64_t channels() const noexcept override { return store().channels(); }

  ReadStatistics read_channels(const ChannelSelection& channels, const Selection3& selection, const StridedBytes& out,
                               const ReadOptions& options) const override {
    check(channels.which, store().channels());
    return read_some(channels, selection, out, options, false).statistics;
  }

  [[nodiscard]] PartialRead read_partially(const std::optional<ChannelSelection>& channels, const Selection3& selection,
                                           const StridedBytes& out, const ReadOptions& options) const override {
    if (channels) check(channels->which, store().channels());
    return read_some(channels, selection, out, options, true);
  }

  void prefetch(const Selection3& selection, const std::stop_token& stop) const override {
    check(selection, store().shape());
    parts_.pool->check_process();
    if (is_empty(selection)) return;
    parts_.prefetcher->begin(planned(selection), ChunkConsumer::Purpose::prefetch, stop);
  }

 private:
  [[nodiscard]] const ChunkStore& store() const noexcept { return *parts_.origin.store; }

  [[nodiscard]] ReadPlan planned(const Selection3& selection) const {
    return ReadPlan(selection, chunk_shape(), store().shape()[0], parts_.broken, parts_.geometry.factors().z,
                    store().morton_axes());
  }

  /// \param channels  absent: what the store gives without choosing
  /// \param partially  what cannot be had is no exception
  PartialRead read_some(const std::optional<ChannelSelection>& channels, const Selection3& selection,
                        const StridedBytes& out, const ReadOptions& options, bool partially) const {
    const auto start = Clock::now();
    check(selection, store().shape());
    parts_.pool->check_process();
    PartialRead result;
    if (is_empty(selection) || (channels && channels->which.count <= 0)) {
      if (options.missing == Missing::report) result.statistics.report = std::make_shared<const ReadReport>();
    } else {
      const Walk walk = parts_.prefetcher->follow(selection);
      result = read_plan(channels, selection, out, walk.slides, options, partially);
      if (!result.failure && walk.ahead && parts_.read_ahead && options.read_ahead)
        look_ahead(walk, channels, options.stop);
    }
    result.statistics.seconds = std::chrono::duration<double>(Clock::now() - start).count();
    return result;
  }

  PartialRead read_plan(const std::optional<ChannelSelection>& channels, const Selection3& selection,
                        const StridedBytes& out, bool slides, const ReadOptions& options, bool partially) const {
    ReadPlan plan = planned(selection);
    for (const auto slice : plan.fill_slices()) {
      for (std::int64_t k = 0; k < (channels ? channels->which.count : 1); ++k) {
        zero_plane(out.data + slice * out.strides[0] + (channels ? k * channels->stride : 0),
                   {selection[1].count, 0, out.strides[1]}, {selection[2].count, 0, out.strides[2]},
                   item_size(dtype()));
      }
    }
    const auto read =
        std::make_shared<Read>(parts_.origin, parts_.pool, std::move(plan), out, channels, slides, options);
    try {
      if (partially) return read->run_partially(options);
      return {.statistics = read->run(options)};
    } catch (...) {
      read->abandon();
      throw;
    }
  }

  void look_ahead(const Walk& walk, const std::optional<ChannelSelection>& channels,
                  const std::stop_token& stop) const {
    using Purpose = ChunkConsumer::Purpose;
    Selection3 next{};
    for (std::size_t axis = 0; axis < 3; ++axis) {
      next[axis] = {walk.ahead->min[axis], 1, walk.ahead->max[axis] - walk.ahead->min[axis]};
    }
    parts_.prefetcher->begin(planned(next), walk.in_parts ? Purpose::walk : Purpose::prefetch, stop, channels);
  }

  LevelParts parts_;
};

}  // namespace

std::shared_ptr<const PartialSource> make_chunk_reader(LevelParts parts) {
  return std::make_shared<const ChunkReader>(std::move(parts));
}

}  // namespace catvox::detail
