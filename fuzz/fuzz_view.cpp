// Slices and transposes of a view, and the plan of the read that brings it: against the same by plain lists of indices. A
// small level of any chunks, with broken slices; every voxel of the view must be written once, with the right one.

#include <array>
#include <catvox/array/detail/view_layout.hpp>
#include <catvox/core/error.hpp>
#include <catvox/geometry/broken_slices.hpp>
#include <map>
#include <optional>
#include <vector>

#include "input.hpp"
#include "read/chunk_part.hpp"
#include "read/plan.hpp"

namespace {

using namespace catvox;
using namespace catvox::detail;
using catvox::fuzz::Input;
using catvox::fuzz::require;

// An axis of a view as a list of the source's indices; `source` -1: one that was inserted.
struct Axis {
  int source = ViewLayout::new_axis;
  std::vector<std::int64_t> indices{0};
};

struct Model {
  std::vector<Axis> axes;
  std::array<std::vector<std::int64_t>, 3> selected;  // of each source axis; one index where it was dropped
};

std::optional<std::int64_t> maybe(Input& input) {
  if (input.within(0, 2) == 0) return std::nullopt;
  return input.within(0, 31) == 0 ? input.take<std::int64_t>() : input.within(0, 20) - 10;
}

// Python's rule, index by index: a list's range(n)[start:stop:step]. Every index of the axis is looked at for each step.
std::vector<std::int64_t> ranged(const std::vector<std::int64_t>& axis, const Slice& slice) {
  const auto n = static_cast<__int128>(axis.size());
  const __int128 step = slice.step.value_or(1);
  const auto bound = [&](const std::optional<std::int64_t>& end, __int128 otherwise) {
    if (!end) return otherwise;
    const __int128 from_front = *end < 0 ? *end + n : __int128{*end};
    const __int128 low = step > 0 ? 0 : -1, high = step > 0 ? n : n - 1;
    return from_front < low ? low : from_front > high ? high : from_front;
  };
  std::vector<std::int64_t> kept;
  const __int128 stop = bound(slice.stop, step > 0 ? n : -1);
  for (__int128 i = bound(slice.start, step > 0 ? 0 : n - 1); step > 0 ? i < stop : i > stop; i += step) {
    kept.push_back(axis[static_cast<std::size_t>(i)]);
  }
  return kept;
}

Slice slice_from(Input& input) {
  Slice slice;
  switch (input.within(0, 7)) {
    case 0:
      slice.kind = Slice::Kind::new_axis;
      return slice;
    case 1:
      slice.kind = Slice::Kind::ellipsis;
      return slice;
    case 2:
      slice.kind = Slice::Kind::index;
      slice.start = maybe(input).value_or(0);
      return slice;
    default:
      slice.start = maybe(input);
      slice.stop = maybe(input);
      slice.step = maybe(input);
      return slice;
  }
}

// Nothing: it is an error.
std::optional<Model> sliced(const Model& model, const std::vector<Slice>& slices) {
  std::size_t taken = 0, ellipses = 0;
  for (const Slice& slice : slices) {
    taken += slice.kind == Slice::Kind::index || slice.kind == Slice::Kind::range ? 1 : 0;
    ellipses += slice.kind == Slice::Kind::ellipsis ? 1 : 0;
  }
  if (taken > model.axes.size() || ellipses > 1) return std::nullopt;
  Model result{{}, model.selected};
  std::size_t next = 0;
  const auto keep = [&](std::size_t count) {
    for (; count > 0; --count) result.axes.push_back(model.axes[next++]);
  };
  for (const Slice& slice : slices) {
    if (slice.kind == Slice::Kind::new_axis) {
      result.axes.push_back({});
    } else if (slice.kind == Slice::Kind::ellipsis) {
      keep(model.axes.size() - taken);
    } else {
      const Axis& axis = model.axes[next++];
      Axis kept{axis.source, {}};
      if (slice.kind == Slice::Kind::range) {
        if (slice.step == 0) return std::nullopt;
        kept.indices = ranged(axis.indices, slice);
        if (axis.source < 0 && kept.indices.empty()) return std::nullopt;  // an inserted axis stays
        result.axes.push_back(kept);
      } else {
        const auto n = static_cast<std::int64_t>(axis.indices.size());
        const std::int64_t index = *slice.start < 0 ? *slice.start + n : *slice.start;
        if (index < 0 || index >= n) return std::nullopt;
        kept.indices = {axis.indices[static_cast<std::size_t>(index)]};
      }
      if (axis.source >= 0) result.selected[static_cast<std::size_t>(axis.source)] = kept.indices;
    }
  }
  keep(model.axes.size() - next);
  if (result.axes.size() > ViewLayout::max_rank) return std::nullopt;
  return result;
}

void check_layout(const ViewLayout& layout, const Model& model) {
  require(layout.rank() == model.axes.size());
  for (std::size_t axis = 0; axis < layout.rank(); ++axis) {
    require(layout.source_axis(axis) == model.axes[axis].source);
    require(layout.extent(axis) == static_cast<std::int64_t>(model.axes[axis].indices.size()));
  }
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const auto& [start, step, count] = layout.selection()[axis];
    const auto& indices = model.selected[axis];
    require(count == static_cast<std::int64_t>(indices.size()));
    for (std::int64_t i = 0; i < count; ++i) require(start + i * step == indices[static_cast<std::size_t>(i)]);
  }
}

