#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <catvox/core/box.hpp>
#include <catvox/core/strided.hpp>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

#include "core/endian.hpp"
#include "core/streaming.hpp"
#include "core/strided_copy.hpp"

// The loops of strided_copy.hpp. Compiled twice: for the processors that the library is built for, and for those that also
// move bytes about within a register (SSSE3), which swaps them in one instruction instead of ten. So all of it is the
// including file's own.
namespace catvox::detail {
namespace {

/// 16 bytes of elements: what every 64-bit target has registers for. Plain loops would leave the choice to the
/// optimiser, which at -O2 does not vectorise them and never finds the transposition.
template <class U>
struct VectorOf {
  typedef U type __attribute__((vector_size(16)));
};
template <class U>
using Vector = typename VectorOf<U>::type;

template <class T>
T load(const std::byte* from) noexcept {
  T value;
  std::memcpy(&value, from, sizeof(T));
  return value;
}

template <class T>
void store(std::byte* to, T value) noexcept {
  std::memcpy(to, &value, sizeof(T));
}

/// The bytes of each element in reverse, if they are swapped; V is U or Vector<U>.
template <class U, bool swapped, class V>
V to_native(V v) noexcept {
  if constexpr (swapped) {
#if defined(__SSSE3__) || defined(__ARM_NEON)
    if constexpr (sizeof(V) == 16 && sizeof(U) > 1) {
      const auto bytes = std::bit_cast<Vector<std::uint8_t>>(v);
      return [&]<std::size_t... i>(std::index_sequence<i...>) {
        return std::bit_cast<V>(__builtin_shufflevector(bytes, bytes, (i ^ (sizeof(U) - 1))...));
      }
      (std::make_index_sequence<16>{});
    }
#endif
    // Shifts and masks vectorise everywhere.
    if constexpr (sizeof(U) == 8) v = static_cast<V>(v << 32 | v >> 32);
    if constexpr (sizeof(U) >= 4) {
      constexpr U low = static_cast<U>(0x0000ffff0000ffffULL);
      v = static_cast<V>((v & low) << 16 | (v >> 16 & low));
    }
    if constexpr (sizeof(U) >= 2) {
      constexpr U low = static_cast<U>(0x00ff00ff00ff00ffULL);
      v = static_cast<V>((v & low) << 8 | (v >> 8 & low));
    }
  }
  return v;
}

/// Rows of whole lines.
template <class U, bool swapped>
void stream_row(const std::byte* from, std::byte* to, std::size_t bytes) noexcept {
  for (std::size_t i = 0; i < bytes; i += 16) {
    const auto native = to_native<U, swapped>(load<Vector<U>>(from + i));
    stream16(to + i, &native);
  }
}

/// Short rows, as blocks have them, are copied inline: the call of memcpy would cost as much as the row.
template <class U, bool swapped>
void copy_row(const std::byte* from, std::byte* to, std::size_t bytes) noexcept {
  constexpr std::size_t longest_inline = 512;
  if (!swapped && bytes > longest_inline) {
    std::memcpy(to, from, bytes);
    return;
  }
  std::size_t i = 0;
  for (; i + 16 <= bytes; i += 16) store(to + i, to_native<U, swapped>(load<Vector<U>>(from + i)));
  if (i < bytes && bytes >= 16) {  // once more, up to the end
    i = bytes - 16;
    store(to + i, to_native<U, swapped>(load<Vector<U>>(from + i)));
    return;
  }
  for (; i < bytes; i += sizeof(U)) store(to + i, to_native<U, swapped>(load<U>(from + i)));
}

/// Asks for the cache lines that a row will be written to: rows far apart are no pattern to the processor, which would
/// wait for each. A long row's first two are enough.
inline void prefetch_row(const std::byte* to, std::int64_t bytes) noexcept {
  constexpr std::int64_t line = 64;
  __builtin_prefetch(to, 1);
  __builtin_prefetch(to + std::min(bytes, line) - 1, 1);
}

/// The fastest axes agree: rows, joined to longer ones where both sides are contiguous. Slices from `first` on.
template <class U, bool swapped>
void copy_rows(const std::byte* from, const Strides3& strides, Shape3 shape, const StridedBytes& out,
               const CopyPlan& plan) noexcept {
  std::int64_t row = shape[2] * static_cast<std::int64_t>(sizeof(U));
  for (const std::size_t axis : {std::size_t{1}, std::size_t{0}}) {
    if (strides[axis] != row || out.strides[axis] != row) break;
    row *= std::exchange(shape[axis], 1);
  }
  constexpr std::int64_t rows_ahead = 16;
  const auto slice = [&](std::int64_t i) { return (plan.first_slice + i) % shape[0]; };
  for (std::int64_t i = 0; i < shape[0]; ++i) {
    const std::byte* const source = from + slice(i) * strides[0];
    std::byte* const target = out.data + slice(i) * out.strides[0];
    if (plan.streaming) {
      for (std::int64_t y = 0; y < shape[1]; ++y) {
        stream_row<U, swapped>(source + y * strides[1], target + y * out.strides[1], static_cast<std::size_t>(row));
      }
      continue;
    }
    const std::byte* const next = out.data + slice(i + 1) * out.strides[0];
    for (std::int64_t y = 0; y < shape[1]; ++y) {
      const std::int64_t ahead = y + rows_ahead;
      prefetch_row(ahead < shape[1] ? target + ahead * out.strides[1]
                                    : next + std::min(ahead - shape[1], shape[1] - 1) * out.strides[1],
                   row);
      copy_row<U, swapped>(source + y * strides[1], target + y * out.strides[1], static_cast<std::size_t>(row));
    }
  }
}

/// a[0], b[0], a[1], b[1], … from the first (half 0) or the second (half 1) half of both.
template <class U, std::size_t half>
Vector<U> interleave(Vector<U> a, Vector<U> b) noexcept {
  constexpr std::size_t n = 16 / sizeof(U);
  return [&]<std::size_t... i>(std::index_sequence<i...>) {
    return __builtin_shufflevector(a, b, (half * n / 2 + i / 2 + (i % 2) * n)...);
  }
  (std::make_index_sequence<n>{});
}

/// Element (i, j) is at from + i * sizeof(U) + j * from_stride and goes to to + i * to_stride + j * sizeof(U);
/// i and j are less than n = 16 / sizeof(U).
template <class U, bool swapped>
void transpose_square(const std::byte* from, std::int64_t from_stride, std::byte* to, std::int64_t to_stride) noexcept {
  constexpr std::size_t n = 16 / sizeof(U);
  // Packs, not loops: the rows stay in registers at every optimisation level.
  [&]<std::size_t... i>(std::index_sequence<i...>) {
    std::array<Vector<U>, n> rows{load<Vector<U>>(from + static_cast<std::int64_t>(i) * from_stride)...};
    // Each round shuffles the upper half of the rows into the lower half, as one does with cards; after log2(n) rounds
    // rows have become columns.
    const auto shuffle = [&] { rows = {interleave<U, i % 2>(rows[i / 2], rows[i / 2 + n / 2])...}; };
    shuffle();
    if constexpr (n >= 4) shuffle();
    if constexpr (n >= 8) shuffle();
    if constexpr (n >= 16) shuffle();
    (store(to + static_cast<std::int64_t>(i) * to_stride, to_native<U, swapped>(rows[i])), ...);
  }
  (std::make_index_sequence<n>{});
}

/// Another axis than x is the source's fastest: squares that are read along one and written along the other.
template <class U, bool swapped>
void copy_transposed(const std::byte* from, const Strides3& strides, const Shape3& shape,
                     const StridedBytes& out) noexcept {
  constexpr auto item = static_cast<std::int64_t>(sizeof(U));
  constexpr std::int64_t n = 16 / item;
  const std::size_t fast = strides[0] < strides[1] ? 0 : 1;
  const std::size_t slow = 1 - fast;
  const std::int64_t columns = strides[2];
  const std::int64_t rows = out.strides[fast];
  const bool contiguous = strides[fast] == item;
  for (std::int64_t s = 0; s < shape[slow]; ++s) {
    for (std::int64_t f = 0; f < shape[fast]; f += n) {
      for (std::int64_t x = 0; x < shape[2]; x += n) {
        const std::byte* const source = from + s * strides[slow] + f * strides[fast] + x * columns;
        std::byte* const target = out.data + s * out.strides[slow] + f * rows + x * item;
        if (contiguous && f + n <= shape[fast] && x + n <= shape[2]) {
          transpose_square<U, swapped>(source, columns, target, rows);
          continue;
        }
        for (std::int64_t i = 0; i < std::min(n, shape[fast] - f); ++i) {
          for (std::int64_t j = 0; j < std::min(n, shape[2] - x); ++j) {
            store(target + i * rows + j * item,
                  to_native<U, swapped>(load<U>(source + i * strides[fast] + j * columns)));
          }
        }
      }
    }
  }
}

template <class U, bool swapped>
void copy(const std::byte* from, const Strides3& strides, const Shape3& shape, const StridedBytes& out,
          const CopyPlan& plan) noexcept {
  if (strides[2] == static_cast<std::int64_t>(sizeof(U))) {
    copy_rows<U, swapped>(from, strides, shape, out, plan);
    if (plan.streaming) end_streaming();
  } else {
    copy_transposed<U, swapped>(from, strides, shape, out);
  }
}

template <class U>
void copy(const std::byte* from, const Strides3& strides, const Shape3& shape, const StridedBytes& out,
          const CopyPlan& plan) noexcept {
  plan.swapped ? copy<U, true>(from, strides, shape, out, plan) : copy<U, false>(from, strides, shape, out, plan);
}

inline void copy_items(std::size_t item_size, const std::byte* source, const Strides3& strides, const Shape3& shape,
                       const StridedBytes& out, const CopyPlan& plan) noexcept {
  switch (item_size) {
    case 1:
      return copy<std::uint8_t, false>(source, strides, shape, out, plan);
    case 2:
      return copy<std::uint16_t>(source, strides, shape, out, plan);
    case 4:
      return copy<std::uint32_t>(source, strides, shape, out, plan);
    default:
      return copy<std::uint64_t>(source, strides, shape, out, plan);
  }
}

}  // namespace
}  // namespace catvox::detail
