#pragma once

#include <catvox/catmaid/stack_group.hpp>
#include <catvox/core/export.hpp>
#include <catvox/geometry/level_geometry.hpp>
#include <catvox/geometry/scale_levels.hpp>
#include <catvox/geometry/stack_space.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace catvox {

/// 0 to 1 per channel.
struct Color {
  double r = 0;  ///< red
  double g = 0;  ///< green
  double b = 0;  ///< blue
  double a = 1;  ///< how opaque
  friend bool operator==(const Color&, const Color&) = default;
};

// What the JSON readers below have in common. Numbers may come as strings ("7"), and whole numbers as floats (7.0, but
// not 7.5). A text that is null is empty. Keys that are not known are ignored. What is not JSON, lacks a needed key or
// holds an impossible value is an Error{invalid_metadata} that names the place:
//   stack info: missing key "mirrors[0].image_base"
//   stack info: "resolution.z" must be a number > 0, got 0
//   stack info: not valid JSON at byte 9, near "{"sid": NaN}"
// and CATMAID's `{"error": …}`, whatever the status it came with, is an Error{server_error} with the server's words:
//   stack info: the server answered "No Stack matches the given query. (Http404)"

/// One copy of a stack's pixels and how they are laid out there.
struct CATVOX_EXPORT MirrorInfo {
  std::int64_t id = 0;           ///< as the server numbers it
  std::string title;             ///< may be empty
  std::string image_base;        ///< as the server sent it: may be relative or protocol-relative
  std::int64_t tile_width = 0;   ///< columns per tile, 1 to max_tile_side
  std::int64_t tile_height = 0;  ///< rows per tile, 1 to max_tile_side
  int tile_source_type = 0;      ///< 1 to 14 in CATMAID of 2022; a number, so that a newer one still parses
  std::string file_extension;    ///< may be empty, may carry a query ("jpg?x=y")
  std::int64_t position = 0;     ///< the server's order of preference, lowest first

  /// What is wrong with the mirror's record in a stack info, as a message; empty: nothing. It is no error until tiles
  /// are read from this mirror; volumes (types 11 and 14) need `image_base` alone. The members that are wrong hold 0, -1
  /// or nothing.
  std::string fault{};

  /// The largest side that a JPEG can have; a tile grid coarser than that is a mistake.
  static constexpr std::int64_t max_tile_side = 65535;

  /// Needs every key but `title` and `position`: a wrong guess of the others would address other tiles, and a tile
  /// that does not exist reads as black.
  /// \throws Error{invalid_metadata, server_error} as described above
  static MirrorInfo from_json(std::string_view text);
  /// A JSON text that from_json() reads back to an equal MirrorInfo.
  [[nodiscard]] std::string to_json() const;

  friend bool operator==(const MirrorInfo&, const MirrorInfo&) = default;
};

/// What `/{pid}/stack/{sid}/info` says of one stack. Field names are the server's.
struct CATVOX_EXPORT StackInfo {
  std::int64_t sid = 0;                                        ///< id of the stack
  std::int64_t pid = 0;                                        ///< id of its project
  std::string ptitle;                                          ///< title of its project
  std::string stitle;                                          ///< may be empty, may end in spaces
  std::optional<std::vector<StackVector>> downsample_factors;  ///< per level; absent or empty: (2^s, 2^s, 1)
  std::int64_t num_zoom_levels = -1;                           ///< the *highest level index*; negative: derive it
  StackVector translation;                                     ///< *project* axes, project units
  StackVector resolution{1, 1, 1};                             ///< stack axes, project units per voxel, > 0
  StackDimension dimension;                                    ///< stack axes, voxels at level 0, 1 to 2^53
  std::string comment;                                         ///< may be empty
  std::string description;                                     ///< may be empty
  std::optional<std::string> metadata;  ///< JSON text of an object, or whatever text a server holds; absent: null, ""
  bool metadata_is_string = false;      ///< the server sent it as a string: nothing is read from it, as in CATMAID
  std::map<std::int64_t, std::int64_t> broken_slices;  ///< full-resolution slice -> the server's value (1 is a marker)
  std::vector<MirrorInfo> mirrors;                     ///< in the order of `position`
  Orientation orientation = Orientation::xy;           ///< which project plane a slice shows
  std::optional<std::string> attribution;              ///< whom to name
  std::optional<StackDimension> canary_location;       ///< stack axes, voxels at level 0
  std::optional<Color> placeholder_color;              ///< what a viewer shows instead of missing tiles

  /// Parses a stack info answer, with every oddity that servers of different ages produce.
  ///
  /// Needed are `sid`, `pid`, `dimension`, `resolution`, `translation` and `mirrors`: nothing else can say where a
  /// voxel lies. Lacking or null `num_zoom_levels` is -1 (what servers send that know `downsample_factors`),
  /// `orientation` XY (the only one that servers knew before they had the key). `broken_slices` may be an object
  /// {"index": value} or a list of indices, which then get the value 1. What is wrong with a mirror is kept in its
  /// `fault`; a canary or a placeholder colour that makes no sense is left out. \throws Error{invalid_metadata,
  /// server_error} as described above
  static StackInfo from_json(std::string_view text);

  /// The same facts as a JSON text that from_json() reads back to an equal StackInfo, faults of mirrors aside.
  [[nodiscard]] std::string to_json() const;

  /// `metadata.voxelOffset` [x, y, z], zeros if there is none or metadata_is_string: a voxel of the data is a voxel of the stack minus this,
  /// at level 0, before downsampling. \throws Error{invalid_metadata} if there is one that is not a list of three
  /// numbers
  [[nodiscard]] StackVector voxel_offset() const;

  /// Where the stack lies in project space. \throws Error{invalid_metadata} as voxel_offset()
  [[nodiscard]] StackFrame frame() const { return {resolution, translation, voxel_offset(), orientation}; }

  /// What the stack says of its scale levels; see scale_factors().
  [[nodiscard]] ScaleLevels scale_levels() const;

  friend bool operator==(const StackInfo&, const StackInfo&) = default;
};

/// One row of `/{pid}/stacks`.
struct CATVOX_EXPORT StackSummary {
  std::int64_t id = 0;    ///< as the server numbers it
  std::int64_t pid = 0;   ///< id of its project
  std::string title;      ///< may be empty, may end in spaces
  std::string comment;    ///< may be empty
  std::string id_text{};  ///< where the server's id is no number ("owner__project", of render): `id` is 0 then

  /// Needs `id` only. \throws Error{invalid_metadata, server_error} as described above
  static std::vector<StackSummary> list_from_json(std::string_view text);
  /// One row. \throws Error{invalid_metadata, server_error} as described above
  static StackSummary from_json(std::string_view text);
  /// A JSON text that from_json() reads back to an equal StackSummary.
  [[nodiscard]] std::string to_json() const;

  friend bool operator==(const StackSummary&, const StackSummary&) = default;
};

/// One row of `/projects/`.
struct CATVOX_EXPORT ProjectSummary {
  std::int64_t id = 0;                            ///< as the server numbers it
  std::string title;                              ///< may be empty
  std::string comment;                            ///< may be empty
  std::vector<StackSummary> stacks;               ///< their `pid` is this project's id
  std::string id_text{};                          ///< see StackSummary
  std::vector<StackGroupSummary> stack_groups{};  ///< that the project has

  /// Needs `id` only. \throws Error{invalid_metadata, server_error} as described above
  static std::vector<ProjectSummary> list_from_json(std::string_view text);

  friend bool operator==(const ProjectSummary&, const ProjectSummary&) = default;
};

}  // namespace catvox
