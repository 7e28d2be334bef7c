#include "format/precomputed/open_precomputed.hpp"

#include <array>
#include <catvox/core/error.hpp>
#include <cmath>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "bytes/shard_source.hpp"
#include "format/precomputed/info.hpp"
#include "format/precomputed/location.hpp"
#include "format/precomputed/precomputed_store.hpp"

namespace catvox::detail {
namespace {

struct FoundInfo {
  PrecomputedInfo info;
  std::string root;  ///< the folder where it lies
};

/// Whether a server has said something that is no `info`, rather than nothing at all.
bool is_answer(Errc code) noexcept {
  return code != Errc::cancelled && code != Errc::timeout && code != Errc::connection && code != Errc::io;
}

/// The first `info` on the way from the location up to its origin.
FoundInfo find_info(const PrecomputedLocation& location, ByteSource& metadata, const MirrorAccess& access) {
  std::optional<Error> first_error;
  for (const std::string& root : location.roots()) {
    try {
      if (const auto text = fetch_text(metadata, root + "/info" + location.query, access)) {
        return {parse_precomputed_info(*text), root};
      }
    } catch (const Error& error) {
      if (!is_answer(error.code())) throw;
      if (!first_error) first_error = error;
    }
  }
  if (first_error) throw *first_error;
  throw Error(Errc::not_found, "precomputed volume: no info where image_base says, nor above");
}

std::string text(double number) {
  std::array<char, 32> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%g", number);
  return buffer.data();
}

std::string text(const StackVector& v) { return text(v.x) + " x " + text(v.y) + " x " + text(v.z); }

bool same(const StackVector& a, const StackVector& b) noexcept {
  const auto near = [](double p, double q) { return std::abs(p - q) <= 1e-6 * std::max(std::abs(p), std::abs(q)); };
  return near(a.x, b.x) && near(a.y, b.y) && near(a.z, b.z);
}

/// Something of a scale for each of the stack's axes x, y, z.
template <class F>
StackVector for_stack_axes(const PrecomputedLocation& location, const F& f) {
  return {f(location.axes[2]), f(location.axes[1]), f(location.axes[0])};
}

bool all_whole(const StackVector& v) noexcept { return same(v, {std::round(v.x), std::round(v.y), std::round(v.z)}); }

/// Whether two sizes differ by less than a voxel on each axis: writers round up or down.
bool rounds_to(const StackVector& size, const StackVector& exact) noexcept {
  const auto near = [](double p, double q) { return std::abs(p - q) < 1; };
  return near(size.x, exact.x) && near(size.y, exact.y) && near(size.z, exact.z);
}

/// The factors of a level: the stack's own, else those of the resolutions. With warnings where they, the sizes or the
/// places of the scales' first voxels do not line up.
std::optional<StackVector> factors_of(const MirrorLocation& stack, const PrecomputedLocation& location,
                                      const PrecomputedInfo& info, std::size_t level,
                                      std::vector<std::string>& warnings) {
  const PrecomputedScale& first = info.scales.front();
  const PrecomputedScale& scale = info.scales[level];
  const auto own = for_stack_axes(location, [&](std::size_t d) { return scale.resolution[d] / first.resolution[d]; });
  const auto shift = for_stack_axes(location, [&](std::size_t d) {
    return static_cast<double>(scale.voxel_offset[d]) * scale.resolution[d] -
           static_cast<double>(first.voxel_offset[d]) * first.resolution[d];
  });
  const bool explicit_factors = stack.scales.downsample_factors && !stack.scales.downsample_factors->empty();
  const auto factors = explicit_factors ? level_factors(stack.scales, static_cast<int>(level)) : own;
  if (!factors) return std::nullopt;
  const std::string which = "level " + std::to_string(level) + " of the volume ";
  if (!same(*factors, own)) {
    warnings.push_back(which + "is downsampled by " + text(own) + " (x, y, z), the stack says " + text(*factors) +
                       "; the stack's factors are used");
  }
  if (!all_whole(own)) {
    warnings.push_back(which + "is downsampled by " + text(own) + " (x, y, z), which is no whole factor");
  }
  const auto size = for_stack_axes(location, [&](std::size_t d) { return static_cast<double>(scale.size[d]); });
  const auto exact = for_stack_axes(location, [&](std::size_t d) {
    return static_cast<double>(first.size[d]) * first.resolution[d] / scale.resolution[d];
  });
  if (!rounds_to(size, exact)) {
    warnings.push_back(which + "has " + text(size) + " voxels (x, y, z), level 0 would have " + text(exact) +
                       " at that resolution");
  }
  if (!same(shift, {0, 0, 0})) {
    warnings.push_back(which + "begins " + text(shift) +
                       " nm (x, y, z) from where level 0 does; both are placed at the " + "stack's first voxel");
  }
  return factors;
}

}  // namespace

Opened open_precomputed(const MirrorLocation& stack, const MirrorAccess& access) {
  const PrecomputedLocation location = parse_precomputed_location(stack.image_base);
  const auto metadata = access.source({});
  const auto [info, root] = find_info(location, *metadata, access);
  // Stores in clouds answer 403 for what is not there to whom may not list it; but `info` was there.
  const auto files = access.source({.cacheable = true, .anonymous_403_is_missing = true, .ranges = true});
  const auto indices = std::make_shared<ShardIndices>();

  Opened opened;
  if (info.channels > 1) {
    opened.warnings.push_back("the volume has " + std::to_string(info.channels) + " channels; the first is read");
  }
  const auto single = location.single_level(info, root);
  for (std::size_t i = single.value_or(0); i < (single ? *single + 1 : info.scales.size()); ++i) {
    const PrecomputedScale& scale = info.scales[i];
    const std::size_t level = single ? 0 : i;
    const std::optional<StackVector> factors =
        single ? StackVector{1, 1, 1} : factors_of(stack, location, info, i, opened.warnings);
    if (!factors) break;
    const std::string folder = location.scale_url(scale, root);
    try {
      auto store =
          std::make_shared<const PrecomputedStore>(PrecomputedStore::Options{.dtype = info.dtype,
                                                                             .channels = info.channels,
                                                                             .scale = scale,
                                                                             .axes = location.axes,
                                                                             .folder = folder,
                                                                             .query = location.query,
                                                                             .level = static_cast<int>(level)});
      auto chunks = files;
      if (scale.sharding) {
        chunks = make_shard_source({.files = files,
                                    .folder = folder,
                                    .query = location.query,
                                    .sharding = *scale.sharding,
                                    .indices = indices});
      }
      opened.levels.push_back({static_cast<int>(level), *factors, std::move(store), std::move(chunks)});
    } catch (const Error& error) {
      if (level == 0) throw Error(error.code(), "precomputed volume, level 0: " + std::string(error.what()));
      opened.warnings.push_back("level " + std::to_string(level) + " of the volume is left out: " + error.what());
    }
  }
  opened.own_shape = opened.levels.front().store->shape();
  return opened;
}

}  // namespace catvox::detail
