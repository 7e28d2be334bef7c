#pragma once

#include <array>
#include <catvox/array/detail/view_layout.hpp>
#include <catvox/array/level_source.hpp>
#include <catvox/core/buffer.hpp>
#include <catvox/core/export.hpp>
#include <cstddef>
#include <memory>
#include <span>

namespace catvox::abi {

class HeldRegions;

/// The voxels of a view held in memory, in C order of the view's axes.
struct Region {
  ViewLayout layout;  ///< which voxels they are
  Buffer voxels;      ///< their bytes

  /// The first voxel, as its type.
  template <class T>
  [[nodiscard]] const T* data() const noexcept {
    return reinterpret_cast<const T*>(voxels.data());
  }
};

/// Looks whether all voxels of a view can be in memory at once. \throws Error{too_large} if this machine has too little
CATVOX_EXPORT void require_memory(const ViewLayout& layout, std::size_t item);

/// Reads all voxels of a view in one read.
/// \param statistics  receives what the read did, unless null
/// \throws Error      as LevelSource::read, and as require_memory
CATVOX_EXPORT Region read_region(const LevelSource& source, const ViewLayout& layout, const ReadOptions& options = {},
                                 ReadStatistics* statistics = nullptr);

/// The regions that element access and iteration read last, shared by all views that descend from one: without them
/// every new iterator would read its surroundings again. Bounded in bytes, least recently used first out. Thread-safe.
class CATVOX_EXPORT ResidentRegions {
 public:
  /// A walk keeps this much in memory at once; a view no larger is read whole when a walk over it begins.
  static constexpr std::size_t region_bytes = std::size_t{64} << 20;

  /// Holds nothing yet.
  explicit ResidentRegions(std::shared_ptr<const LevelSource> source);
  /// Threads that hold regions of these let go of them.
  ~ResidentRegions();
  ResidentRegions(const ResidentRegions&) = delete;
  ResidentRegions& operator=(const ResidentRegions&) = delete;

  /// What the regions are read from.
  [[nodiscard]] const std::shared_ptr<const LevelSource>& source() const noexcept { return source_; }

  /// The voxels of `layout`, from memory or read now. \throws Error as LevelSource::read
  [[nodiscard]] std::shared_ptr<const Region> get(const ViewLayout& layout);

  /// Says that a thread is about to hold regions of these.
  void tell_when_gone(std::weak_ptr<HeldRegions> holder);

 private:
  /// Two regions of full size: one that is being left and one that is entered.
  static constexpr std::size_t capacity_bytes = 2 * region_bytes;

  struct Held;

  std::shared_ptr<const LevelSource> source_;
  std::unique_ptr<Held> held_;
};

/// The order in which a walk goes through the source axes, the fastest first.
using AxisOrder = std::array<std::size_t, 3>;

/// The order of a walk that moves along some axes of a view first and then along the rest in C order, the last axis
/// first. \param fastest  axes of the view, the fastest first
CATVOX_EXPORT AxisOrder walk_order(const ViewLayout& layout, std::span<const std::size_t> fastest) noexcept;

/// C order over the axes of a view.
inline AxisOrder c_order(const ViewLayout& layout) noexcept { return walk_order(layout, {}); }

/// The part of a view to hold while a walk is at `position`: whole axes as far as `max_voxels` allows, the fastest
/// first, then whole chunks of the first axis that does not fit, so that a walk in this order asks for each chunk once
/// if a row of chunks (a layer, for chunks with depth) fits. Parts of one view and order do not overlap.
///
/// \param chunk_shape  of the source, zyx
/// \param position     in the selections of `layout`, zyx
/// \returns            positions in those selections, zyx
CATVOX_EXPORT Box part_around(const ViewLayout& layout, const Shape3& chunk_shape, const Index3& position,
                              const AxisOrder& order, std::int64_t max_voxels) noexcept;

/// The positions of a view that lie in the chunk that holds `position`.
CATVOX_EXPORT Box chunk_around(const ViewLayout& layout, const Shape3& chunk_shape, const Index3& position) noexcept;

}  // namespace catvox::abi
