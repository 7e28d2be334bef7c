#include "read/plan.hpp"

#include <algorithm>
#include <catvox/core/detail/checked.hpp>
#include <map>
#include <tuple>

namespace catvox::detail {
namespace {

struct MovedSlice {
  std::int64_t source;
  std::int64_t destination;
};

// The destinations of slices that may be broken.
std::vector<std::int64_t> suspects(const AxisSelection& slices, const BrokenSlices& broken, double z_factor) {
  std::vector<std::int64_t> destinations;
  if (slices.count <= 0) return destinations;
  const auto [low, high] = std::minmax({slices.start, slices.start + (slices.count - 1) * slices.step});
  for (const std::int64_t z : broken.suspects_in_level(low, high, z_factor)) {
    if ((z - slices.start) % slices.step == 0) destinations.push_back((z - slices.start) / slices.step);
  }
  std::sort(destinations.begin(), destinations.end());
  return destinations;
}

}  // namespace

AxisRuns::AxisRuns(const AxisSelection& selection, std::int64_t chunk_extent)
    : selection_(selection), extent_(chunk_extent) {
  if (selection_.count <= 0) return;
  if (selection_.count == 1) selection_.step = 1;
  if (leaps()) {
    size_ = selection_.count;
    return;
  }
  const auto first = selection_.start / extent_;
  const auto last = source(selection_.count - 1) / extent_;
  size_ = (last > first ? last - first : first - last) + 1;
}

// The first k whose source lies in the chunk, or beyond its start as the axis runs.
std::int64_t AxisRuns::first_in(std::int64_t chunk) const {
  const auto begin = chunk * extent_;
  const auto distance = selection_.step > 0 ? begin - selection_.start : selection_.start - (begin + (extent_ - 1));
  if (distance <= 0) return 0;
  return std::min(selection_.count, ceil_div(distance, selection_.step > 0 ? selection_.step : -selection_.step));
}

AxisRun AxisRuns::operator[](std::int64_t i) const {
  if (leaps()) return {source(i) / extent_, source(i) % extent_, 1, i, 1};
  const std::int64_t direction = selection_.step > 0 ? 1 : -1;
  const auto chunk = selection_.start / extent_ + i * direction;
  const auto first = first_in(chunk);
  const auto end = i + 1 == size_ ? selection_.count : first_in(chunk + direction);
  return {chunk, source(first) - chunk * extent_, end - first == 1 ? 1 : selection_.step, first, end - first};
}

std::optional<std::int64_t> AxisRuns::find(std::int64_t chunk) const {
  if (size_ == 0 || chunk < 0) return std::nullopt;
  if (leaps()) {
    const auto low = std::min(selection_.start, source(selection_.count - 1)) / extent_;
    const auto high = std::max(selection_.start, source(selection_.count - 1)) / extent_;
    if (chunk < low || chunk > high) return std::nullopt;
    const auto k = first_in(chunk);
    if (k == selection_.count || source(k) / extent_ != chunk) return std::nullopt;
    return k;
  }
  const auto first = selection_.start / extent_;
  const auto i = selection_.step > 0 ? chunk - first : first - chunk;
  if (i < 0 || i >= size_) return std::nullopt;
  return i;
}

std::int64_t AxisRuns::phase(std::int64_t side) const {
  const std::int64_t place = selection_.start / extent_ % side;
  return selection_.step > 0 ? place : side - 1 - place;
}

ReadPlan::ReadPlan(const Selection3& selection, const Shape3& chunk_shape, std::int64_t depth,
                   const BrokenSlices& broken, double z_factor,
                   const std::optional<std::array<std::size_t, 3>>& morton_axes)
    : slices_(selection[0], chunk_shape[0]),
      rows_(selection[1], chunk_shape[1]),
      columns_(selection[2], chunk_shape[2]) {
  std::map<std::int64_t, std::vector<MovedSlice>> moved;   // by the chunk that they come from
  std::map<std::int64_t, std::vector<std::int64_t>> left;  // destinations, by the chunk that they would come from
  for (const std::int64_t destination : suspects(selection[0], broken, z_factor)) {
    const auto nominal = selection[0].start + destination * selection[0].step;
    const auto source = broken.resolve_level(nominal, z_factor);
    if (source == nominal) continue;
    left[nominal / chunk_shape[0]].push_back(destination);
    if (source && *source >= 0 && *source < depth) {
      moved[*source / chunk_shape[0]].push_back({*source, destination});
    } else {
      fill_slices_.push_back(destination);
    }
  }
  std::map<std::int64_t, SliceGroup> groups;
  for (const auto& entry : moved) groups[entry.first].chunk = entry.first;
  for (const auto& entry : left) groups[entry.first].chunk = entry.first;
  for (auto& [chunk, group] : groups) {
    const auto nominal = slices_.find(chunk);
    if (nominal) {
      const AxisRun run = slices_[*nominal];
      const auto& gone = left[chunk];
      for (std::int64_t k = 0; k < run.count; ++k) {
        if (std::binary_search(gone.begin(), gone.end(), run.first + k)) continue;
        group.slices.push_back({run.offset + k * run.step, run.first + k});
      }
    }
    for (const auto& slice : moved[chunk]) group.slices.push_back({slice.source % chunk_shape[0], slice.destination});
    std::sort(group.slices.begin(), group.slices.end(), [](const SlicePair& a, const SlicePair& b) {
      return std::tie(a.offset, a.destination) < std::tie(b.offset, b.destination);
    });
    if (group.slices.empty()) {
      empty_.push_back(*nominal);
    } else {
      if (!nominal) extra_.push_back(moved_.size());
      moved_.push_back(std::move(group));
    }
  }
  std::sort(empty_.begin(), empty_.end());
  const auto layers =
      slices_.size() - static_cast<std::int64_t>(empty_.size()) + static_cast<std::int64_t>(extra_.size());
  chunks_ = volume({layers, rows_.size(), columns_.size()});
  if (!morton_axes || chunks_ == 0) return;
  constexpr std::int64_t side = MortonOrder::largest_side;
  order_begin_ = {slices_.phase(side), rows_.phase(side), columns_.phase(side)};
  const Index3 end{order_begin_[0] + layers, order_begin_[1] + rows_.size(), order_begin_[2] + columns_.size()};
  order_.emplace(Box{order_begin_, end}, *morton_axes);
}

// Of a part: the numbers of its layer, its run of rows and its run of columns.
Index3 ReadPlan::place_of(std::int64_t number) const {
  if (!order_) {
    const std::int64_t column = number / rows_.size();
    return {column / columns_.size(), number % rows_.size(), column % columns_.size()};
  }
  Index3 place = order_->position(number);
  for (std::size_t axis = 0; axis < 3; ++axis) place[axis] -= order_begin_[axis];
  return place;
}

std::int64_t ReadPlan::number_of(const Index3& place) const {
  if (!order_) return (place[0] * columns_.size() + place[2]) * rows_.size() + place[1];
  return order_->number({place[0] + order_begin_[0], place[1] + order_begin_[1], place[2] + order_begin_[2]});
}

PlanPart ReadPlan::part(std::int64_t number) const {
  const auto [layer, row, column] = place_of(number);
  PlanPart part;
  part.rows = rows_[row];
  part.columns = columns_[column];
  if (moved_.empty() && empty_.empty()) {
    part.slices = slices_[layer];
    return part;
  }
  const auto kept = slices_.size() - static_cast<std::int64_t>(empty_.size());
  if (layer >= kept) {
    part.moved = &moved_[extra_[static_cast<std::size_t>(layer - kept)]];
    return part;
  }
  // Of the empty runs, those before the layer: the k-th of them has empty_[k] - k layers before it.
  std::size_t before = 0;
  for (std::size_t end = empty_.size(); before < end;) {
    const auto middle = before + (end - before) / 2;
    if (empty_[middle] - static_cast<std::int64_t>(middle) <= layer) {
      before = middle + 1;
    } else {
      end = middle;
    }
  }
  part.slices = slices_[layer + static_cast<std::int64_t>(before)];
  const auto group = std::lower_bound(moved_.begin(), moved_.end(), part.slices.chunk,
                                      [](const SliceGroup& g, std::int64_t chunk) { return g.chunk < chunk; });
  if (group != moved_.end() && group->chunk == part.slices.chunk) part.moved = &*group;
  return part;
}

std::optional<std::int64_t> ReadPlan::find_layer(std::int64_t chunk) const {
  if (const auto run = slices_.find(chunk)) {
    const auto before = std::lower_bound(empty_.begin(), empty_.end(), *run);
    if (before != empty_.end() && *before == *run) return std::nullopt;
    return *run - (before - empty_.begin());
  }
  const auto extra = std::lower_bound(extra_.begin(), extra_.end(), chunk,
                                      [this](std::size_t i, std::int64_t wanted) { return moved_[i].chunk < wanted; });
  if (extra == extra_.end() || moved_[*extra].chunk != chunk) return std::nullopt;
  return slices_.size() - static_cast<std::int64_t>(empty_.size()) + (extra - extra_.begin());
}

std::optional<std::int64_t> ReadPlan::find(const Index3& chunk) const {
  const auto row = rows_.find(chunk[1]);
  const auto column = columns_.find(chunk[2]);
  if (!row || !column) return std::nullopt;
  const auto layer = find_layer(chunk[0]);
  if (!layer) return std::nullopt;
  return number_of({*layer, *row, *column});
}

}  // namespace catvox::detail
