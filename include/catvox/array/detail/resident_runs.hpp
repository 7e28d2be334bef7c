#pragma once

#include <array>
#include <catvox/array/detail/resident_regions.hpp>
#include <catvox/array/detail/view_layout.hpp>
#include <catvox/core/box.hpp>
#include <catvox/core/export.hpp>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

// Where iterators and elements of views find voxels without a lock: in tables of the thread, of what lies in regions that the
// thread holds. What must hold:
//
// - A table's entry is used only where its number is asked for. Numbers name a view's voxels in an order; none is ever given
//   twice. So an entry whose region is gone harms nothing: nobody asks for its number any more, because
// - the region of an entry is held by the thread's HeldRegions until the entry is replaced, the thread ends, or the
//   ResidentRegions that it came from is destroyed, which is when the last view that has the number is gone.
// - Tables are read and written by their own thread alone. HeldRegions are written by others, too (ResidentRegions does when
//   it goes), hence their mutex; nothing else is locked, and no region destroyed, while it is held.
//
// Tables are trivial and constant-initialised: a thread_local with a destructor is asked at each use whether it exists.

namespace catvox::abi {

/// What keeps a thread's regions alive: a slot for each entry of a table.
class CATVOX_EXPORT HeldRegions : public std::enable_shared_from_this<HeldRegions> {
 public:
  using Held = std::shared_ptr<const Region>;

  explicit HeldRegions(std::size_t slots) : slots_(slots) {}

  /// Puts a region, or nothing, into a slot. \returns what was there, to be destroyed by the caller
  Held put(std::size_t slot, const ResidentRegions* owner, Held region) noexcept;

  /// Whether nobody else holds the region of a slot: its owner has forgotten it.
  [[nodiscard]] bool is_last(std::size_t slot) const noexcept;

  /// Lets go of what came from `owner`.
  void drop(const ResidentRegions* owner) noexcept;

 private:
  struct Slot {
    const ResidentRegions* owner = nullptr;
    Held region;
  };
  mutable std::mutex mutex_;
  std::vector<Slot> slots_;
};

/// The part of a table that says what holds its regions.
struct TableBase {
  HeldRegions* held = nullptr;
  bool over = false;  ///< the thread is ending: nothing can be held any more
};

/// Makes what holds the regions of a table of this thread; null where the thread is ending.
/// \param forget  called when the thread ends, to empty the table
CATVOX_EXPORT HeldRegions* hold_for_thread(TableBase& table, std::size_t slots, void (*forget)(TableBase&) noexcept);

/// A number that was never given before, even.
CATVOX_EXPORT std::uint64_t next_view_number() noexcept;

/// Voxels that follow each other in a walk, and in memory.
struct Run {
  std::uint64_t walk = 0;      ///< a view's number, + 1 for column-major order; 0: none
  std::size_t first = 0;       ///< position in the walk
  std::size_t count = 0;       ///< of voxels
  const void* data = nullptr;  ///< the first of them
  std::size_t slot = 0;        ///< what holds them
  std::uint64_t age = 0;       ///< counts up; 0: none
};

/// The runs that a thread's iterators read from. A walk's own entry is number walk / 2 % 8.
struct RunTable : TableBase {
  static constexpr std::size_t entries = 8;

  std::array<Run, entries> runs = [] {
    std::array<Run, entries> none{};
    for (std::size_t slot = 0; slot < entries; ++slot) none[slot].slot = slot;
    return none;
  }();
  std::uint64_t age = 0;  ///< of the newest

  // Of the runs that their owner has forgotten only the newest is held, or a thread that walked over a level would keep
  // eight large regions. Iterators that are far apart need more: it shows when they come back to what was let go.
  std::array<Run, entries> let_go{};  ///< the last ones
  std::size_t may_hold = 0;           ///< forgotten runs beside the newest
  std::size_t calm = 0;               ///< runs that were opened since may_hold last grew or shrank
};

/// The voxel at a position of a walk, from the table's other entries, or from a region that is opened for it.
/// \param layout  in the order of the walk
/// \param voxel   receives the bytes of one
/// \throws Error  as LevelSource::read
CATVOX_EXPORT void find_in_walk(RunTable& table, std::uint64_t walk, std::size_t position, ResidentRegions& level,
                                const ViewLayout& layout, void* voxel);

}  // namespace catvox::abi

namespace catvox::detail {

/// What this thread's iterators read from.
inline thread_local constinit RunTable run_table{};

/// What holds the regions of a table of this thread; null where the thread is ending.
template <class Table>
HeldRegions* held_regions(Table& table) {
  if (table.held != nullptr || table.over) return table.held;
  return hold_for_thread(table, Table::entries, [](TableBase& base) noexcept {
    static_cast<Table&>(base) = Table{};
    base.over = true;
  });
}

/// A box of a view's voxels whose region lies in memory in C order.
template <std::size_t N>
struct WindowBox {
  std::array<std::size_t, N> first{}, count{}, stride{};

  /// \param part  positions in the selections of `layout`
  void open(const ViewLayout& layout, const Box& part) noexcept {
    std::size_t next = 1;
    for (std::size_t axis = N; axis-- > 0;) {
      const auto [begin, extent] = layout.of_part(part, axis);
      first[axis] = begin;
      count[axis] = extent;
      stride[axis] = next;
      next *= count[axis];
    }
  }

  [[nodiscard]] bool contains(const std::array<std::size_t, N>& index) const noexcept {
    return [&]<std::size_t... axis>(std::index_sequence<axis...>) {  // written out: elements are read by this
      return ((index[axis] - first[axis] < count[axis]) && ... && true);
    }
    (std::make_index_sequence<N>());
  }

  /// \param index  inside
  [[nodiscard]] std::size_t offset(const std::array<std::size_t, N>& index) const noexcept {
    return [&]<std::size_t... axis>(std::index_sequence<axis...>) {
      return (((index[axis] - first[axis]) * stride[axis]) + ... + std::size_t{0});
    }
    (std::make_index_sequence<N>());
  }

  /// Makes axes of extent 1 stretch: any index is inside, and is voxel 0.
  void stretch(const std::array<std::size_t, N>& shape) noexcept {
    for (std::size_t axis = 0; axis < N; ++axis) {
      if (shape[axis] != 1) continue;
      first[axis] = stride[axis] = 0;
      count[axis] = std::numeric_limits<std::size_t>::max();
    }
  }
};

/// The windows that a thread's v(z, y, x) reads from, for views of N axes.
template <std::size_t N>
struct ElementTable : TableBase {
  static constexpr std::size_t entries = 4;
  struct Entry {
    std::uint64_t view = 0;      ///< its number; 0: none
    const void* data = nullptr;  ///< the first voxel
    WindowBox<N> box{};          ///< in which axes of extent 1 stretch
    std::size_t slot = 0;        ///< what holds them
  };
  /// The one that was found last comes first.
  std::array<Entry, entries> windows = [] {
    std::array<Entry, entries> none{};
    for (std::size_t slot = 0; slot < entries; ++slot) none[slot].slot = slot;
    return none;
  }();
  std::size_t replaced = 0;  ///< how many were
};
template <std::size_t N>
inline thread_local constinit ElementTable<N> element_table{};

}  // namespace catvox::detail
