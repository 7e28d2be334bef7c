#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstring>

namespace catvox::detail {

template <std::unsigned_integral U>
constexpr U swap_bytes(U value) noexcept {
  if constexpr (sizeof(U) == 2) value = __builtin_bswap16(value);
  if constexpr (sizeof(U) == 4) value = __builtin_bswap32(value);
  if constexpr (sizeof(U) == 8) value = __builtin_bswap64(value);
  return value;
}

/// The number that the bytes at `from` are in `order`; nothing is aligned.
template <std::unsigned_integral U>
U load(std::endian order, const std::byte* from) noexcept {
  U value;
  std::memcpy(&value, from, sizeof(U));
  return order == std::endian::native ? value : swap_bytes(value);
}

template <std::unsigned_integral U>
U load_le(const std::byte* from) noexcept {
  return load<U>(std::endian::little, from);
}

template <std::unsigned_integral U>
U load_be(const std::byte* from) noexcept {
  return load<U>(std::endian::big, from);
}

}  // namespace catvox::detail
