#pragma once

#include <algorithm>
#include <catvox/array/detail/view_layout.hpp>
#include <catvox/core/error.hpp>
#include <catvox/core/text.hpp>
#include <cstdlib>
#include <utility>
#include <vector>

#ifndef CATVOX_INLINE  // compiled once into the library; by itself in every file that asks for it
#define CATVOX_INLINE inline
#endif

namespace catvox::detail {

inline std::size_t index_of(int source_axis) { return static_cast<std::size_t>(source_axis); }

inline std::int64_t floor_div(std::int64_t a, std::int64_t b) {
  return a / b - (a % b != 0 && (a % b < 0) != (b < 0) ? 1 : 0);
}
inline std::int64_t ceil_div_signed(std::int64_t a, std::int64_t b) { return -floor_div(-a, b); }

inline AxisSelection part_of(const AxisSelection& selection, std::int64_t first, std::int64_t count) {
  return {selection.start + first * selection.step, selection.step, count};
}

template <class I>
std::string join_numbers(std::span<const I> numbers) {
  std::string text = "(";
  for (const I number : numbers) text += (text.size() > 1 ? ", " : "") + std::to_string(number);
  return text + (numbers.size() == 1 ? ",)" : ")");
}

}  // namespace catvox::detail

namespace catvox::abi {

CATVOX_INLINE std::string to_text(std::span<const std::int64_t> numbers) { return detail::join_numbers(numbers); }
CATVOX_INLINE std::string to_text(std::span<const std::size_t> numbers) { return detail::join_numbers(numbers); }

CATVOX_INLINE ViewLayout::ViewLayout(const Shape3& shape) noexcept
    : selection_{{{0, 1, shape[0]}, {0, 1, shape[1]}, {0, 1, shape[2]}}}, axes_{0, 1, 2}, rank_(3) {}

CATVOX_INLINE ViewLayout::ViewLayout(const AxisSelection& channels, const Shape3& shape) noexcept
    : selection_(ViewLayout(shape).selection_), channels_(channels), axes_{channel_axis, 0, 1, 2}, rank_(4) {}

CATVOX_INLINE std::int64_t ViewLayout::size() const {
  return detail::checked_multiply(
      channel_count(), volume({selection_[0].count, selection_[1].count, selection_[2].count}), "number of voxels");
}

CATVOX_INLINE void ViewLayout::push_axis(int source_axis) {
  if (rank_ == max_rank) {
    throw Error(Errc::invalid_argument, "slice: a view has at most " + std::to_string(max_rank) + " axes");
  }
  axes_[rank_++] = static_cast<std::int8_t>(source_axis);
}

CATVOX_INLINE ViewLayout ViewLayout::sliced(std::span<const Slice> slices) const {
  std::size_t ellipses = 0, new_axes = 0;
  for (const Slice& slice : slices) {
    ellipses += slice.kind == Slice::Kind::ellipsis ? 1 : 0;
    new_axes += slice.kind == Slice::Kind::new_axis ? 1 : 0;
  }
  const std::size_t used = slices.size() - ellipses - new_axes;
  if (ellipses > 1) throw Error(Errc::invalid_argument, "slice: more than one ellipsis");
  if (used > rank_) {
    throw Error(Errc::invalid_argument,
                "slice: " + std::to_string(used) + " slices for a view with " + std::to_string(rank_) + " axes");
  }

  ViewLayout result = *this;
  result.axes_ = {};
  result.rank_ = 0;
  std::size_t axis = 0;
  const auto keep_whole = [&](std::size_t axes) {
    for (; axes > 0; --axes) result.push_axis(axes_[axis++]);
  };
  for (const Slice& slice : slices) {
    if (slice.kind == Slice::Kind::ellipsis) {
      keep_whole(rank_ - used);
      continue;
    }
    if (slice.kind == Slice::Kind::new_axis) {
      result.push_axis(new_axis);
      continue;
    }
    if (slice.wrapped) {
      throw Error(Errc::invalid_argument, "slice: " + std::to_string(*slice.wrapped) + " for axis " +
                                              std::to_string(axis) + " is an unsigned number that went below 0");
    }
    AxisSelection chosen;
    if (slice.kind == Slice::Kind::index) {
      const std::int64_t index = *slice.start < 0 ? *slice.start + extent(axis) : *slice.start;
      if (index < 0 || index >= extent(axis)) {
        throw Error(Errc::invalid_argument, "slice: index " + std::to_string(*slice.start) +
                                                " is out of range for axis " + std::to_string(axis) + " with " +
                                                std::to_string(extent(axis)) + " voxels");
      }
      chosen = {index, 1, 1};
    } else {
      chosen = resolve_range(slice, extent(axis), axis);
    }
    const int source = axes_[axis];
    if (source != new_axis) {
      const AxisSelection& old = along(source);
      AxisSelection& now = source == channel_axis ? *result.channels_ : result.selection_[detail::index_of(source)];
      now = {old.start + chosen.start * old.step, old.step * chosen.step, chosen.count};
    } else if (chosen.count == 0) {
      throw Error(Errc::invalid_argument,
                  "slice: axis " + std::to_string(axis) + " is a new axis and cannot become empty");
    }
    if (slice.kind == Slice::Kind::range) result.push_axis(source);
    ++axis;
  }
  keep_whole(rank_ - axis);
  return result;
}

CATVOX_INLINE ViewLayout ViewLayout::transposed(std::span<const std::size_t> permutation) const {
  std::array<bool, max_rank> seen{};
  bool valid = permutation.size() == rank_;
  for (const std::size_t axis : permutation) {
    valid = valid && axis < rank_ && !std::exchange(seen[axis], true);
  }
  if (!valid) {
    throw Error(Errc::invalid_argument, "transpose: " + to_text(permutation) +
                                            " is not a permutation of the axes of a view with " +
                                            std::to_string(rank_) + " axes");
  }
  ViewLayout result = *this;
  for (std::size_t axis = 0; axis < rank_; ++axis) result.axes_[axis] = axes_[permutation[axis]];
  return result;
}

CATVOX_INLINE ViewLayout ViewLayout::clipped(const Box& voxels) const noexcept {
  ViewLayout result = *this;
  for (std::size_t axis = 0; axis < rank_; ++axis) {
    if (!is_in_space(axis)) continue;
    const std::size_t source = detail::index_of(axes_[axis]);
    const auto& [start, step, count] = selection_[source];
    if (count == 0) continue;
    // Far-off bounds are brought next to the selection first, so that no difference overflows.
    const auto [lowest, highest] = std::minmax({start, start + (count - 1) * step});
    const std::int64_t low = std::clamp(voxels.min[source], lowest, highest + 1) - start;
    const std::int64_t high = std::clamp(voxels.max[source], lowest, highest + 1) - 1 - start;
    const std::int64_t first = std::clamp<std::int64_t>(detail::ceil_div_signed(step > 0 ? low : high, step), 0, count);
    const std::int64_t last = std::clamp<std::int64_t>(detail::floor_div(step > 0 ? high : low, step), -1, count - 1);
    result.selection_[source] = detail::part_of(selection_[source], first, std::max<std::int64_t>(0, last - first + 1));
  }
  return result;
}

CATVOX_INLINE ViewLayout ViewLayout::with_selection(const Selection3& selection) const noexcept {
  ViewLayout result = *this;
  result.selection_ = selection;
  return result;
}

CATVOX_INLINE ViewLayout ViewLayout::of_channel(std::int64_t channel) const noexcept {
  ViewLayout result = *this;
  result.channels_ = AxisSelection{channel, 1, 1};
  return result;
}

CATVOX_INLINE ViewLayout ViewLayout::part(const Box& positions) const noexcept {
  ViewLayout result = *this;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    result.selection_[axis] =
        detail::part_of(selection_[axis], positions.min[axis], positions.max[axis] - positions.min[axis]);
  }
  return result;
}

