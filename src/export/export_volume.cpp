#include <algorithm>
#include <catvox/core/detail/checked.hpp>
#include <catvox/core/error.hpp>
#include <catvox/export/export_volume.hpp>
#include <utility>

namespace catvox {
namespace {

using namespace detail;

std::vector<ExportView> one(ExportView view) {
  std::vector<ExportView> channels;
  channels.push_back(std::move(view));
  return channels;
}

/// Which axes to halve, so that voxels become more nearly cubes.
Shape3 halving(const ArrayPlace& place) {
  const double finest = *std::ranges::min_element(place.voxel_size);
  Shape3 factors{1, 1, 1};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    if (place.voxel_size[axis] < 2 * finest && place.shape[axis] > 1) factors[axis] = 2;
  }
  return factors;
}

}  // namespace

ExportVolume::ExportVolume(ExportView view) : ExportVolume(one(std::move(view))) {}

ExportVolume::ExportVolume(std::vector<ExportView> channels) {
  if (channels.empty()) throw Error(Errc::invalid_argument, "export: a volume needs a channel");
  for (const ExportView& channel : channels) {
    if (channel.dtype() == channels.front().dtype() && channel.place() == channels.front().place()) continue;
    throw Error(Errc::invalid_argument, "export: channels must have one element type, size and place");
  }
  if (volume(channels.front().shape()) == 0) throw Error(Errc::invalid_argument, "export: the view has no voxel");
  ArrayPlace place = channels.front().place();
  levels_.push_back({.place = std::move(place), .channels = std::move(channels)});
}

ExportVolume& ExportVolume::copy_levels(int count) {
  for (int step = 1; step <= count; ++step) {
    std::vector<ExportView> coarser;
    try {
      for (const ExportView& channel : first().channels) {
        coarser.push_back(channel.rescaled(channel.level() + step));
        if (coarser.back().dtype() != dtype()) {
          throw Error(Errc::invalid_argument,
                      "export: level " + std::to_string(coarser.back().level()) + " has another element type");
        }
      }
    } catch (const Error& error) {
      if (error.code() != Errc::not_found) throw;
      break;  // it was the last
    }
    ArrayPlace place = coarser.front().place();
    levels_.push_back({.place = std::move(place), .channels = std::move(coarser)});
  }
  return *this;
}

ExportVolume& ExportVolume::make_levels(int count, Downsampling downsampling) {
  for (int i = 0; i < count; ++i) {
    const ArrayPlace& fine = levels_.back().place;
    const Shape3 factors = halving(fine);
    if (factors == Shape3{1, 1, 1}) break;
    Level level{.place = fine, .channels = {}, .factors = factors, .downsampling = downsampling};
    for (std::size_t axis = 0; axis < 3; ++axis) {
      level.place.shape[axis] = ceil_div(fine.shape[axis], factors[axis]);
      level.place.voxel_size[axis] *= static_cast<double>(factors[axis]);
    }
    levels_.push_back(std::move(level));
  }
  return *this;
}

ExportVolume ExportVolume::channel(std::int64_t i) const {
  ExportVolume volume = *this;
  for (Level& level : volume.levels_) {
    if (!level.channels.empty()) level.channels = one(level.channels[static_cast<std::size_t>(i)]);
  }
  return volume;
}

std::int64_t ExportVolume::bytes(std::size_t level) const {
  const std::int64_t item = channels() * static_cast<std::int64_t>(item_size(dtype()));
  return checked_multiply(volume(levels_.at(level).place.shape), item, "bytes of a level");
}

}  // namespace catvox
