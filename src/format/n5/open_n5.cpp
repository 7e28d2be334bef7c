#include "format/n5/open_n5.hpp"

#include <catvox/core/error.hpp>
#include <catvox/format/n5/n5_location.hpp>
#include <catvox/format/n5/n5_store.hpp>
#include <string>
#include <utility>

namespace catvox::detail {

Opened open_n5(const MirrorLocation& location, const MirrorAccess& access) {
  const N5Location volume = parse_n5_location(location.image_base);
  const auto highest = static_cast<int>(scale_factors(location.scales).size()) - 1;
  const auto metadata = access.source({});
  const auto chunks = access.source({.cacheable = true});
  auto found = discover_n5_levels(
      volume, [&](const std::string& url) { return fetch_text(*metadata, url, access); }, highest);
  Opened opened;
  for (auto& [level, attributes] : found) {
    const auto factors = level_factors(location.scales, level);
    if (!factors) break;
    auto store = std::make_shared<const N5Store>(std::move(attributes), volume, level);
    opened.levels.push_back({level, *factors, std::move(store), chunks});
  }
  if (opened.levels.empty()) {
    throw Error(Errc::not_found, "N5 volume: the stack's downsample_factors end before level " +
                                     std::to_string(found.front().level) + ", the first that the volume has");
  }
  if (opened.levels.front().level == 0) opened.own_shape = opened.levels.front().store->shape();
  return opened;
}

}  // namespace catvox::detail
