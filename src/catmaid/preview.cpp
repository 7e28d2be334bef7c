#include <algorithm>
#include <catvox/array/detail/resident_regions.hpp>
#include <catvox/array/detail/view_geometry.hpp>
#include <catvox/catmaid/stack.hpp>
#include <catvox/core/detail/checked.hpp>
#include <catvox/core/error.hpp>
#include <catvox/core/text.hpp>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

namespace catvox {

using namespace detail;

namespace {

// One slice of one level.
struct Candidate {
  std::shared_ptr<const LevelSource> level;
  Selection3 slice{};  // one z, every row and column

  // Every n-th row and column, so that they are at most so many pixels.
  [[nodiscard]] Selection3 reduced_to(std::int64_t max_pixels) const {
    const auto fits = [&](std::int64_t step) {
      return ceil_div(slice[1].count, step) <= max_pixels / ceil_div(slice[2].count, step);
    };
    std::int64_t step = 1;  // the least that fits, found by halves
    for (std::int64_t too_small = 0, enough = std::max(slice[1].count, slice[2].count); too_small + 1 < enough;) {
      const std::int64_t middle = too_small + (enough - too_small) / 2;
      (fits(middle) ? enough : too_small) = middle;
      step = enough;
    }
    Selection3 selection = slice;
    for (const std::size_t axis : {1U, 2U}) {
      selection[axis].step = step;
      selection[axis].count = ceil_div(slice[axis].count, step);
    }
    return selection;
  }
};

template <class T>
void to_grey(const T* voxels, std::size_t count, std::uint8_t* pixels) {
  if constexpr (std::is_same_v<T, std::uint8_t>) {
    std::copy(voxels, voxels + count, pixels);
  } else {
    double low = std::numeric_limits<double>::infinity();
    double high = -low;
    for (std::size_t i = 0; i < count; ++i) {
      const auto value = static_cast<double>(voxels[i]);
      if (!std::isfinite(value)) continue;
      low = std::min(low, value);
      high = std::max(high, value);
    }
    for (std::size_t i = 0; i < count; ++i) {
      const auto value = static_cast<double>(voxels[i]);
      const double share = high > low && std::isfinite(value) ? (value - low) / (high - low) : 0;
      pixels[i] = static_cast<std::uint8_t>(std::lround(255 * share));
    }
  }
}

Preview picture_of(const Region& region, const LevelSource& level) {
  const Selection3& selection = region.layout.selection();
  const auto rows = static_cast<std::size_t>(selection[1].count);
  const auto columns = static_cast<std::size_t>(selection[2].count);
  Preview preview;
  preview.pixels = xt::xtensor<std::uint8_t, 2>({rows, columns});
  visit_dtype(level.dtype(), [&]<class T>(std::type_identity<T>) {
    to_grey(region.data<T>(), rows * columns, preview.pixels.data());
  });
  preview.level = level.level();
  const LevelGeometry& geometry = level.geometry();
  for (const std::size_t axis : {0U, 1U}) {
    preview.dims[axis] = axis_name(region.layout, geometry, axis + 1);
    preview.pixel_size[axis] = axis_voxel_size(region.layout, geometry, axis + 1);
  }
  const std::array<double, 3> first{0, 0, 0};
  const std::array<double, 3> end{1, static_cast<double>(rows), static_cast<double>(columns)};
  preview.world = {position_to_world(region.layout, geometry, first), position_to_world(region.layout, geometry, end)};
  return preview;
}

}  // namespace

Preview Stack::preview(std::int64_t max_pixels, const std::optional<WorldBox>& box, const ReadOptions& options) const {
  if (max_pixels < 1)
    throw Error(Errc::invalid_argument, "preview: max_pixels must be > 0, got " + std::to_string(max_pixels));
  std::vector<Candidate> candidates;  // finest first
  for (const int number : level_numbers(options.stop)) {
    Candidate candidate{source(number, options.stop)};
    ViewLayout layout(candidate.level->geometry().shape());
    if (box) layout = layout.clipped(candidate.level->geometry().touched(*box));
    candidate.slice = layout.selection();
    if (layout.size() == 0) throw Error(Errc::not_found, "preview: the box lies outside of the stack");
    candidate.slice[0] = {candidate.slice[0].start + candidate.slice[0].count / 2, 1, 1};
    candidates.push_back(std::move(candidate));
  }
  // The finest level that fits as it is, else the coarsest; and where a mirror has nothing of that, finer ones.
  const auto fits = [&](const Candidate& candidate) { return candidate.reduced_to(max_pixels)[1].step == 1; };
  auto candidate = std::ranges::find_if(candidates, fits);
  if (candidate == candidates.end()) --candidate;
  std::string tried;
  for (;; --candidate) {
    const ViewLayout layout =
        ViewLayout(candidate->level->geometry().shape()).with_selection(candidate->reduced_to(max_pixels));
    ReadStatistics statistics;
    const Region region = read_region(*candidate->level, layout, options, &statistics);
    if (statistics.chunks == 0 || statistics.missing < statistics.chunks) return picture_of(region, *candidate->level);
    tried += (tried.empty() ? "" : ", ") + std::to_string(candidate->level->level());
    if (candidate == candidates.begin()) break;
  }
  throw Error(Errc::not_found,
              "preview: " + (sources_.empty() ? "mirror " + in_quotes(mirror().title) : std::string("the stack")) +
                  " has nothing of the slice in the middle, at level " + tried);
}

}  // namespace catvox
