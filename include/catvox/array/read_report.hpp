#pragma once

#include <catvox/core/box.hpp>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace catvox {

/// What a read makes of chunks that the source does not have. That a chunk could not be fetched is always an error.
enum class Missing : std::uint8_t {
  fill,    ///< their voxels are 0; ReadStatistics::missing counts them
  error,   ///< the read ends with Error{not_found} that names the first
  report,  ///< as fill, and ReadStatistics::report names them
};

/// A chunk that the source does not have.
struct MissingChunk {
  std::string name;  ///< "tile (level 2, slice 117, row 4, column 9)"
  Box voxels{};      ///< that it would hold, of the level, zyx
};

/// A mirror that could not go on with a read: another one stood in for it, see Stack::set_mirrors().
struct MirrorFailure {
  std::string mirror;  ///< its title
  std::string reason;  ///< "cannot fetch tile (level 2, …) from https://…: HTTP status 500"
};

/// Voxels that a mirror gave in the place of the one before it.
struct StandIn {
  std::string mirror;  ///< its title
  Box voxels{};        ///< of the level, zyx: a box around them
};

/// Where the voxels of a read came from. Made for Missing::report.
struct ReadReport {
  /// The most chunks, and names, that a report lists.
  static constexpr std::size_t most_listed = 1000;

  std::int64_t missing = 0;                  ///< chunks that the source does not have
  std::vector<MissingChunk> missing_chunks;  ///< the first most_listed of them, in the order in which they were met

  /// Chunks by what gave them: the origin that answered ("https://images.example.org"), "disk cache", "memory" (the
  /// cache, or another read's request). At most most_listed names.
  std::map<std::string, std::int64_t> served;

  // Where several mirrors stand in for each other; else empty.
  std::map<std::string, std::int64_t> mirrors;  ///< chunks by the title of the mirror that they were read from
  std::vector<MirrorFailure> failures;          ///< in the order in which they happened
  std::vector<StandIn> stand_ins;               ///< the first most_listed; the first mirror gave the rest
};

}  // namespace catvox
