#include "read/copy.hpp"

#include <cstring>

namespace catvox::detail {
namespace {

template <std::size_t item>
void copy_row(const std::byte* from, std::byte* to, const CopyAxis& columns) {
  for (std::int64_t i = 0; i < columns.count; ++i) {
    std::memcpy(to + i * columns.to_stride, from + i * columns.from_stride, item);
  }
}

template <std::size_t item>
void copy_rows(const std::byte* from, std::byte* to, const CopyAxis& rows, const CopyAxis& columns) {
  for (std::int64_t i = 0; i < rows.count; ++i) {
    copy_row<item>(from + i * rows.from_stride, to + i * rows.to_stride, columns);
  }
}

}  // namespace

void copy_plane(const std::byte* from, std::byte* to, const CopyAxis& rows, const CopyAxis& columns, std::size_t item) {
  const auto step = static_cast<std::int64_t>(item);
  if (columns.from_stride == step && columns.to_stride == step) {
    const auto bytes = static_cast<std::size_t>(columns.count) * item;
    for (std::int64_t i = 0; i < rows.count; ++i) {
      std::memcpy(to + i * rows.to_stride, from + i * rows.from_stride, bytes);
    }
    return;
  }
  switch (item) {
    case 1:
      return copy_rows<1>(from, to, rows, columns);
    case 2:
      return copy_rows<2>(from, to, rows, columns);
    case 4:
      return copy_rows<4>(from, to, rows, columns);
    default:
      return copy_rows<8>(from, to, rows, columns);
  }
}

void zero_plane(std::byte* to, const CopyAxis& rows, const CopyAxis& columns, std::size_t item) {
  constexpr std::byte zero[8]{};
  const CopyAxis same_zero_rows{rows.count, 0, rows.to_stride};
  if (columns.to_stride == static_cast<std::int64_t>(item)) {
    for (std::int64_t i = 0; i < rows.count; ++i) {
      std::memset(to + i * rows.to_stride, 0, static_cast<std::size_t>(columns.count) * item);
    }
    return;
  }
  copy_plane(zero, to, same_zero_rows, {columns.count, 0, columns.to_stride}, item);
}

}  // namespace catvox::detail
