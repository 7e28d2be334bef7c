#include "export/level_reader.hpp"

#include <algorithm>
#include <catvox/core/error.hpp>
#include <cstring>
#include <memory>
#include <utility>

#include "export/downsample.hpp"

namespace catvox::detail {
namespace {

/// With so many failures one after the other it is the server that fails, not a chunk.
constexpr int most_failures_in_a_row = 50;

/// Whether another attempt at a part of it makes sense.
bool can_skip(const Error& error) noexcept {
  switch (error.code()) {
    case Errc::cancelled:
    case Errc::invalid_argument:
    case Errc::too_large:
    case Errc::unsupported:
      return false;
    default:
      return true;
  }
}

}  // namespace

LevelReader::LevelReader(const ExportVolume& volume, std::size_t level, const std::vector<BlockPlan>& plans,
                         BlockWriter& writer, const Journal& journal, const ExportOptions& options,
                         ExportReport& report)
    : volume_(volume),
      level_(volume.levels()[level]),
      plan_(plans[level]),
      finer_plan_(level == 0 ? nullptr : &plans[level - 1]),
      writer_(writer),
      options_(options),
      report_(report),
      finer_done_(level == 0 ? NumberSet() : journal.done(level - 1)),
      item_(item_size(volume.dtype())) {}

ReadOptions LevelReader::read_options(const Box* next, const std::function<void(std::int64_t)>& received) {
  ReadOptions options{.missing = Missing::report, .stop = options_.stop, .read_ahead = false};
  options.progress = [this, next, &received, ahead = false](const Progress& progress) mutable {
    received(progress.bytes_received);
    // In the second half of a read: the requests for it are made, those of the next one follow them.
    if (next == nullptr || ahead || 2 * progress.chunks_done < progress.chunks_total) return;
    ahead = true;
    for (const ExportView& channel : level_.channels) channel.prefetch(*next, options_.stop);
  };
  return options;
}

Piece LevelReader::read(const std::vector<Piece::Part>& parts, const Box& box, const Box* next,
                        const std::function<void(std::int64_t)>& received) {
  if (options_.stop.stop_requested()) throw Error(Errc::cancelled, "export cancelled");
  Piece piece;
  piece.level = plan_.level();
  piece.parts = parts;
  if (level_.channels.empty()) {
    std::erase_if(piece.parts, [&](const Piece::Part& part) {
      bool ready = true;
      for_each_index(finer_plan_->blocks_of(finer(part.block.box)),
                     [&](const Index3& at) { ready = ready && finer_done_.contains(finer_plan_->number(at)); });
      return !ready;
    });
    if (piece.parts.empty()) return piece;
    allocate(piece, box, volume_.channels(), item_);
    make(piece);
    return piece;
  }
  allocate(piece, box, volume_.channels(), item_);
  try {
    read_source(piece, box, piece.parts, read_options(next, received));
    failed_in_a_row_ = 0;
    return piece;
  } catch (const Error& error) {
    if (options_.on_error == OnError::stop || !can_skip(error)) throw;
  }
  std::vector<Piece::Part> readable;
  for (const Piece::Part& part : parts) {
    std::vector<Piece::Part> one{part};
    try {
      read_source(piece, part.block.box, one, read_options(nullptr, received));
      readable.push_back(one.front());
      failed_in_a_row_ = 0;
    } catch (const Error& error) {
      if (!can_skip(error)) throw;
      fail(part, error);
    }
  }
  piece.parts = std::move(readable);
  return piece;
}

void LevelReader::fail(const Piece::Part& part, const Error& error) {
  ++report_.failed;
  if (report_.failures.size() < ExportReport::most_listed) {
    report_.failures.push_back({part.block.level, part.block.box, error.what()});
  }
  if (++failed_in_a_row_ < most_failures_in_a_row) return;
  throw Error(error.code(), std::to_string(most_failures_in_a_row) +
                                " blocks failed one after the other, at last by: " + error.what());
}

void LevelReader::read_source(Piece& piece, const Box& box, std::vector<Piece::Part>& parts,
                              const ReadOptions& options) {
  std::vector<std::int64_t> missing_voxels(parts.size());
  bool all_listed = true;
  const std::int64_t missing_before = report_.missing_chunks;
  const BlockVoxels to = piece.at(box.min);
  for (std::size_t channel = 0; channel < level_.channels.size(); ++channel) {
    const ExportView& view = level_.channels[channel];
    const ReadStatistics statistics =
        view.read(box, to.data + static_cast<std::int64_t>(channel) * to.channel_stride, to.strides, options);
    report_.reads += statistics;
    report_.missing_chunks += statistics.missing;
    if (statistics.missing == 0) continue;
    const auto listed = statistics.report ? statistics.report->missing_chunks : std::vector<MissingChunk>{};
    all_listed = all_listed && static_cast<std::int64_t>(listed.size()) == statistics.missing;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      for (const MissingChunk& chunk : listed) missing_voxels[i] += view.voxels_in(parts[i].block.box, chunk.voxels);
    }
  }
  report_.reads.report.reset();
  if (!all_listed && parts.size() > 1) {
    // More is missing than a report lists: block by block it is less.
    report_.missing_chunks = missing_before;
    for (Piece::Part& part : parts) {
      std::vector<Piece::Part> one{part};
      read_source(piece, part.block.box, one, options);
      part = one.front();
    }
    return;
  }
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::int64_t voxels = volume(parts[i].block.box.shape()) * volume_.channels();
    parts[i].absent = missing_voxels[i] == voxels;
  }
}

Box LevelReader::finer(const Box& box) const noexcept {
  Box result;
  const Shape3& shape = volume_.levels()[plan_.level() - 1].place.shape;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    result.min[axis] = box.min[axis] * level_.factors[axis];
    result.max[axis] = std::min(box.max[axis] * level_.factors[axis], shape[axis]);
  }
  return result;
}

void LevelReader::make(Piece& piece) {
  for (Piece::Part& part : piece.parts) {
    const Box wanted = finer(part.block.box);
    const Box blocks = finer_plan_->blocks_of(wanted);
    Piece fine;
    Box covered = finer_plan_->block(blocks.min).box;
    covered.max = finer_plan_->block(Index3{blocks.max[0] - 1, blocks.max[1] - 1, blocks.max[2] - 1}).box.max;
    allocate(fine, covered, volume_.channels(), item_);
    part.absent = true;
    for_each_index(blocks, [&](const Index3& at) {
      const OutputBlock block = finer_plan_->block(at);
      if (writer_.read(block, fine.at(block.box.min))) part.absent = false;
    });
    for (std::int64_t channel = 0; channel < volume_.channels(); ++channel) {
      const BlockVoxels from = fine.at(wanted.min);
      const BlockVoxels to = piece.at(part.block.box.min);
      downsample(level_.downsampling, volume_.dtype(), {from.data + channel * from.channel_stride, from.strides},
                 wanted.shape(), level_.factors, {to.data + channel * to.channel_stride, to.strides});
    }
  }
}

}  // namespace catvox::detail
