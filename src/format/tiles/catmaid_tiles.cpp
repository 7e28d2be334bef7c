#include "format/tiles/catmaid_tiles.hpp"

#include <algorithm>
#include <array>
#include <catvox/core/error.hpp>
#include <catvox/format/tiles/tile_store.hpp>
#include <charconv>
#include <cmath>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "format/tiles/open_tiles.hpp"
#include "http/url_parts.hpp"

namespace catvox::detail {
namespace {

// As jQuery writes a query's value: encodeURIComponent(), then a space as "+".
std::string query_value(std::string_view text) {
  std::string encoded = percent_encode(text, "\"#$%&+,/:;<=>?@[\\]^`{|}");
  for (std::size_t at = 0; (at = encoded.find("%20", at)) != std::string::npos; ++at) encoded.replace(at, 3, "+");
  return encoded;
}

// 2^-level as JavaScript prints it: 0.5, 0.0000019073486328125 and, from level 20 on, 9.5367431640625e-7.
std::string scale_text(int level) {
  std::array<char, 64> text{};
  const auto format = level < 20 ? std::chars_format::fixed : std::chars_format::scientific;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), std::ldexp(1.0, -level), format).ptr;
  std::string scale(text.data(), end);
  if (const auto exponent = scale.find("e-0"); exponent != std::string::npos) scale.erase(exponent + 2, 1);
  return scale;
}

class CatmaidTileStore final : public TileStore {
 public:
  struct Asked {
    std::string basename;
    std::string file_extension;
    std::string format;
    bool clipped = false;  ///< to what lies in the level
  };

  CatmaidTileStore(Level level, const Asked& asked)
      : TileStore(std::move(level)),
        clipped_(asked.clipped),
        end_("&file_extension=" + query_value(asked.file_extension) + "&basename=" + query_value(asked.basename) +
             "&type=all&format=" + asked.format) {}

  [[nodiscard]] std::string tile_url(const TileIndex& t) const override {
    const auto number = [](std::int64_t n) { return std::to_string(n); };
    const std::int64_t x = t.column * level().tile_width, y = t.row * level().tile_height;
    std::int64_t width = level().tile_width, height = level().tile_height;
    if (clipped_) {
      width = std::min(width, shape()[2] - x);
      height = std::min(height, shape()[1] - y);
    }
    return image_base() + "?x=" + number(x) + "&y=" + number(y) + "&width=" + number(width) +
           "&height=" + number(height) + "&row=y&col=x&scale=" + scale_text(t.level) + "&z=" + number(t.slice) + end_;
  }

 private:
  const bool clipped_;
  const std::string end_;
};

Opened open_from_server(MirrorLocation location, const MirrorAccess& access, int highest_level,
                        CatmaidTileStore::Asked asked) {
  if (!location.server.starts_with("http")) {  // a folder makes no tiles
    throw Error(Errc::invalid_argument, "a CATMAID server makes its tiles, and no URL of one is known");
  }
  asked.basename = std::exchange(location.image_base, location.server + std::to_string(location.project_id) +
                                                          "/stack/" + std::to_string(location.stack_id) + "/tile");
  asked.file_extension = std::exchange(location.file_extension, "");
  const TileRules rules{.not_found_is_missing = false, .highest_level = highest_level, .api_token = true};
  return open_tiles(location, access, rules, [&](TileStore::Level level) -> std::unique_ptr<const TileStore> {
    return std::make_unique<const CatmaidTileStore>(std::move(level), asked);
  });
}

}  // namespace

Opened open_catmaid_hdf5(const MirrorLocation& location, const MirrorAccess& access) {
  return open_from_server(location, access, 0,
                          {.basename = {}, .file_extension = {}, .format = "hdf5", .clipped = true});
}

Opened open_catmaid_cloud_volume(const MirrorLocation& location, const MirrorAccess& access) {
  constexpr int highest_level = 30;  // beyond it the scale is no number
  MirrorLocation readable = location;
  auto& extension = readable.file_extension;
  extension.resize(std::min(extension.find('?'), extension.size()));
  if (extension == "jpg") extension = "jpeg";
  return open_from_server(std::move(readable), access, highest_level,
                          {.basename = {}, .file_extension = {}, .format = "cloudvolume", .clipped = false});
}

}  // namespace catvox::detail
