#include "read/chunk_reader.hpp"

#include <algorithm>
#include <catvox/core/dtype.hpp>
#include <catvox/core/error.hpp>
#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "read/copy.hpp"
#include "read/part_queue.hpp"
#include "read/plan.hpp"

namespace catvox::detail {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds progress_interval{50};

// What one read may leave in the cache: little, so that a large read neither pushes out what small ones share nor takes
// much memory beside its output. A crop that uses next to nothing of what it fetches may leave more: its neighbours
// will want the rest.
std::size_t cache_share(std::size_t cache_bytes, std::int64_t chunk_voxels, std::int64_t voxels) {
  constexpr std::size_t usual = std::size_t{5} << 19;
  constexpr std::size_t of_crops = std::size_t{8} << 20;
  constexpr std::int64_t crop = 32;  // chunk voxels per voxel
  return std::max(cache_bytes / 128, std::min(cache_bytes / 4, chunk_voxels / crop >= voxels ? of_crops : usual));
}

// One call of read().
class Read final : public PartQueue {
 public:
  Read(const ReaderParts& reader, ReadPlan plan, const StridedBytes& out, std::size_t keep_bytes)
      // As many parts that the source's queue does not run dry while a handler decodes.
      : PartQueue(reader.origin, reader.pool, std::move(plan), 2 * std::max(1, reader.origin.source->concurrency()),
                  keep_bytes),
        out_(out),
        item_(item_size(reader.origin.store->dtype())) {
    statistics_.chunks = total();
  }

  ReadStatistics run(const ReadOptions& options) {
    pump();
    std::unique_lock lock(mutex_);
    if (decoding_ == 0) idle_since_ = Clock::now();
    while (!over()) {
      if (options.stop.stop_requested() && !stopped()) {
        lock.unlock();
        stop(Error(Errc::cancelled, "the read was cancelled"));
        lock.lock();
        continue;
      }
      const auto ended = [this] { return over() || stopped(); };
      if (stopped()) {
        changed_.wait(lock, [this] { return over(); });
      } else if (options.progress) {
        changed_.wait_for(lock, options.stop, progress_interval, ended);
        if (!ended()) report(options, lock);
      } else {
        changed_.wait(lock, options.stop, ended);
      }
    }
    if (error()) throw *error();
    const ReadStatistics statistics = statistics_;
    if (options.progress) report(options, lock);
    return statistics;
  }

  // Returns when no thread writes to the destination any more. For an exception of the caller's progress function.
  void abandon() noexcept {
    stop(Error(Errc::cancelled, "the read was abandoned"));
    drain();
  }

  [[nodiscard]] ChunkPart part(std::int64_t number) const override {
    ChunkPart part = part_of(plan(), number);
    part.out = out_;
    part.item = item_;
    return part;
  }

  [[nodiscard]] Purpose purpose() const noexcept override { return Purpose::read; }

  void decoding(bool begins) noexcept override {
    const std::lock_guard lock(mutex_);
    const auto now = Clock::now();
    if (begins && decoding_ == 0 && idle_since_) {
      statistics_.wait_seconds += std::chrono::duration<double>(now - *idle_since_).count();
    }
    decoding_ += begins ? 1 : -1;
    if (decoding_ == 0) idle_since_ = now;
  }

 private:
  void count(const ChunkCost& cost) noexcept override {
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
  }

  // Without the lock, because the function is the caller's.
  void report(const ReadOptions& options, std::unique_lock<std::mutex>& lock) {
    const Progress progress{done_, total(), statistics_.bytes_received};
    lock.unlock();
    options.progress(progress);
    lock.lock();
  }

  const StridedBytes out_;
  const std::size_t item_;

  // Guarded by mutex_.
  std::int64_t done_ = 0;
  std::int64_t decoding_ = 0;
  std::optional<Clock::time_point> idle_since_;  // while decoding_ is 0; absent until there is something to wait for
  ReadStatistics statistics_;
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

bool is_empty(const Selection3& selection) {
  return std::any_of(selection.begin(), selection.end(), [](const auto& axis) { return axis.count <= 0; });
}

class ChunkReader final : public LevelSource {
 public:
  explicit ChunkReader(ReaderParts parts) : parts_(std::move(parts)) {}

  [[nodiscard]] int level() const noexcept override { return parts_.level; }
  [[nodiscard]] DType dtype() const noexcept override { return store().dtype(); }
  [[nodiscard]] const LevelGeometry& geometry() const noexcept override { return parts_.geometry; }
  [[nodiscard]] const Shape3& chunk_shape() const noexcept override { return store().chunk_shape(); }

  [[nodiscard]] std::shared_ptr<const LevelSource> at_level(int level) const override { return parts_.at_level(level); }

  ReadStatistics read(const Selection3& selection, const StridedBytes& out, const ReadOptions& options) const override {
    const auto start = Clock::now();
    check(selection, store().shape());
    ReadStatistics statistics;
    if (!is_empty(selection)) {
      ReadPlan plan = planned(selection);
      for (const auto slice : plan.fill_slices) {
        zero_plane(out.data + slice * out.strides[0], {selection[1].count, 0, out.strides[1]},
                   {selection[2].count, 0, out.strides[2]}, item_size(dtype()));
      }
      const auto keep_bytes = cache_share(parts_.pool->cache_bytes(), plan.chunks() * volume(chunk_shape()),
                                          selection[0].count * selection[1].count * selection[2].count);
      const auto read = std::make_shared<Read>(parts_, std::move(plan), out, keep_bytes);
      try {
        statistics = read->run(options);
      } catch (...) {
        read->abandon();
        throw;
      }
      if (parts_.read_ahead && options.read_ahead) look_ahead(selection, keep_bytes, options.stop);
    }
    statistics.seconds = std::chrono::duration<double>(Clock::now() - start).count();
    return statistics;
  }

  void prefetch(const Selection3& selection, const std::stop_token& stop) const override {
    check(selection, store().shape());
    if (is_empty(selection)) return;
    parts_.prefetcher->begin(planned(selection), ChunkConsumer::Purpose::prefetch, parts_.pool->cache_bytes() / 4,
                             stop);
  }

 private:
  [[nodiscard]] const ChunkStore& store() const noexcept { return *parts_.origin.store; }

  [[nodiscard]] ReadPlan planned(const Selection3& selection) const {
    return plan_read(selection, chunk_shape(), store().shape()[0], parts_.broken, parts_.geometry.factors().z);
  }

  void look_ahead(const Selection3& selection, std::size_t max_bytes, const std::stop_token& stop) const {
    const auto ahead = parts_.prefetcher->follow(selection);
    if (!ahead) return;
    Selection3 next{};
    for (std::size_t axis = 0; axis < 3; ++axis) {
      next[axis] = {ahead->min[axis], 1, ahead->max[axis] - ahead->min[axis]};
    }
    parts_.prefetcher->begin(planned(next), ChunkConsumer::Purpose::walk, max_bytes, stop);
  }

  const ReaderParts parts_;
};

}  // namespace

std::shared_ptr<const LevelSource> make_chunk_reader(ReaderParts parts) {
  return std::make_shared<const ChunkReader>(std::move(parts));
}

}  // namespace catvox::detail
