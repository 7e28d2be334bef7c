#pragma once

#include <catvox/array/level_source.hpp>
#include <catvox/bytes/byte_source.hpp>
#include <catvox/catmaid/stack_info.hpp>
#include <catvox/format/chunk_store.hpp>
#include <catvox/geometry/broken_slices.hpp>
#include <catvox/http/session.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "read/chunk_pool.hpp"
#include "read/prefetcher.hpp"

namespace catvox::detail {

/// Whether catvox reads mirrors of this tile source type.
bool is_supported(int tile_source_type) noexcept;

/// What a Volume is made of.
struct VolumeParts {
  std::shared_ptr<const StackInfo> info;
  std::size_t mirror = 0;  ///< position in info->mirrors
  std::string image_base;  ///< absolute, encoded
  HttpSession session;
  std::shared_ptr<const Credentials> credentials;
  bool forbidden_is_missing = false;
  BrokenSlicePolicy policy = BrokenSlicePolicy::nearest;
  std::shared_ptr<ChunkPool> pool;
  bool read_ahead = true;
};

/// One mirror of one stack: its scale levels, opened when they are first asked for. Immutable and thread-safe.
class Volume : public std::enable_shared_from_this<Volume> {
 public:
  explicit Volume(VolumeParts parts);

  [[nodiscard]] const MirrorInfo& mirror() const { return parts_.info->mirrors[parts_.mirror]; }

  /// The highest level, plus one.
  [[nodiscard]] int levels() const { return opened().back().level + 1; }

  /// The size of level 0 as the mirror has it, zyx, if the mirror says it at all.
  [[nodiscard]] std::optional<Shape3> own_shape() const;

  /// \throws Error{not_found} listing the levels
  [[nodiscard]] std::shared_ptr<const LevelSource> source(int level) const;

  /// Fetches and decodes the chunk at the stack's canary location, twice, and returns the seconds that the quicker
  /// time took. \throws Error saying why there is none
  [[nodiscard]] double time_canary(std::chrono::milliseconds timeout) const;

 private:
  struct Level {
    int level = 0;
    StackVector factors;
    ChunkOrigin origin;
    std::shared_ptr<Prefetcher> prefetcher;

    [[nodiscard]] const ChunkStore& store() const { return *origin.store; }
  };

  [[nodiscard]] const std::vector<Level>& opened() const;
  [[nodiscard]] Level make_level(int level, const StackVector& factors, std::shared_ptr<const ChunkStore> store) const;
  [[nodiscard]] std::vector<Level> open_tiles() const;
  [[nodiscard]] std::vector<Level> open_n5() const;
  [[nodiscard]] std::optional<std::string> fetch_text(const std::string& url) const;

  const VolumeParts parts_;
  const std::shared_ptr<ByteSource> chunks_;    // tiles and blocks
  const std::shared_ptr<ByteSource> metadata_;  // what may change while a session lasts
  mutable std::once_flag once_;
  mutable std::vector<Level> levels_;  // ascending, never empty; gaps are levels that do not exist
};

}  // namespace catvox::detail