// A voxel that tells where it is from; never what is filled in or was there before.
constexpr std::uint16_t nothing = 0xffff, filled = 0;
std::uint16_t voxel(std::int64_t z, std::int64_t y, std::int64_t x) {
  return static_cast<std::uint16_t>(1 + (z * 32 + y) * 32 + x);
}

// Each part of the plan copies out of a chunk that plain loops made, into the view in C order.
std::vector<std::uint16_t> read(const ViewLayout& layout, const Shape3& shape, const Shape3& chunk,
                                const BrokenSlices& broken, double z_factor) {
  std::vector<std::uint16_t> out(static_cast<std::size_t>(layout.size()), nothing);
  if (out.empty()) return out;
  const Selection3& selection = layout.selection();
  const ReadPlan plan(selection, chunk, shape[0], broken, z_factor);
  const StridedBytes to{reinterpret_cast<std::byte*>(out.data()), layout.contiguous_strides(2)};
  for (const std::int64_t slice : plan.fill_slices()) {
    for (std::int64_t y = 0; y < selection[1].count; ++y) {
      for (std::int64_t x = 0; x < selection[2].count; ++x) {
        auto& out_voxel =
            out[static_cast<std::size_t>((slice * to.strides[0] + y * to.strides[1] + x * to.strides[2]) / 2)];
        require(out_voxel == nothing);
        out_voxel = filled;
      }
    }
  }
  std::map<Index3, int> seen;
  for (std::int64_t number = 0; number < plan.chunks(); ++number) {
    const ChunkPart part{.of = plan.part(number), .out = to, .item = 2};
    const Index3 at = part.chunk();
    require(++seen[at] == 1 && plan.find(at) == number);
    const Box held = part.window();
    std::vector<std::uint16_t> voxels;
    for (std::int64_t z = held.min[0]; z < held.max[0]; ++z) {
      for (std::int64_t y = held.min[1]; y < held.max[1]; ++y) {
        for (std::int64_t x = held.min[2]; x < held.max[2]; ++x) {
          const Index3 source{at[0] * chunk[0] + z, at[1] * chunk[1] + y, at[2] * chunk[2] + x};
          for (std::size_t axis = 0; axis < 3; ++axis) require(source[axis] >= 0 && source[axis] < shape[axis]);
          voxels.push_back(voxel(source[0], source[1], source[2]));
        }
      }
    }
    part.copy_from(reinterpret_cast<const std::byte*>(voxels.data()), held, std::nullopt);
  }
  return out;
}

void check_read(const ViewLayout& layout, const Model& model, const Shape3& shape, const Shape3& chunk,
                const BrokenSlices& broken, double z_factor) {
  const auto got = read(layout, shape, chunk, broken, z_factor);
  std::vector<std::size_t> index(model.axes.size());
  for (const std::uint16_t each : got) {
    Index3 source{};
    for (std::size_t axis = 0; axis < 3; ++axis) source[axis] = model.selected[axis].front();
    for (std::size_t axis = 0; axis < index.size(); ++axis) {
      const Axis& of = model.axes[axis];
      if (of.source >= 0) source[static_cast<std::size_t>(of.source)] = of.indices[index[axis]];
    }
    const auto z = broken.resolve_level(source[0], z_factor);
    const bool inside = z && *z >= 0 && *z < shape[0];
    require(each == (inside ? voxel(*z, source[1], source[2]) : filled));
    for (std::size_t axis = index.size(); axis-- > 0;) {  // the next index, the last axis fastest
      if (++index[axis] < model.axes[axis].indices.size()) break;
      index[axis] = 0;
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input(data, size);
  Shape3 shape{}, chunk{};
  Model model;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    shape[axis] = input.within(1, 12);
    chunk[axis] = input.within(1, 14);
    for (std::int64_t i = 0; i < shape[axis]; ++i) model.selected[axis].push_back(i);
    model.axes.push_back({static_cast<int>(axis), model.selected[axis]});
  }
  constexpr double factors[] = {1, 1, 1, 2, 1.5, 0.5, 3.3};
  const double z_factor = factors[input.within(0, 6)];
  std::map<std::int64_t, std::int64_t> breaks;
  for (auto left = input.within(0, 6); left > 0; --left) breaks[input.within(0, 30)] = input.within(0, 6) - 3;
  const BrokenSlices broken(breaks, input.within(1, 40), static_cast<BrokenSlicePolicy>(input.within(0, 5)),
                            static_cast<double>(input.within(0, 4) - 2));
  ViewLayout layout(shape);
  for (int step = 0; step < 4 && !input.empty(); ++step) {
    if (input.within(0, 3) == 0) {  // a permutation, by swaps
      std::vector<std::size_t> order;
      for (std::size_t axis = 0; axis < layout.rank(); ++axis) order.push_back(axis);
      for (std::size_t axis = 1; axis < order.size(); ++axis) {
        std::swap(order[axis], order[static_cast<std::size_t>(input.within(0, static_cast<std::int64_t>(axis)))]);
      }
      layout = layout.transposed(order);
      const auto before = model.axes;
      for (std::size_t axis = 0; axis < order.size(); ++axis) model.axes[axis] = before[order[axis]];
    } else {
      std::vector<Slice> slices;
      for (auto left = input.within(0, 5); left > 0; --left) slices.push_back(slice_from(input));
      const auto wanted = sliced(model, slices);
      try {
        const ViewLayout next = layout.sliced(slices);
        require(wanted.has_value());
        layout = next;
        model = *wanted;
      } catch (const Error&) {
        require(!wanted);
      }
    }
    check_layout(layout, model);
  }
  check_read(layout, model, shape, chunk, broken, z_factor);
  return 0;
}
