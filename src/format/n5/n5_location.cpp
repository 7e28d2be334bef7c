#include "format/n5/n5_location.hpp"

#include <algorithm>
#include <catvox/core/error.hpp>
#include <charconv>
#include <optional>
#include <utility>

namespace catvox::detail {
namespace {

constexpr std::string_view placeholder = "%SCALE_DATASET%";

std::string_view without_end_slashes(std::string_view path) {
  while (path.ends_with('/')) path.remove_suffix(1);
  return path;
}

/// "1_0_2" as (2, 0, 1), the order of array axes; nullopt if it is not three numbers.
std::optional<std::array<std::size_t, 3>> parse_axes(std::string_view suffix) {
  std::array<std::size_t, 3> axes{};
  const char* at = suffix.data();
  const char* const end = suffix.data() + suffix.size();
  for (std::size_t i = 3; i-- > 0;) {
    unsigned char dimension = 0;
    const auto [next, status] = std::from_chars(at, end, dimension);
    if (status != std::errc{}) return std::nullopt;
    axes[i] = dimension;
    at = next;
    if (i > 0 && (at == end || *at++ != '_')) return std::nullopt;
  }
  if (at != end) return std::nullopt;
  return axes;
}

}  // namespace

std::string N5Location::dataset_url(int level) const {
  return has_levels ? before + "s" + std::to_string(level) + after : before;
}

std::string N5Location::attributes_url(int level) const { return dataset_url(level) + "/attributes.json" + query; }

std::string N5Location::block_url(int level, std::span<const std::int64_t> position) const {
  std::string url = dataset_url(level);
  for (const std::int64_t i : position) url += "/" + std::to_string(i);
  return url + query;
}

N5Location parse_n5_location(std::string_view image_base) {
  N5Location location;
  const std::size_t path_end = std::min(image_base.find('?'), image_base.size());
  location.query = image_base.substr(path_end);
  std::string_view path = without_end_slashes(image_base.substr(0, path_end));

  const std::size_t slash = path.rfind('/');
  const std::string_view suffix = slash == std::string_view::npos ? path : path.substr(slash + 1);
  const auto axes = parse_axes(suffix);
  if (!axes) {
    throw Error(Errc::invalid_metadata,
                "image_base of an N5 volume must end in the dimensions that are x, y and z, like \"/0_1_2\"");
  }
  const auto& [z, y, x] = *axes;
  if (z == y || z == x || y == x) {
    throw Error(
        Errc::invalid_metadata,
        "image_base of an N5 volume must end in three different dimensions, not in \"/" + std::string(suffix) + "\"");
  }
  location.axes = *axes;

  path = without_end_slashes(path.substr(0, path.size() - suffix.size()));
  const std::size_t levels = path.find(placeholder);
  location.has_levels = levels != std::string_view::npos;
  location.before = path.substr(0, levels);
  if (location.has_levels) location.after = path.substr(levels + placeholder.size());
  return location;
}

}  // namespace catvox::detail
