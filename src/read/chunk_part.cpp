#include "read/chunk_part.hpp"

#include <algorithm>

#include "read/copy.hpp"

namespace catvox::detail {
namespace {

std::byte* plane_of(const ChunkPart& part, std::int64_t destination_slice) {
  return part.out.data + destination_slice * part.out.strides[0] + part.rows->first * part.out.strides[1] +
         part.columns->first * part.out.strides[2];
}

}  // namespace

Box ChunkPart::window() const {
  return {{layer->slices.front().offset, rows->lowest(), columns->lowest()},
          {layer->slices.back().offset + 1, rows->highest() + 1, columns->highest() + 1}};
}

bool ChunkPart::fits_in_place() const {
  const auto& slices = layer->slices;
  const auto breaks = [](const SlicePair& a, const SlicePair& b) {
    return b.offset != a.offset + 1 || b.destination != a.destination + 1;
  };
  return rows->step == 1 && columns->step == 1 && out.strides[2] == static_cast<std::int64_t>(item) &&
         std::adjacent_find(slices.begin(), slices.end(), breaks) == slices.end();
}

StridedBytes ChunkPart::in_place() const { return {plane_of(*this, layer->slices.front().destination), out.strides}; }

void ChunkPart::copy_from(const std::byte* voxels, const Box& held) const {
  const auto shape = held.shape();
  const auto size = static_cast<std::int64_t>(item);
  const auto row_bytes = shape[2] * size;
  for (const auto& [offset, destination] : layer->slices) {
    const auto* from = voxels + (offset - held.min[0]) * shape[1] * row_bytes +
                       (rows->offset - held.min[1]) * row_bytes + (columns->offset - held.min[2]) * size;
    copy_plane(from, plane_of(*this, destination), {rows->count, rows->step * row_bytes, out.strides[1]},
               {columns->count, columns->step * size, out.strides[2]}, item);
  }
}

void ChunkPart::fill() const {
  for (const auto& pair : layer->slices) {
    zero_plane(plane_of(*this, pair.destination), {rows->count, 0, out.strides[1]}, {columns->count, 0, out.strides[2]},
               item);
  }
}

ChunkPart part_of(const ReadPlan& plan, std::int64_t number) {
  const auto columns = static_cast<std::int64_t>(plan.columns.size());
  const auto rows = static_cast<std::int64_t>(plan.rows.size());
  ChunkPart part;
  // Down the columns first: threads that write chunks side by side would share cache lines of the output.
  part.layer = &plan.layers[static_cast<std::size_t>(number / rows / columns)];
  part.columns = &plan.columns[static_cast<std::size_t>(number / rows % columns)];
  part.rows = &plan.rows[static_cast<std::size_t>(number % rows)];
  return part;
}

}  // namespace catvox::detail
