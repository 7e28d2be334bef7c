#pragma once

#include <cstddef>
#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

// Stores that go past the caches. They pay where whole lines are written that nobody reads soon: the processor then need
// not fetch a line that is overwritten. Only whole, aligned lines: a partial one costs more than an ordinary store.
namespace catvox::detail {

inline constexpr std::size_t cache_line = 64;

#ifdef __SSE2__
inline constexpr bool can_stream = true;

/// 16 bytes to an address that is a multiple of 16.
inline void stream16(std::byte* to, const void* from) noexcept {
  _mm_stream_si128(reinterpret_cast<__m128i*>(to), _mm_loadu_si128(static_cast<const __m128i*>(from)));
}

/// To call after the last store, before another thread may be told of the data.
inline void end_streaming() noexcept { _mm_sfence(); }
#else
inline constexpr bool can_stream = false;
inline void stream16(std::byte* to, const void* from) noexcept { std::memcpy(to, from, 16); }
inline void end_streaming() noexcept {}
#endif

}  // namespace catvox::detail
