#include "format/precomputed/location.hpp"

#include <algorithm>
#include <catvox/core/error.hpp>
#include <catvox/core/text.hpp>

#include "http/url_parts.hpp"

namespace catvox::detail {
namespace {

constexpr std::string_view placeholder = "%SCALE_DATASET%";

std::string_view without_end_slashes(std::string_view path) {
  while (path.ends_with('/')) path.remove_suffix(1);
  return path;
}

/// Where the path of an absolute URL begins: behind the authority.
std::size_t path_begin(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return 0;
  return std::min(url.find('/', scheme + 3), url.size());
}

/// A path's text, percent-encoded: a key is a name.
std::string encode_path(std::string_view text) { return percent_encode(text, name_set); }

/// RFC 3986, 5.2.4; ".." at the top goes nowhere. Empty segments stay.
std::string without_dot_segments(std::string_view path) {
  std::vector<std::string_view> segments;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/'), path.size());
    const std::string_view segment = path.substr(0, end);
    path.remove_prefix(std::min(end + 1, path.size()));
    if (segment == "..") {
      if (!segments.empty()) segments.pop_back();
    } else if (segment != ".") {
      segments.push_back(segment);
    }
  }
  std::string joined;
  for (const std::string_view segment : segments) joined.append(segment).append("/");
  return joined;
}

}  // namespace

PrecomputedLocation parse_precomputed_location(std::string_view image_base) {
  PrecomputedLocation location;
  const std::size_t path_end = std::min(image_base.find('?'), image_base.size());
  location.query = image_base.substr(path_end);
  const std::string_view path = without_end_slashes(image_base.substr(0, path_end));
  const std::size_t slash = path.rfind('/');
  const std::string_view suffix = slash == std::string_view::npos ? "" : path.substr(slash + 1);
  constexpr std::array<std::string_view, 6> permutations{"0_1_2", "0_2_1", "1_0_2", "1_2_0", "2_0_1", "2_1_0"};
  if (std::ranges::find(permutations, suffix) == permutations.end()) {
    throw Error(Errc::invalid_metadata,
                "image_base of a precomputed volume must end in the dimensions that are x, y and z, like \"/0_1_2\"");
  }
  for (std::size_t axis = 0; axis < 3; ++axis)
    location.axes[axis] = static_cast<std::size_t>(suffix[4 - 2 * axis] - '0');
  location.dataset = without_end_slashes(path.substr(0, slash));
  return location;
}

std::vector<std::string> PrecomputedLocation::roots() const {
  constexpr std::size_t most = 32;
  const std::size_t begin = path_begin(dataset);
  std::string_view folder = without_end_slashes(std::string_view(dataset).substr(0, dataset.find(placeholder)));
  std::vector<std::string> roots;
  while (roots.size() < most) {
    roots.emplace_back(folder);
    if (folder.size() <= begin) break;
    const std::size_t slash = folder.rfind('/');
    if (slash == std::string_view::npos || slash < begin) break;
    folder = folder.substr(0, slash);
    while (folder.size() > begin && folder.ends_with('/')) folder.remove_suffix(1);
  }
  return roots;
}

std::optional<std::size_t> PrecomputedLocation::single_level(const PrecomputedInfo& info,
                                                             const std::string& root) const {
  if (dataset.find(placeholder) != std::string::npos) return std::nullopt;
  const std::string path = dataset.substr(std::min(root.size(), dataset.size()));
  const std::string folder = without_dot_segments(path.substr(std::min(path.find_first_not_of('/'), path.size())));
  if (folder.empty()) return 0;
  for (std::size_t i = 0; i < info.scales.size(); ++i) {
    if (without_dot_segments(encode_path(info.scales[i].key)) == folder) return i;
    if (without_dot_segments(info.scales[i].key) == folder) return i;
  }
  std::string keys;
  for (const PrecomputedScale& scale : info.scales) keys += (keys.empty() ? "" : ", ") + in_quotes(scale.key);
  throw Error(Errc::invalid_metadata,
              "precomputed volume: no scale has the key that image_base ends in; there are " + keys);
}

std::string PrecomputedLocation::scale_url(const PrecomputedScale& scale, const std::string& root) const {
  const std::size_t begin = path_begin(dataset);
  std::string path(dataset.substr(begin));
  if (const std::size_t at = path.find(placeholder); at != std::string::npos) {
    path.replace(at, placeholder.size(), encode_path(scale.key));
  } else {
    path = root.substr(std::min(begin, root.size())) + "/" + encode_path(scale.key);
  }
  const std::size_t first = std::min(path.find_first_not_of('/'), path.size());
  return dataset.substr(0, begin) + "/" + without_dot_segments(std::string_view(path).substr(first));
}

std::string cloud_url(std::string_view url) {
  constexpr std::string_view google = "gs://", amazon = "s3://";
  url.remove_prefix(std::min(url.find_first_not_of(" \t\r\n"), url.size()));
  if (url.starts_with(google)) {
    return "https://storage.googleapis.com/" + std::string(url.substr(google.size()));
  }
  if (url.starts_with(amazon)) {
    const std::string_view rest = url.substr(amazon.size());
    const std::size_t slash = std::min(rest.find('/'), rest.size());
    return "https://" + std::string(rest.substr(0, slash)) + ".s3.amazonaws.com" + std::string(rest.substr(slash));
  }
  return std::string(url);
}

}  // namespace catvox::detail
