#include "read/chunk_reader.hpp"

#include <algorithm>
#include <atomic>
#include <catvox/core/dtype.hpp>
#include <catvox/core/error.hpp>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "read/copy.hpp"
#include "read/plan.hpp"

namespace catvox::detail {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds progress_interval{50};

// One call of read(): hands out its parts, a bounded number at a time, and waits for the last. Parts are asked for
// by whichever thread just finished one, so that no thread stands between the end of a transfer and the next.
class Read final : public ChunkConsumer, public std::enable_shared_from_this<Read> {
 public:
  Read(const ReaderParts& reader, ReadPlan plan, const StridedBytes& out)
      : origin_(reader.origin),
        pool_(reader.pool),
        plan_(std::move(plan)),
        out_(out),
        item_(item_size(reader.origin.store->dtype())),
        total_(plan_.chunks()),
        // Enough that the transport's queue does not run dry while a handler decodes.
        limit_(2 * std::max(1, reader.origin.transport->concurrency())) {
    statistics_.chunks = total_;
  }

  ReadStatistics run(const ReadOptions& options) {
    pump();
    std::unique_lock lock(mutex_);
    const auto over = [this] { return under_way_ == 0 && (next_ == total_ || stopped()); };
    while (!over()) {
      if (options.stop.stop_requested() && !stopped()) {
        lock.unlock();
        stop_with(Error(Errc::cancelled, "the read was cancelled"));
        lock.lock();
        continue;
      }
      if (stopped()) {
        changed_.wait(lock, over);
      } else if (options.progress) {
        changed_.wait_for(lock, options.stop, progress_interval, over);
        if (!over() && !stopped()) report(options, lock);
      } else {
        changed_.wait(lock, options.stop, over);
      }
    }
    if (error_) throw *error_;
    const ReadStatistics statistics = statistics_;
    if (options.progress) report(options, lock);
    return statistics;
  }

  // Returns when no thread writes to the destination any more. For an exception of the caller's progress function.
  void abandon() noexcept {
    stop_with(Error(Errc::cancelled, "the read was abandoned"));
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return under_way_ == 0; });
  }

  [[nodiscard]] ChunkPart part(std::int64_t number) const override {
    const auto columns = static_cast<std::int64_t>(plan_.columns.size());
    const auto rows = static_cast<std::int64_t>(plan_.rows.size());
    return {&plan_.layers[static_cast<std::size_t>(number / columns / rows)],
            &plan_.rows[static_cast<std::size_t>(number / columns % rows)],
            &plan_.columns[static_cast<std::size_t>(number % columns)], out_, item_};
  }

  [[nodiscard]] bool stopped() const noexcept override { return stopped_; }

  void finished(std::int64_t, const ChunkCost& cost) noexcept override {
    {
      const std::lock_guard lock(mutex_);
      statistics_.requests += cost.requests;
      statistics_.retries += std::max<std::int64_t>(0, cost.requests - 1);
      statistics_.cache_hits += cost.shared ? 1 : 0;
      statistics_.missing += cost.missing ? 1 : 0;
      statistics_.bytes_received += cost.bytes;
      statistics_.decode_seconds += cost.decode_seconds;
      ++done_;
    }
    end_part();
    pump();
  }

  void failed(std::int64_t, const Error& error) noexcept override {
    stop_with(error);
    end_part();
  }

  void dropped(std::int64_t) noexcept override { end_part(); }

 private:
  // Asks for parts until enough are under way. Runs on the reading thread and on the transport's. A chunk that the
  // cache has calls back into finished() and so into here: only the outermost call on a thread loops.
  void pump() noexcept {
    thread_local bool pumping = false;
    if (pumping) return;
    pumping = true;
    const auto self = shared_from_this();
    while (const auto number = next_part()) pool_->get(origin_, self, *number);
    pumping = false;
  }

  std::optional<std::int64_t> next_part() {
    const std::lock_guard lock(mutex_);
    if (stopped() || next_ == total_ || under_way_ >= limit_) return std::nullopt;
    ++under_way_;
    return next_++;
  }

  void end_part() noexcept {
    const std::lock_guard lock(mutex_);
    --under_way_;
    if (under_way_ == 0) changed_.notify_all();
  }

  void stop_with(const Error& error) noexcept {
    {
      const std::lock_guard lock(mutex_);
      if (stopped_) return;  // the first failure is the one that is reported
      error_ = error;
      stopped_ = true;
    }
    pool_->drop(*this, *origin_.transport);
    changed_.notify_all();
  }

  // Without the lock, because the function is the caller's.
  void report(const ReadOptions& options, std::unique_lock<std::mutex>& lock) {
    const Progress progress{done_, total_, statistics_.bytes_received};
    lock.unlock();
    options.progress(progress);
    lock.lock();
  }

  // A reference, because the last owner of a Read may be a thread of the transport, which must not be the one to
  // destroy the transport. Parts are only asked for while run() waits, and with it the reader that owns this.
  const ChunkOrigin& origin_;
  const std::shared_ptr<ChunkPool> pool_;
  const ReadPlan plan_;
  const StridedBytes out_;
  const std::size_t item_;
  const std::int64_t total_;
  const std::int64_t limit_;

  std::atomic<bool> stopped_ = false;  // set under mutex_
  std::mutex mutex_;                   // guards what follows
  std::condition_variable_any changed_;
  std::int64_t next_ = 0;
  std::int64_t under_way_ = 0;
  std::int64_t done_ = 0;
  std::optional<Error> error_;
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

class ChunkReader final : public LevelSource {
 public:
  explicit ChunkReader(ReaderParts parts) : parts_(std::move(parts)) {}

  [[nodiscard]] int level() const noexcept override { return parts_.level; }
  [[nodiscard]] DType dtype() const noexcept override { return parts_.origin.store->dtype(); }
  [[nodiscard]] const LevelGeometry& geometry() const noexcept override { return parts_.geometry; }
  [[nodiscard]] const Shape3& chunk_shape() const noexcept override { return parts_.origin.store->chunk_shape(); }

  [[nodiscard]] std::shared_ptr<const LevelSource> at_level(int level) const override { return parts_.at_level(level); }

  ReadStatistics read(const Selection3& selection, const StridedBytes& out, const ReadOptions& options) const override {
    const auto start = Clock::now();
    const Shape3& shape = parts_.origin.store->shape();
    check(selection, shape);
    ReadStatistics statistics;
    const bool empty =
        std::any_of(selection.begin(), selection.end(), [](const auto& axis) { return axis.count <= 0; });
    if (!empty) {
      ReadPlan plan = plan_read(selection, chunk_shape(), shape[0], parts_.broken, parts_.geometry.factors().z);
      for (const auto slice : plan.fill_slices) {
        zero_plane(out.data + slice * out.strides[0], {selection[1].count, 0, out.strides[1]},
                   {selection[2].count, 0, out.strides[2]}, item_size(dtype()));
      }
      const auto read = std::make_shared<Read>(parts_, std::move(plan), out);
      try {
        statistics = read->run(options);
      } catch (...) {
        read->abandon();
        throw;
      }
    }
    statistics.seconds = std::chrono::duration<double>(Clock::now() - start).count();
    return statistics;
  }

 private:
  const ReaderParts parts_;
};

}  // namespace

std::shared_ptr<const LevelSource> make_chunk_reader(ReaderParts parts) {
  return std::make_shared<const ChunkReader>(std::move(parts));
}

}  // namespace catvox::detail
