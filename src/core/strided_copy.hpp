#pragma once

#include <bit>
#include <catvox/core/box.hpp>
#include <catvox/core/strided.hpp>
#include <cstddef>
#include <cstdint>

namespace catvox::detail {

/// Copies elements of 1, 2, 4 or 8 bytes, from any order of axes, in one pass.
///
/// \param order    of the bytes of a source element; the destination's are native
/// \param source   the first element; nothing is aligned
/// \param strides  bytes from one element of the source to the next, zyx, each > 0
/// \param shape    elements, zyx, each > 0
/// \param out      strides[2] == item_size
void strided_copy(std::size_t item_size, std::endian order, const std::byte* source, const Strides3& strides,
                  const Shape3& shape, const StridedBytes& out) noexcept;

/// What strided_copy() has decided for all of a copy.
struct CopyPlan {
  bool swapped = false;          ///< the source's byte order is not the native one
  bool streaming = false;        ///< rows go past the caches, see streams()
  std::int64_t first_slice = 0;  ///< of the destination: where to begin; goes round
};

/// Whether rows written there had better go past the caches, by streaming stores of whole 64-byte lines: where every row
/// is whole lines, and the array is so large that its lines are gone from the caches before they are read. A chunk in a
/// buffer of its own, which is read at once, has its rows one after the other.
bool streams(const StridedBytes& out, const Shape3& shape) noexcept;

/// The part of strided_copy() that is compiled for x86 processors with SSSE3, which it calls on those alone.
void strided_copy_ssse3(std::size_t item_size, const std::byte* source, const Strides3& strides, const Shape3& shape,
                        const StridedBytes& out, const CopyPlan& plan) noexcept;

/// Sets elements to zero; out.strides[2] is their size.
void strided_zero(const Shape3& shape, const StridedBytes& out) noexcept;

}  // namespace catvox::detail
