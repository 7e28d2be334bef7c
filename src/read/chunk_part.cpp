#include "read/chunk_part.hpp"

#include <algorithm>

#include "read/copy.hpp"

namespace catvox::detail {
namespace {

std::byte* plane_of(const ChunkPart& part, std::byte* out, std::int64_t destination_slice) {
  return out + destination_slice * part.out.strides[0] + part.of.rows.first * part.out.strides[1] +
         part.of.columns.first * part.out.strides[2];
}

// Calls f(offset, destination) for each slice of the chunk that is needed.
template <class F>
void for_each_slice(const PlanPart& part, const F& f) {
  if (part.moved != nullptr) {
    for (const auto& [offset, destination] : part.moved->slices) f(offset, destination);
    return;
  }
  for (std::int64_t k = 0; k < part.slices.count; ++k) {
    f(part.slices.offset + k * part.slices.step, part.slices.first + k);
  }
}

}  // namespace

Box ChunkPart::window() const {
  const auto lowest = of.moved != nullptr ? of.moved->slices.front().offset : of.slices.lowest();
  const auto highest = of.moved != nullptr ? of.moved->slices.back().offset : of.slices.highest();
  return {{lowest, of.rows.lowest(), of.columns.lowest()},
          {highest + 1, of.rows.highest() + 1, of.columns.highest() + 1}};
}

bool ChunkPart::fits_in_place() const {
  if (of.rows.step != 1 || of.columns.step != 1 || out.strides[2] != static_cast<std::int64_t>(item)) return false;
  if (of.moved == nullptr) return of.slices.step == 1;
  const auto& slices = of.moved->slices;
  const auto breaks = [](const SlicePair& a, const SlicePair& b) {
    return b.offset != a.offset + 1 || b.destination != a.destination + 1;
  };
  return std::adjacent_find(slices.begin(), slices.end(), breaks) == slices.end();
}

StridedBytes ChunkPart::in_place() const {
  return {plane_of(*this, out.data, of.moved != nullptr ? of.moved->slices.front().destination : of.slices.first),
          out.strides};
}

void ChunkPart::copy_from(const std::byte* voxels, const Box& held,
                          const std::optional<AxisSelection>& held_channels) const {
  if (!channels) return copy_plane_from(voxels, held, out.data);
  const auto channel_bytes = volume(held.shape()) * static_cast<std::int64_t>(item);
  for (std::int64_t k = 0; k < channels->which.count; ++k) {
    const auto position = position_in(*held_channels, channels->which.start + k * channels->which.step);
    copy_plane_from(voxels + position.value_or(0) * channel_bytes, held, out.data + k * channels->stride);
  }
}

void ChunkPart::copy_plane_from(const std::byte* voxels, const Box& held, std::byte* to) const {
  const auto shape = held.shape();
  const auto size = static_cast<std::int64_t>(item);
  const auto row_bytes = shape[2] * size;
  for_each_slice(of, [&](std::int64_t offset, std::int64_t destination) {
    const auto* from = voxels + (offset - held.min[0]) * shape[1] * row_bytes +
                       (of.rows.offset - held.min[1]) * row_bytes + (of.columns.offset - held.min[2]) * size;
    copy_plane(from, plane_of(*this, to, destination), {of.rows.count, of.rows.step * row_bytes, out.strides[1]},
               {of.columns.count, of.columns.step * size, out.strides[2]}, item);
  });
}

void ChunkPart::fill() const {
  for (std::int64_t k = 0; k < channel_count(); ++k) {
    std::byte* const to = out.data + (channels ? k * channels->stride : 0);
    for_each_slice(of, [&](std::int64_t, std::int64_t destination) {
      zero_plane(plane_of(*this, to, destination), {of.rows.count, 0, out.strides[1]},
                 {of.columns.count, 0, out.strides[2]}, item);
    });
  }
}

}  // namespace catvox::detail
