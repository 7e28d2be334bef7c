#include <algorithm>
#include <catvox/core/error.hpp>
#include <catvox/core/text.hpp>
#include <catvox/export/run_export.hpp>
#include <chrono>
#include <cmath>
#include <cstring>
#include <system_error>
#include <utility>

#include "bytes/json.hpp"
#include "export/block_plan.hpp"
#include "export/encode_pool.hpp"
#include "export/journal.hpp"
#include "export/level_reader.hpp"

namespace catvox {
namespace {

using namespace detail;
namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

class Everything final : public WorkShare {
 public:
  std::optional<std::int64_t> next(std::size_t level, std::int64_t pieces) override {
    if (level != level_) next_ = 0;
    level_ = level;
    return next_ < pieces ? std::optional(next_++) : std::nullopt;
  }

 private:
  std::size_t level_ = 0;
  std::int64_t next_ = 0;
};

class PartOf final : public WorkShare {
 public:
  PartOf(std::int64_t i, std::int64_t n) : i_(i), n_(n) {
    if (i < 0 || i >= n) {
      throw Error(Errc::invalid_argument,
                  "export: there is no part " + std::to_string(i) + " of " + std::to_string(n) + ", they count from 0");
    }
  }
  std::optional<std::int64_t> next(std::size_t level, std::int64_t pieces) override {
    // Without the overflow of pieces * i / n.
    const auto begin = [&](std::int64_t i) { return pieces / n_ * i + std::min(i, pieces % n_); };
    if (level != level_ || next_ < 0) next_ = begin(i_);
    level_ = level;
    return next_ < begin(i_ + 1) ? std::optional(next_++) : std::nullopt;
  }