CATVOX_INLINE Index3 ViewLayout::positions(std::span<const std::size_t> index) const noexcept {
  Index3 result{};
  for (std::size_t axis = 0; axis < rank_; ++axis) {
    if (is_in_space(axis)) result[detail::index_of(axes_[axis])] = static_cast<std::int64_t>(index[axis]);
  }
  return result;
}

CATVOX_INLINE Strides3 ViewLayout::source_strides(std::span<const std::int64_t> strides) const noexcept {
  Strides3 result{};
  for (std::size_t axis = 0; axis < rank_; ++axis) {
    if (is_in_space(axis)) result[detail::index_of(axes_[axis])] = strides[axis];
  }
  return result;
}

CATVOX_INLINE std::int64_t ViewLayout::channel_stride(std::span<const std::int64_t> strides) const noexcept {
  for (std::size_t axis = 0; axis < rank_; ++axis) {
    if (axes_[axis] == channel_axis) return strides[axis];
  }
  return 0;
}

CATVOX_INLINE std::array<std::int64_t, ViewLayout::max_rank> ViewLayout::c_strides(std::int64_t item) const noexcept {
  std::array<std::int64_t, max_rank> strides{};
  std::int64_t step = item;
  for (std::size_t axis = rank_; axis-- > 0;) {
    strides[axis] = step;
    step *= extent(axis);
  }
  return strides;
}

