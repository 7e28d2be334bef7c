#include <algorithm>
#include <catvox/array/detail/block_grid.hpp>
#include <catvox/array/detail/view_geometry.hpp>
#include <catvox/core/error.hpp>
#include <catvox/export/export_view.hpp>
#include <utility>

namespace catvox {
namespace {

using namespace detail;

double coordinate(const WorldPoint& point, std::string_view axis) {
  return axis == "x" ? point.x : axis == "y" ? point.y : point.z;
}

ArrayPlace place_of(const LevelSource& source, const ViewLayout& layout) {
  if (layout.rank() != 3) {
    throw Error(Errc::invalid_argument, "export: a view of three axes is needed, got " + std::to_string(layout.rank()));
  }
  ArrayPlace place;
  const std::array<double, 3> first{};
  const WorldPoint corner = position_to_world(layout, source.geometry(), first);
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const int along = layout.source_axis(axis);
    if (!layout.is_in_space(axis)) {
      throw Error(Errc::invalid_argument,
                  "export: axis " + std::to_string(axis) +
                      (along == ViewLayout::channel_axis ? " is of channels: give each of them as a view of its own"
                                                         : " was inserted and has no place in the world"));
    }
    if (layout.selection()[static_cast<std::size_t>(along)].step < 0) {
      throw Error(Errc::invalid_argument,
                  "export: axis " + std::to_string(axis) + " runs backwards; no format can say so");
    }
    place.shape[axis] = layout.extent(axis);
    place.axes[axis] = axis_name(layout, source.geometry(), axis);
    place.voxel_size[axis] = axis_voxel_size(layout, source.geometry(), axis);
    place.corner[axis] = coordinate(corner, place.axes[axis]);
  }
  return place;
}

}  // namespace

ExportView::ExportView(std::shared_ptr<const LevelSource> source, const ViewLayout& layout)
    : source_(std::move(source)), layout_(layout), place_(place_of(*source_, layout)) {}

Shape3 ExportView::chunk_shape() const noexcept {
  Shape3 shape{};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    shape[axis] = static_cast<std::int64_t>(detail::chunk_extent(layout_, source_->chunk_shape(), axis));
  }
  return shape;
}

ExportView ExportView::in_world_order() const {
  std::array<std::size_t, 3> permutation{};
  constexpr std::array<std::string_view, 3> order{"z", "y", "x"};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    permutation[axis] = static_cast<std::size_t>(std::ranges::find(place_.axes, order[axis]) - place_.axes.begin());
  }
  return {source_, layout_.transposed(permutation)};
}

ExportView ExportView::rescaled(int level) const {
  auto other = source_->at_level(level);
  const ViewLayout layout = abi::rescaled(layout_, source_->geometry(), other->geometry());
  return {std::move(other), layout};
}

ViewLayout ExportView::part(const Box& box) const noexcept {
  Box positions;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const auto along = static_cast<std::size_t>(layout_.source_axis(axis));
    positions.min[along] = box.min[axis];
    positions.max[along] = box.max[axis];
  }
  return layout_.part(positions);
}

ReadStatistics ExportView::read(const Box& box, std::byte* out, const Strides3& strides,
                                const ReadOptions& options) const {
  return abi::read_view(*source_, part(box), out, strides, options);
}

void ExportView::prefetch(const Box& box, const std::stop_token& stop) const {
  source_->prefetch(part(box).selection(), stop);
}

std::int64_t ExportView::voxels_in(const Box& box, const Box& of_source) const noexcept {
  std::int64_t voxels = 1;
  const ViewLayout layout = part(box);
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const auto& [start, step, count] = layout.selection()[axis];
    // Positions p with min <= start + p * step < max.
    const auto before = [&, start = start, step = step, count = count](std::int64_t voxel) {
      return std::clamp<std::int64_t>(voxel <= start ? 0 : detail::ceil_div(voxel - start, step), 0, count);
    };
    voxels *= before(of_source.max[axis]) - before(of_source.min[axis]);
  }
  return voxels;
}

}  // namespace catvox
