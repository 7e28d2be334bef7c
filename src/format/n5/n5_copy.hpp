#pragma once

#include <catvox/core/box.hpp>
#include <catvox/format/chunk_store.hpp>
#include <cstddef>
#include <cstdint>

namespace catvox::detail {

/// Copies big-endian elements of 1, 2, 4 or 8 bytes to native ones, from any order of axes, in one pass.
///
/// \param source   the first element; nothing is aligned
/// \param strides  bytes from one element of the source to the next, zyx, each > 0
/// \param shape    elements, zyx, each > 0
/// \param out      strides[2] == item_size
void copy_big_endian(std::size_t item_size, const std::byte* source, const Strides3& strides, const Shape3& shape,
                     const StridedBytes& out) noexcept;

/// The part of copy_big_endian() that is compiled for x86 processors with SSSE3, which it calls on those alone.
/// \param first_slice  of the destination: where to begin; goes round
void copy_big_endian_ssse3(std::size_t item_size, const std::byte* source, const Strides3& strides, const Shape3& shape,
                           const StridedBytes& out, std::int64_t first_slice) noexcept;

}  // namespace catvox::detail
