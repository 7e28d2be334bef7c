#pragma once

#include <algorithm>
#include <array>
#include <catvox/array/detail/resident_regions.hpp>
#include <catvox/array/detail/resident_runs.hpp>
#include <catvox/core/detail/memory.hpp>
#include <catvox/core/error.hpp>
#include <cstdlib>
#include <list>
#include <mutex>
#include <span>
#include <string>
#include <utility>

#ifndef CATVOX_INLINE  // compiled once into the library; by itself in every file that asks for it
#define CATVOX_INLINE inline
#endif

namespace catvox::detail {

struct Interval {
  std::int64_t min = 0;
  std::int64_t max = 0;
};

/// The positions of a selection whose voxels lie in source voxels [min, max), which hold at least one of them.
inline Interval positions_within(const AxisSelection& selection, std::int64_t min, std::int64_t max) noexcept {
  const std::int64_t step = std::abs(selection.step);
  const std::int64_t from = selection.step > 0 ? min - selection.start : selection.start - (max - 1);
  const std::int64_t to = selection.step > 0 ? max - 1 - selection.start : selection.start - min;
  return {from <= 0 ? 0 : detail::ceil_div(from, step), std::min(selection.count, to / step + 1)};
}

/// A run of at most `max_count` positions around `position`, cut where chunks begin if a chunk fits.
inline Interval run_around(const AxisSelection& selection, std::int64_t chunk, std::int64_t position,
                           std::int64_t max_count) noexcept {
  if (selection.count <= max_count) return {0, selection.count};
  const std::int64_t per_chunk = detail::ceil_div(chunk, std::abs(selection.step));
  const std::int64_t voxel = selection.start + position * selection.step;
  const std::int64_t group = chunk * std::max<std::int64_t>(1, max_count / per_chunk);
  const Interval aligned = positions_within(selection, voxel / group * group, (voxel / group + 1) * group);
  if (aligned.max - aligned.min <= max_count) return aligned;
  const std::int64_t first = aligned.min + (position - aligned.min) / max_count * max_count;
  return {first, std::min(first + max_count, aligned.max)};
}

}  // namespace catvox::detail

namespace catvox::abi {

CATVOX_INLINE void require_memory(const ViewLayout& layout, std::size_t item) {
  const auto bytes = static_cast<std::size_t>(
      detail::checked_multiply(layout.size(), static_cast<std::int64_t>(item), "bytes of a view"));
  if (bytes <= machine_memory()) return;
  std::array<std::int64_t, ViewLayout::max_rank> shape{};
  for (std::size_t axis = 0; axis < layout.rank(); ++axis) shape[axis] = layout.extent(axis);
  throw Error(Errc::too_large, "a view of shape " + to_text(std::span<const std::int64_t>(shape).first(layout.rank())) +
                                   " takes " + std::to_string(bytes) + " bytes, this machine has " +
                                   std::to_string(machine_memory()) + ": read it in parts (blocks())");
}

CATVOX_INLINE Region read_region(const LevelSource& source, const ViewLayout& layout, const ReadOptions& options,
                                 ReadStatistics* statistics) {
  const auto item = static_cast<std::int64_t>(item_size(source.dtype()));
  require_memory(layout, item_size(source.dtype()));
  Region region{layout, {}};
  region.voxels.resize(static_cast<std::size_t>(detail::checked_multiply(layout.size(), item, "bytes of a view")));
  use_huge_pages(region.voxels.data(), region.voxels.size());
  if (layout.size() > 0) {
    const ReadStatistics done = read_view(source, layout, region.voxels.data(), layout.c_strides(item), options);
    if (statistics != nullptr) *statistics = done;
  }
  return region;
}

struct ResidentRegions::Held {
  std::mutex mutex;                                  // guards what follows
  std::list<std::shared_ptr<const Region>> regions;  // most recently used first
  std::size_t bytes = 0;
  std::vector<std::weak_ptr<HeldRegions>> holders;
};

CATVOX_INLINE ResidentRegions::ResidentRegions(std::shared_ptr<const LevelSource> source)
    : source_(std::move(source)), held_(std::make_unique<Held>()) {}

CATVOX_INLINE std::shared_ptr<const Region> ResidentRegions::get(const ViewLayout& layout) {
  auto& [mutex, regions, bytes, holders] = *held_;
  {
    const std::lock_guard lock(mutex);
    for (auto found = regions.begin(); found != regions.end(); ++found) {
      if ((*found)->layout != layout) continue;
      regions.splice(regions.begin(), regions, found);
      return regions.front();
    }
  }
  // Read without the lock: two threads may read the same region, but neither waits for another one's.
  auto region = std::make_shared<const Region>(read_region(*source_, layout));
  const std::lock_guard lock(mutex);
  regions.push_front(region);
  bytes += region->voxels.size();
  while (bytes > capacity_bytes && regions.size() > 1) {
    bytes -= regions.back()->voxels.size();
    regions.pop_back();
  }
  return region;
}

CATVOX_INLINE void ResidentRegions::tell_when_gone(std::weak_ptr<HeldRegions> holder) {
  const std::lock_guard lock(held_->mutex);
  std::erase_if(held_->holders, [](const auto& known) { return known.expired(); });
  const auto is_holder = [&](const auto& known) { return !known.owner_before(holder) && !holder.owner_before(known); };
  if (std::ranges::none_of(held_->holders, is_holder)) held_->holders.push_back(std::move(holder));
}

CATVOX_INLINE ResidentRegions::~ResidentRegions() {
  for (const auto& known : held_->holders) {
    if (const auto holder = known.lock()) holder->drop(this);
  }
}

CATVOX_INLINE AxisOrder walk_order(const ViewLayout& layout, std::span<const std::size_t> fastest) noexcept {
  AxisOrder order{};
  std::size_t next = 0;
  const auto append = [&](int source) {
    if (source == ViewLayout::new_axis || source == ViewLayout::channel_axis) return;
    const auto axis = static_cast<std::size_t>(source);
    if (std::find(order.begin(), order.begin() + next, axis) == order.begin() + next) order[next++] = axis;
  };
  for (const std::size_t axis : fastest) append(layout.source_axis(axis));
  for (std::size_t axis = layout.rank(); axis-- > 0;) append(layout.source_axis(axis));
  for (const int dropped : {2, 1, 0}) append(dropped);
  return order;
}

CATVOX_INLINE Box part_around(const ViewLayout& layout, const Shape3& chunk_shape, const Index3& position,
                              const AxisOrder& order, std::int64_t max_voxels) noexcept {
  Box part;
  max_voxels = std::max<std::int64_t>(1, max_voxels / std::max<std::int64_t>(1, layout.channel_count()));
  for (const std::size_t axis : order) {
    const detail::Interval run =
        detail::run_around(layout.selection()[axis], chunk_shape[axis], position[axis], max_voxels);
    part.min[axis] = run.min;
    part.max[axis] = run.max;
    max_voxels = std::max<std::int64_t>(1, max_voxels / (run.max - run.min));
  }
  return part;
}

CATVOX_INLINE Box chunk_around(const ViewLayout& layout, const Shape3& chunk_shape, const Index3& position) noexcept {
  Box part;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const AxisSelection& selection = layout.selection()[axis];
    const std::int64_t chunk = chunk_shape[axis];
    const std::int64_t first = (selection.start + position[axis] * selection.step) / chunk * chunk;
    const detail::Interval run = detail::positions_within(selection, first, first + chunk);
    part.min[axis] = run.min;
    part.max[axis] = run.max;
  }
  return part;
}

}  // namespace catvox::abi
