#pragma once

#include <array>
#include <catvox/format/n5/n5_attributes.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace catvox {

/// Where an N5 volume lies and which of its dimensions are the stack's axes: an image_base of tile source type 11,
/// `…/%SCALE_DATASET%/…/a_b_c` with an optional query, taken apart.
struct N5Location {
  std::string before;                 ///< the path up to %SCALE_DATASET%, or all of it, without axes and end slashes
  std::string after;                  ///< the path behind %SCALE_DATASET%: empty, or "/…"
  std::string query;                  ///< empty, or "?…": goes behind every path; may hold secrets
  bool has_levels = false;            ///< whether there was a %SCALE_DATASET%; without, only level 0 exists
  std::array<std::size_t, 3> axes{};  ///< N5 dimension of each array axis, zyx: (c, b, a) of the suffix; all different

  /// The dataset of a level, without the query.
  [[nodiscard]] std::string dataset_url(int level) const;

  [[nodiscard]] std::string attributes_url(int level) const;

  /// \param position  of the block in the grid, one per N5 dimension, in N5's order
  [[nodiscard]] std::string block_url(int level, std::span<const std::int64_t> position) const;
};

/// \param image_base  absolute; slashes at its end are ignored (CATMAID's importers append one)
/// \throws Error{invalid_metadata} if it does not end in three different dimensions. No part that could be secret is
///         in the message
N5Location parse_n5_location(std::string_view image_base);

struct N5Level {
  int level = 0;
  N5Attributes attributes;
};

/// Finds the levels that exist, by their attributes.
///
/// Asks for s0, s1, … in turn and stops at the first that is missing, but not before `probe_up_to` was asked for: so a
/// level that is missing below it does not hide those above. At most 64 levels are asked for.
///
/// \param fetch        body of the URL, or nullopt if there is nothing; what it throws is passed on
/// \param probe_up_to  the level that there should be according to the stack (its highest), or 0
/// \returns            in ascending order, at least one
/// \throws Error       of parse_n5_attributes, with the level before its text; Error{not_found} if no level exists
std::vector<N5Level> discover_n5_levels(const N5Location& location,
                                        const std::function<std::optional<std::string>(const std::string& url)>& fetch,
                                        int probe_up_to = 0);

}  // namespace catvox