 private:
  std::int64_t i_, n_, next_ = -1;
  std::size_t level_ = 0;
};

std::string plan_text(const ExportVolume& volume, const BlockWriter& writer, const ExportOptions& options) {
  Json plan{{"what", "an export of catvox; journal/ says which blocks are complete"},
            {"source", options.source},
            {"format", writer.settings()},
            {"element_type", name(volume.dtype())},
            {"channels", volume.channels()}};
  for (std::size_t i = 0; i < volume.levels().size(); ++i) {
    const ExportVolume::Level& level = volume.levels()[i];
    const bool made = level.channels.empty();
    plan["levels"].push_back({{"shape", level.place.shape},
                              {"axes", level.place.axes},
                              {"voxel_size", level.place.voxel_size},
                              {"corner", level.place.corner},
                              {"block", writer.block_shape(i)},
                              {"from", !made                                         ? "source"
                                       : level.downsampling == Downsampling::average ? "average"
                                                                                     : "mode"},
                              {"factors", level.factors}});
  }
  return plan.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

/// What is there must be an export, begun or complete. Other processes may be beginning it: they make the state folder
/// before anything else, so what is not empty has had it.
void check_target(const BlockWriter& writer) {
  std::error_code error;
  const fs::path& target = writer.target();
  if (!fs::exists(target, error)) return;
  if (fs::is_directory(target, error) && fs::is_empty(target, error)) return;
  if (fs::exists(writer.state_folder(), error)) return;
  throw Error(Errc::invalid_argument, target.string() + " exists and is no export: choose another name, or remove it");
}

fs::path existing_part(fs::path path) {
  std::error_code error;
  path = fs::absolute(path, error);
  while (!fs::exists(path, error) && path.has_relative_path()) path = path.parent_path();
  return path;
}

void check_space(double needed, const BlockWriter& writer) {
  std::error_code error;
  const fs::space_info space = fs::space(existing_part(writer.target()), error);
  if (error || needed <= static_cast<double>(space.available)) return;
  const auto giga = [](double bytes) {
    return std::to_string(std::llround(bytes / 1e8) / 10) + "." + std::to_string(std::llround(bytes / 1e8) % 10) +
           " GB";
  };
  throw Error(Errc::io, "the export needs about " + giga(needed) + ", the disk of " + writer.target().string() +
                            " has " + giga(static_cast<double>(space.available)) + " left");
}

/// One run of an export.
class ExportRun {
 public:
  ExportRun(const ExportVolume& volume, BlockWriter& writer, const ExportOptions& options)
      : volume_(volume),
        writer_(writer),
        options_(options),
        journal_(writer.state_folder(), plan_text(volume, writer, options), volume.levels().size()),
        share_(options.share != nullptr ? *options.share : everything_) {
    const std::int64_t item = volume.channels() * static_cast<std::int64_t>(item_size(volume.dtype()));
    // Three pieces are held: one is read, two are written. One that is made needs the finer ones beside it.
    constexpr std::int64_t largest = std::int64_t{64} << 20;
    const std::int64_t bytes = std::min(static_cast<std::int64_t>(options.memory_bytes / 3), largest);
    for (std::size_t i = 0; i < volume.levels().size(); ++i) {
      const auto& level = volume.levels()[i];
      const Shape3 block = writer.block_shape(i);
      const bool made = level.channels.empty();
      plans_.emplace_back(i, level.place.shape, block, made ? block : level.channels.front().chunk_shape(), item,
                          made ? bytes / 4 : bytes);
      report_.blocks += plans_.back().blocks();
      report_.before += journal_.done(i).size();
    }
  }

  ExportReport run() {
    if (report_.nothing_to_do()) {
      for (const BlockPlan& plan : plans_) share_.level_done(plan.level());  // others may have begun before it was so
      writer_.finish();
      return finished();
    }
    if (options_.check_space) check_space(needed(), writer_);
    writer_.create(report_.before > 0);
    for (const BlockPlan& plan : plans_) {
      run_level(plan);
      share_.level_done(plan.level());
      if (plan.level() + 1 < plans_.size()) journal_.reload();
    }
    journal_.reload();
    std::int64_t done = 0;
    for (const BlockPlan& plan : plans_) done += journal_.done(plan.level()).size();
    report_.waiting = report_.blocks - done;
    if (report_.complete()) {
      writer_.finish();
      journal_.compact();
    }
    return finished();
  }

 private:
  ExportReport finished() {
    report_.seconds = std::chrono::duration<double>(Clock::now() - start_).count();
    return report_;
  }

  [[nodiscard]] double needed() const {
    double bytes = 0;
    for (const BlockPlan& plan : plans_) {
      const auto all = static_cast<double>(plan.blocks());
      const double left = (all - static_cast<double>(journal_.done(plan.level()).size())) / all;
      bytes += left * static_cast<double>(volume_.bytes(plan.level()));
    }
    return bytes * writer_.expected_ratio();
  }

  void run_level(const BlockPlan& plan) {
    const NumberSet before = journal_.done(plan.level());  // each piece is handed out once: this run's need no look-up
    LevelReader reader(volume_, plan.level(), plans_, writer_, journal_, options_, report_);
    EncodePool pool(writer_, journal_, options_.threads);
    const auto report_progress = [&](std::int64_t received) { show(pool, received); };
    try {
      std::optional<Pending> now = take(plan, before);
      while (now) {
        const std::optional<Pending> next = take(plan, before);
        pool.add(reader.read(now->parts, now->box, next ? &next->box : nullptr, report_progress));
        report_progress(0);
        now = next;
      }
    } catch (...) {
      try {
        pool.finish();                   // what was read is kept
      } catch (const std::exception&) {  // NOLINT(bugprone-empty-catch): the first failure is the one to tell
      }
      count(pool);
      throw;
    }
    pool.finish();
    count(pool);
  }

  /// A piece of which something is left to do.
  struct Pending {
    std::vector<Piece::Part> parts;
    Box box;
  };
  std::optional<Pending> take(const BlockPlan& plan, const NumberSet& before) {
    while (const auto number = share_.next(plan.level(), plan.pieces())) {
      Pending pending;
      for_each_index(plan.piece(*number), [&](const Index3& at) {
        if (before.contains(plan.number(at))) return;
        pending.parts.push_back({plan.block(at), plan.number(at)});
        const Box& box = pending.parts.back().block.box;
        if (pending.parts.size() == 1) pending.box = box;
        for (std::size_t axis = 0; axis < 3; ++axis) {
          pending.box.min[axis] = std::min(pending.box.min[axis], box.min[axis]);
          pending.box.max[axis] = std::max(pending.box.max[axis], box.max[axis]);
        }
      });
      if (!pending.parts.empty()) return pending;
    }
    return std::nullopt;
  }

  void show(const EncodePool& pool, std::int64_t received) {
    if (!options_.progress) return;
    const EncodePool::Counters counters = pool.counters();
    const std::int64_t mine = report_.written + report_.absent + counters.written + counters.absent;
    options_.progress({report_.before + mine, report_.blocks, mine, report_.reads.bytes_received + received,
                       report_.bytes_written + counters.bytes});
  }

  void count(const EncodePool& pool) {
    const EncodePool::Counters counters = pool.counters();
    report_.written += counters.written;
    report_.absent += counters.absent;
    report_.bytes_written += counters.bytes;
  }

  const ExportVolume& volume_;
  BlockWriter& writer_;
  const ExportOptions& options_;
  Journal journal_;
  Everything everything_;
  WorkShare& share_;
  std::vector<BlockPlan> plans_;
  ExportReport report_;
  const Clock::time_point start_ = Clock::now();
};

}  // namespace

std::unique_ptr<WorkShare> part_of(std::int64_t i, std::int64_t n) { return std::make_unique<PartOf>(i, n); }

ExportReport run_export(const ExportVolume& volume, BlockWriter& writer, const ExportOptions& options) {
  check_target(writer);
  return ExportRun(volume, writer, options).run();
}

}  // namespace catvox
