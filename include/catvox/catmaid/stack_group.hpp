#pragma once

#include <catvox/core/export.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace catvox {

/// Stacks that belong together, as CATMAID's `/{pid}/stackgroup/{gid}/info` has them.
struct CATVOX_EXPORT StackGroup {
  /// Each stack keeps its own size, resolution and place: members need not share a grid.
  struct Member {
    std::int64_t stack_id = 0;  ///< of the same project
    std::string relation;       ///< "view": another orientation of the same data; "channel": shown over the first
    std::int64_t position = 0;  ///< lowest first
    friend bool operator==(const Member&, const Member&) = default;
  };

  std::int64_t id = 0;          ///< as the server numbers it
  std::int64_t project_id = 0;  ///< of the project that it belongs to
  std::string title;            ///< may be empty
  std::vector<Member> stacks;   ///< in the order of `position`

  /// Needs `id`, `stacks` and the id of each. \throws Error{invalid_metadata, server_error} as StackInfo::from_json()
  static StackGroup from_json(std::string_view text);

  friend bool operator==(const StackGroup&, const StackGroup&) = default;
};

/// A row of a project's list of stack groups.
struct StackGroupSummary {
  std::int64_t id = 0;  ///< as the server numbers it
  std::string title;    ///< may be empty
  std::string comment;  ///< may be empty
  friend bool operator==(const StackGroupSummary&, const StackGroupSummary&) = default;
};

}  // namespace catvox
