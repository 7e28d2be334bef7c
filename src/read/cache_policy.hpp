#pragma once

#include <catvox/core/box.hpp>
#include <cstddef>
#include <cstdint>
#include <unordered_set>
#include <vector>

#include "read/chunk_consumer.hpp"

namespace catvox::detail {

/// What is known of the use that was made of a chunk.
struct ChunkUse {
  /// How much of it has been decoded so far. A chunk on the way of a walk counts as used: it will be, more than once.
  enum class Extent : std::uint8_t { nothing, part, whole } extent = Extent::nothing;
  std::uint64_t brought_by = 0;   ///< consumer whose request it came by
  std::uint64_t last_reader = 0;  ///< 0: none
  Box last_window{};              ///< what that read needed
};

/// What to do with the voxels of a chunk that a read needs.
enum class DecodeForm : std::uint8_t { into_place, keep_window, keep_rows, keep_all };

/// What the cache keeps, and what goes first: knowledge that only the reader has. Not thread-safe: the pool locks.
///
/// - One budget. What came (encoded) is the ground form; voxels are an extra that goes first. So whatever fits the
///   budget encoded is requested once.
/// - What a running plan has yet to ask for stays, and so does what the same plan brought: a read that is larger than
///   the cache keeps its beginning, rather than pushing out each chunk just before it is needed.
/// - Chunks of which the same voxels were read again by another read are hot: they are kept in a segment of their own.
///   Sections of a deep block and strips of a tile are different voxels, and a window that slides reads what it read
///   before only because it overlaps itself.
/// - Once the chunks in use have turned out not to fit, voxels may hold a quarter of the budget against chunks that were
///   used long ago: else each window of a long walk would decode its chunks again. When one of these is asked for
///   again after all, that ends.
class CachePolicy {
 public:
  static constexpr int eviction_tries = 16;

  explicit CachePolicy(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  [[nodiscard]] std::size_t max_bytes() const { return max_bytes_; }
  [[nodiscard]] std::size_t max_hot_bytes() const { return max_bytes_ / 4 * 3; }

  /// Bytes of voxels that do not give way to encoded chunks.
  [[nodiscard]] std::size_t voxel_share() const { return voxel_share_; }

  void begin_plan(const PendingChunks& plan) { plans_.push_back(&plan); }
  void end_plan(const PendingChunks& plan) noexcept { std::erase(plans_, &plan); }

  /// Whether a chunk may go to make room for one that `for_consumer` brought.
  [[nodiscard]] bool may_evict(const ChunkKey& key, const ChunkUse& use, std::uint64_t for_consumer) const noexcept;

  /// A chunk was evicted. \param voxels  bytes of voxels that the cache then held
  void evicted(const ChunkKey& key, std::size_t voxels) noexcept;

  /// A chunk was requested that the cache did not have.
  void brought(const ChunkKey& key) noexcept;

  /// Whether a read of the window makes the chunk hot.
  [[nodiscard]] static bool is_hot(const ChunkUse& use, const ChunkConsumer& reader, const Box& window) noexcept;

  /// How a read decodes what it needs of a chunk. The first read decodes no more than that; where it leaves a rest, its
  /// voxels are kept, should the same be asked for again. The second decodes and keeps all: more are likely to follow.
  /// If all was decoded before and did not last, memory is short: then whole rows, as far as a walk along them needs.
  ///
  /// \param fits  whether the voxels of such a box, for each chunk of the read, have room in the cache
  template <class Fits>
  [[nodiscard]] static DecodeForm form(ChunkUse::Extent before, bool whole, const Fits& fits) {
    using Extent = ChunkUse::Extent;
    if (before == Extent::part && fits(DecodeForm::keep_all)) return DecodeForm::keep_all;
    if (before == Extent::whole && fits(DecodeForm::keep_rows)) return DecodeForm::keep_rows;
    if (!whole && fits(DecodeForm::keep_window)) return DecodeForm::keep_window;
    return DecodeForm::into_place;
  }

  void clear() noexcept;

 private:
  const std::size_t max_bytes_;
  std::size_t voxel_share_ = 0;
  std::vector<const PendingChunks*> plans_;
  std::unordered_set<ChunkKey, ChunkKeyHash> regretted_;  // evicted while voxels took the room; bounded
};

}  // namespace catvox::detail
