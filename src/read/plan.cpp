#include "read/plan.hpp"

#include <algorithm>
#include <optional>
#include <tuple>

namespace catvox::detail {
namespace {

std::vector<AxisRun> split(const AxisSelection& selection, std::int64_t chunk_extent) {
  std::vector<AxisRun> runs;
  for (std::int64_t done = 0; done < selection.count;) {
    const auto source = selection.start + done * selection.step;
    const auto chunk = source / chunk_extent;
    const auto offset = source % chunk_extent;
    const auto fit =
        selection.step > 0 ? (chunk_extent - 1 - offset) / selection.step + 1 : offset / -selection.step + 1;
    const auto count = std::min(fit, selection.count - done);
    runs.push_back({chunk, offset, count == 1 ? 1 : selection.step, done, count});
    done += count;
  }
  return runs;
}

}  // namespace

std::int64_t ReadPlan::chunks() const {
  return volume({static_cast<std::int64_t>(layers.size()), static_cast<std::int64_t>(rows.size()),
                 static_cast<std::int64_t>(columns.size())});
}

ReadPlan plan_read(const Selection3& selection, const Shape3& chunk_shape, std::int64_t depth,
                   const BrokenSlices& broken, double z_factor) {
  ReadPlan plan;
  plan.rows = split(selection[1], chunk_shape[1]);
  plan.columns = split(selection[2], chunk_shape[2]);

  struct Slice {
    std::int64_t source, destination;
  };
  std::vector<Slice> slices;
  slices.reserve(static_cast<std::size_t>(selection[0].count));
  for (std::int64_t i = 0; i < selection[0].count; ++i) {
    const auto source = broken.resolve_level(selection[0].start + i * selection[0].step, z_factor);
    if (source && *source >= 0 && *source < depth) {
      slices.push_back({*source, i});
    } else {
      plan.fill_slices.push_back(i);
    }
  }
  std::sort(slices.begin(), slices.end(), [](const Slice& a, const Slice& b) {
    return std::tie(a.source, a.destination) < std::tie(b.source, b.destination);
  });
  for (const auto& [source, destination] : slices) {
    const auto chunk = source / chunk_shape[0];
    if (plan.layers.empty() || plan.layers.back().chunk != chunk) plan.layers.push_back({chunk, {}});
    plan.layers.back().slices.push_back({source % chunk_shape[0], destination});
  }
  return plan;
}

}  // namespace catvox::detail
