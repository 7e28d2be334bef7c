#pragma once

#include <catvox/bytes/byte_source.hpp>
#include <catvox/core/box.hpp>
#include <catvox/format/chunk_store.hpp>
#include <catvox/geometry/scale_levels.hpp>
#include <catvox/geometry/stack_space.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "bytes/read_now.hpp"

namespace catvox::detail {

// What every format has in common: a location is opened and gives levels. A format is a folder beside this file with
// an `Opened open_…(const MirrorLocation&, const MirrorAccess&)`, and a row in the table of mirror types.

/// A mirror as its format sees it: what the stack info says of it, unchecked.
struct MirrorLocation {
  std::string image_base{};      ///< absolute, encoded, without user and password
  std::string file_extension{};  ///< may be empty, may carry a query
  std::string title{};           ///< for messages
  std::string fault{};           ///< what is wrong with the stack info's record of its tiles; see MirrorInfo
  std::int64_t tile_height = 0;  ///< rows per tile; only tiles need it to be positive
  std::int64_t tile_width = 0;   ///< columns per tile
  Orientation orientation = Orientation::xy;
  StackVector voxel_offset{};  ///< stack axes: a voxel of the data is a voxel of the stack minus this, at level 0
  ScaleLevels scales{};        ///< what the stack says of its levels
  std::string server{};        ///< URL of the CATMAID server, ends in '/'; empty: unknown
  std::int64_t project_id = 0, stack_id = 0;
};

/// How a format's requests are made, and which answers say that there is nothing. Every other status is an error.
struct SourceNeeds {
  bool cacheable = false;                 ///< what is there does not change: chunks. Metadata may
  bool not_found_is_missing = true;       ///< 404, 410, 204; false where a wrong name or address answers so, too
  bool anonymous_403_is_missing = false;  ///< 403 where no secret is sent. If the user asks for it, 403 always is
  bool ranges = false;                    ///< parts of objects are asked for: neighbouring ones come together
  bool api_token = false;                 ///< the CATMAID server itself serves it: its secrets go along
};

/// By what means a format reaches its mirror.
struct MirrorAccess {
  std::function<std::shared_ptr<ByteSource>(const SourceNeeds&)> source;  ///< keys are absolute URLs
  std::stop_token stop{};                                                 ///< of the call that opens
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();  ///< for opening
};

/// One scale level that exists.
struct OpenedLevel {
  int level = 0;
  StackVector factors{1, 1, 1};             ///< downsampling relative to level 0, stack axes
  std::shared_ptr<const ChunkStore> store;  ///< grid, keys, decoder, element type; what is missing is 0
  std::shared_ptr<ByteSource> chunks;       ///< gives what store->request() names; knows what *missing* means here

  /// The same chunks, decoded to other element types than `store` decodes them to.
  std::vector<std::shared_ptr<const ChunkStore>> other_types{};
};

/// What opening a mirror gives.
struct Opened {
  std::vector<OpenedLevel> levels;      ///< ascending, never empty; gaps are levels that do not exist
  std::optional<Shape3> own_shape{};    ///< of level 0, zyx, where the mirror itself says it: it wins over the stack's
  std::vector<std::string> warnings{};  ///< what a user of the mirror should know
};

/// A JSON text from the mirror that is being fetched, at most max_json_bytes. Cancelled if nobody waits for it.
class PendingText {
 public:
  /// \param source        must outlive this
  /// \param max_attempts  0: as the source is set
  PendingText(ByteSource& source, const std::string& url, int max_attempts = 0);

  /// To be called once. \returns nullopt if the source says that it is missing
  /// \throws Error "cannot fetch URL: …"; Error{timeout} at access.deadline
  std::optional<std::string> wait(const MirrorAccess& access);

 private:
  std::string url_;
  PendingRead read_;
};

/// The same at once.
std::optional<std::string> fetch_text(ByteSource& source, const std::string& url, const MirrorAccess& access);

/// The factors of a level that a mirror has, whether or not the stack counts it; nullopt beyond a list of explicit
/// ones: such a level lies nowhere that is known.
std::optional<StackVector> level_factors(const ScaleLevels& scales, int level);

}  // namespace catvox::detail
