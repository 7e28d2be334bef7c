#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "format/precomputed/info.hpp"

namespace catvox::detail {

/// An image_base of tile source type 14, `ROOT/…/%SCALE_DATASET%/…/a_b_c` with an optional query, taken apart.
struct PrecomputedLocation {
  std::string dataset;                ///< up to the axes, without end slashes; may hold %SCALE_DATASET%
  std::string query;                  ///< empty, or "?…": goes behind every path; may hold secrets
  std::array<std::size_t, 3> axes{};  ///< volume dimension of each array axis, zyx: (c, b, a) of the suffix

  /// The folders where `info` may lie, the likeliest first: the one before %SCALE_DATASET%, or the dataset itself, then
  /// one path component less each, up to the origin. At most 32.
  [[nodiscard]] std::vector<std::string> roots() const;

  /// The number of the one level that the location means, for a location without %SCALE_DATASET%: the scale whose key is
  /// the path from `root` to the dataset, or the first if there is no such path.
  /// \returns nullopt if all levels are meant
  /// \throws Error{invalid_metadata} if no scale has that key
  [[nodiscard]] std::optional<std::size_t> single_level(const PrecomputedInfo& info, const std::string& root) const;

  /// The folder of a scale's chunks, with a '/' at its end, percent-encoded, without dot segments.
  /// \param root  of roots(): where `info` was found
  [[nodiscard]] std::string scale_url(const PrecomputedScale& scale, const std::string& root) const;
};

/// \param image_base  absolute; slashes at its end are ignored (CATMAID's importers append one)
/// \throws Error{invalid_metadata} if it does not end in a permutation of 0, 1, 2. No part that could be secret is in
///         the message
PrecomputedLocation parse_precomputed_location(std::string_view image_base);

/// "gs://BUCKET/…" and "s3://BUCKET/…" as the https: URLs that they stand for; all else as it is.
std::string cloud_url(std::string_view url);

}  // namespace catvox::detail
