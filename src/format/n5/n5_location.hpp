#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace catvox::detail {

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

}  // namespace catvox::detail
