#pragma once

#include <algorithm>
#include <atomic>
#include <catvox/array/detail/resident_runs.hpp>
#include <catvox/core/dtype.hpp>
#include <catvox/core/error.hpp>
#include <cstring>
#include <span>
#include <string>
#include <utility>

#ifndef CATVOX_INLINE  // compiled once into the library; by itself in every file that asks for it
#define CATVOX_INLINE inline
#endif

namespace catvox::abi {

CATVOX_INLINE HeldRegions::Held HeldRegions::put(std::size_t slot, const ResidentRegions* owner, Held region) noexcept {
  const std::lock_guard lock(mutex_);
  slots_[slot].owner = owner;
  return std::exchange(slots_[slot].region, std::move(region));
}

CATVOX_INLINE bool HeldRegions::is_last(std::size_t slot) const noexcept {
  const std::lock_guard lock(mutex_);
  return slots_[slot].region.use_count() == 1;
}

CATVOX_INLINE void HeldRegions::drop(const ResidentRegions* owner) noexcept {
  for (std::size_t slot = 0; slot < slots_.size(); ++slot) {
    Held dropped;  // destroyed without the lock
    const std::lock_guard lock(mutex_);
    if (slots_[slot].owner == owner) dropped.swap(slots_[slot].region);
  }
}

/// What a thread holds, until it ends.
class ThreadRegions {
 public:
  ThreadRegions() = default;
  ThreadRegions(const ThreadRegions&) = delete;
  ThreadRegions& operator=(const ThreadRegions&) = delete;
  ~ThreadRegions() {
    ended() = true;
    for (const Table& table : tables_) table.forget(*table.base);
  }

  /// Whether this thread's is gone: destructors that come later may still read views.
  static bool& ended() noexcept {
    static thread_local constinit bool ended = false;
    return ended;
  }
  static ThreadRegions& here() {
    static thread_local ThreadRegions regions;
    return regions;
  }

  HeldRegions* add(TableBase& table, std::size_t slots, void (*forget)(TableBase&) noexcept) {
    tables_.push_back({&table, forget, std::make_shared<HeldRegions>(slots)});
    return table.held = tables_.back().held.get();
  }

 private:
  struct Table {
    TableBase* base;
    void (*forget)(TableBase&) noexcept;
    std::shared_ptr<HeldRegions> held;
  };
  std::vector<Table> tables_;
};

CATVOX_INLINE HeldRegions* hold_for_thread(TableBase& table, std::size_t slots, void (*forget)(TableBase&) noexcept) {
  if (ThreadRegions::ended()) return nullptr;
  return ThreadRegions::here().add(table, slots, forget);
}

CATVOX_INLINE std::uint64_t next_view_number() noexcept {
  static std::atomic<std::uint64_t> last = 0;
  return last.fetch_add(2, std::memory_order_relaxed) + 2;
}

/// The run of a region that holds a position of a walk, without its number; data is an offset yet, in voxels.
struct RunInRegion {
  std::size_t first = 0, count = 1, offset = 0;
};
inline RunInRegion run_in_region(const ViewLayout& layout, const Box& part, std::span<const std::size_t> index) {
  RunInRegion run;
  std::size_t walk_stride = 1, stride = 1;
  bool whole = true;  // all axes so far are in the region from end to end
  for (std::size_t axis = layout.rank(); axis-- > 0;) {
    const auto extent = static_cast<std::size_t>(layout.extent(axis));
    const auto [first, count] = layout.of_part(part, axis);
    const std::size_t at = whole ? first : index[axis];
    run.first += at * walk_stride;
    run.offset += (at - first) * stride;
    if (whole) run.count *= count;
    whole = whole && count == extent;
    walk_stride *= extent;
    stride *= count;
  }
  return run;
}

/// Lets go of runs that their owner has forgotten, beyond as many as the thread may hold, the oldest first.
inline void let_go_of_runs(RunTable& table, HeldRegions& held) {
  for (;;) {
    std::size_t forgotten = 0;
    Run* oldest = nullptr;
    for (Run& run : table.runs) {
      if (run.walk == 0 || run.age == table.age || !held.is_last(run.slot)) continue;
      ++forgotten;
      if (oldest == nullptr || run.age < oldest->age) oldest = &run;
    }
    if (forgotten <= table.may_hold) return;
    table.let_go[oldest->age % table.let_go.size()] = *oldest;
    const std::size_t slot = oldest->slot;
    *oldest = Run{.slot = slot};
    (void)held.put(slot, nullptr, nullptr);
  }
}

CATVOX_INLINE void find_in_walk(RunTable& table, std::uint64_t walk, std::size_t position, ResidentRegions& level,
                                const ViewLayout& layout, void* voxel) {
  const std::size_t item = item_size(level.source()->dtype());
  Run& own = table.runs[walk / 2 % RunTable::entries];
  for (Run& run : table.runs) {
    if (run.walk != walk || position - run.first >= run.count) continue;
    std::memcpy(voxel, static_cast<const std::byte*>(run.data) + (position - run.first) * item, item);
    std::swap(run, own);
    return;
  }

  std::array<std::size_t, ViewLayout::max_rank> index{};
  std::size_t rest = position;
  for (std::size_t axis = layout.rank(); axis-- > 0;) {
    const auto extent = static_cast<std::size_t>(layout.extent(axis));
    index[axis] = extent == 0 ? 0 : rest % extent;
    rest = extent == 0 ? 1 : rest / extent;
  }
  if (rest != 0) {
    throw Error(Errc::invalid_argument, "an iterator was read at position " +
                                            std::to_string(static_cast<std::int64_t>(position)) + " of a view of " +
                                            std::to_string(layout.size()) + " voxels");
  }
  const std::span<const std::size_t> at(index.data(), layout.rank());
  const Box part = part_around(layout, level.source()->chunk_shape(), layout.positions(at), c_order(layout),
                               static_cast<std::int64_t>(ResidentRegions::region_bytes / item));
  HeldRegions* held = detail::held_regions(table);
  if (held != nullptr) level.tell_when_gone(held->weak_from_this());
  std::shared_ptr<const Region> region = level.get(layout.part(part));
  const RunInRegion in_region = run_in_region(layout, part, at);
  Run run{.walk = walk,
          .first = in_region.first,
          .count = in_region.count,
          .data = region->voxels.data() + in_region.offset * item,
          .age = ++table.age};
  std::memcpy(voxel, static_cast<const std::byte*>(run.data) + (position - run.first) * item, item);
  if (held == nullptr) return;

  // In the middle of a run that was let go: more must be held. (A second walk over it would begin at one of its ends.)
  const auto was_let_go = [&](const Run& old) { return old.walk == walk && old.first == run.first; };
  const bool at_an_end = position == run.first || position == run.first + run.count - 1;
  if (!at_an_end && std::ranges::any_of(table.let_go, was_let_go)) {
    table.may_hold = std::min(table.may_hold + 1, RunTable::entries);
    table.calm = 0;
  } else if (++table.calm == 2 * RunTable::entries) {
    table.may_hold -= table.may_hold > 0 ? 1 : 0;
    table.calm = 0;
  }
  Run& replaced = *std::ranges::min_element(table.runs, {}, &Run::age);
  run.slot = replaced.slot;
  replaced = run;
  (void)held->put(run.slot, &level, std::move(region));
  if (&replaced != &own) std::swap(replaced, own);
  let_go_of_runs(table, *held);
}

}  // namespace catvox::abi
