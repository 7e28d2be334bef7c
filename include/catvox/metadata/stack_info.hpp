#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace catvox {

/// Three numbers along the axes of *stack space* (x = column, y = row, z = slice), as CATMAID's JSON has them.
struct StackVector {
  double x = 0, y = 0, z = 0;
  friend bool operator==(const StackVector&, const StackVector&) = default;
};

/// Voxels along the axes of stack space.
struct StackDimension {
  std::int64_t x = 0, y = 0, z = 0;
  friend bool operator==(const StackDimension&, const StackDimension&) = default;
};

/// How the stack lies in project space: which project plane one slice shows.
enum class Orientation : std::uint8_t { xy = 0, xz = 1, zy = 2 };

/// 0 to 1 per channel.
struct Color {
  double r = 0, g = 0, b = 0, a = 1;
  friend bool operator==(const Color&, const Color&) = default;
};

/// One copy of a stack's pixels and how they are laid out there.
struct MirrorInfo {
  std::int64_t id = 0;
  std::string title;
  std::string image_base;         ///< as the server sent it: may be relative or protocol-relative
  std::int64_t tile_width = 0;    ///< columns per tile, > 0
  std::int64_t tile_height = 0;   ///< rows per tile, > 0
  int tile_source_type = 0;       ///< 1 to 14 in CATMAID of 2022; a number, so that a newer one still parses
  std::string file_extension;     ///< may be empty, may carry a query ("jpg?x=y")
  std::int64_t position = 0;      ///< the server's order of preference, lowest first

  friend bool operator==(const MirrorInfo&, const MirrorInfo&) = default;
};

/// What `/{pid}/stack/{sid}/info` says of one stack. Field names are the server's.
struct StackInfo {
  std::int64_t sid = 0;
  std::int64_t pid = 0;
  std::string ptitle;
  std::string stitle;
  std::optional<std::vector<StackVector>> downsample_factors;  ///< per level; absent: (2^s, 2^s, 1)
  std::int64_t num_zoom_levels = -1;                           ///< the *highest level index*; -1: derive it
  StackVector translation;                                     ///< project axes, project units
  StackVector resolution{1, 1, 1};                             ///< stack axes, project units per voxel, > 0
  StackDimension dimension;                                    ///< stack axes, voxels at level 0, > 0
  std::string comment;
  std::string description;
  std::optional<std::string> metadata;                ///< JSON text of an object; absent for null and ""
  std::map<std::int64_t, std::int64_t> broken_slices; ///< full-resolution slice -> the server's value (1 is a marker)
  std::vector<MirrorInfo> mirrors;                    ///< in the order of `position`
  Orientation orientation = Orientation::xy;
  std::optional<std::string> attribution;
  std::optional<StackDimension> canary_location;  ///< stack axes, voxels at level 0
  std::optional<Color> placeholder_color;

  /// Parses a stack info answer, with every oddity that servers of different ages produce.
  /// \throws Error{invalid_metadata} naming the key that is missing or wrong;
  ///         Error{server_error} with the server's words if the answer is `{"error": …}`
  static StackInfo from_json(std::string_view text);

  /// The same facts as a JSON text that from_json() reads back to an equal StackInfo.
  [[nodiscard]] std::string to_json() const;

  friend bool operator==(const StackInfo&, const StackInfo&) = default;
};

/// One row of `/{pid}/stacks`.
struct StackSummary {
  std::int64_t id = 0;
  std::int64_t pid = 0;
  std::string title;
  std::string comment;

  /// \throws Error{invalid_metadata, server_error} as StackInfo::from_json
  static std::vector<StackSummary> list_from_json(std::string_view text);
  static StackSummary from_json(std::string_view text);
  [[nodiscard]] std::string to_json() const;

  friend bool operator==(const StackSummary&, const StackSummary&) = default;
};

/// One row of `/projects/`.
struct ProjectSummary {
  std::int64_t id = 0;
  std::string title;
  std::string comment;
  std::vector<StackSummary> stacks;

  /// \throws Error{invalid_metadata, server_error} as StackInfo::from_json
  static std::vector<ProjectSummary> list_from_json(std::string_view text);

  friend bool operator==(const ProjectSummary&, const ProjectSummary&) = default;
};

}  // namespace catvox