CATVOX_INLINE Strides3 ViewLayout::contiguous_strides(std::int64_t item) const noexcept {
  return source_strides(std::span<const std::int64_t>(c_strides(item)).first(rank_));
}

CATVOX_INLINE ReadStatistics read_view(const LevelSource& source, const ViewLayout& layout, std::byte* out,
                                       std::span<const std::int64_t> strides, const ReadOptions& options) {
  const StridedBytes to{out, layout.source_strides(strides)};
  if (!layout.channels()) return source.read(layout.selection(), to, options);
  return source.read_channels({*layout.channels(), layout.channel_stride(strides)}, layout.selection(), to, options);
}

CATVOX_INLINE AxisSelection resolve_range(const Slice& slice, std::int64_t extent, std::size_t axis) {
  if (slice.step == 0) throw Error(Errc::invalid_argument, "slice: the step of axis " + std::to_string(axis) + " is 0");
  // A longer step selects the same one voxel, and could overflow when multiplied.
  const std::int64_t longest = std::max<std::int64_t>(1, extent);
  const std::int64_t step = std::clamp(slice.step.value_or(1), -longest, longest);
  // Forwards a bound lies in [0, extent], backwards in [-1, extent - 1].
  const std::int64_t low = step > 0 ? 0 : -1;
  const std::int64_t high = low + extent;
  const auto bound = [&](std::int64_t index) { return std::clamp(index < 0 ? index + extent : index, low, high); };
  const std::int64_t start = slice.start ? bound(*slice.start) : (step > 0 ? low : high);
  const std::int64_t stop = slice.stop ? bound(*slice.stop) : (step > 0 ? high : low);
  return {start, step, std::max<std::int64_t>(0, detail::ceil_div_signed(stop - start, step))};
}

CATVOX_INLINE std::vector<Slice> slices_of_axes(std::span<const std::string_view> dims,
                                                std::span<const std::string_view> names,
                                                std::span<const Slice> slices) {
  std::vector<Slice> of_axes(dims.size());
  std::vector<bool> given(dims.size());
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto axis = static_cast<std::size_t>(std::ranges::find(dims, names[i]) - dims.begin());
    const auto refuse = [&](const std::string& why) {
      throw Error(Errc::invalid_argument, "slice_by_name: axis " + in_quotes(names[i]) + why);
    };
    if (axis == dims.size()) {
      std::string all;
      for (const std::string_view dim : dims) all += (all.empty() ? "" : ", ") + in_quotes(dim);
      refuse(" is none of " + all);
    }
    if (given[axis]) refuse(" is sliced twice");
    if (slices[i].kind != Slice::Kind::index && slices[i].kind != Slice::Kind::range) {
      refuse(" takes an index or a range");
    }
    of_axes[axis] = slices[i];
    given[axis] = true;
  }
  return of_axes;
}

CATVOX_INLINE bool strides_overlap(std::span<const std::int64_t> shape, std::span<const std::int64_t> strides) {
  std::vector<std::pair<std::int64_t, std::int64_t>> axes;  // (|stride|, extent)
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    if (shape[axis] == 0) return false;
    if (shape[axis] > 1) axes.emplace_back(std::abs(strides[axis]), shape[axis]);
  }
  std::sort(axes.begin(), axes.end());
  std::int64_t reach = 0;  // of the axes so far, from the first voxel to the last
  for (const auto& [stride, extent] : axes) {
    if (stride <= reach) return true;
    reach = detail::checked_multiply(stride, extent - 1, "stride x extent") + reach;
  }
  return false;
}

}  // namespace catvox::abi
