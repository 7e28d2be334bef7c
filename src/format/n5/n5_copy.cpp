#include "format/n5/n5_copy.hpp"

#include <atomic>

#include "format/n5/n5_copy_loops.hpp"

namespace catvox::detail {
namespace {

/// Where this thread starts among `slices`: threads that decode neighbouring blocks at the same time would otherwise
/// walk through the same fresh pages in step, and the kernel clears a page for each thread that is first to touch it.
std::int64_t first_slice(std::int64_t slices) noexcept {
  static std::atomic<unsigned> threads = 0;
  thread_local const unsigned number = threads++;
  // 0, 1/2, 1/4, 3/4, 1/8, …: well apart, however many they are.
  double position = 0, step = 0.5;
  for (unsigned n = number; n > 0; n /= 2, step /= 2) position += (n % 2) * step;
  return static_cast<std::int64_t>(position * static_cast<double>(slices));
}

}  // namespace

void copy_big_endian(std::size_t item_size, const std::byte* source, const Strides3& strides, const Shape3& shape,
                     const StridedBytes& out) noexcept {
  const std::int64_t first = first_slice(shape[0]);
#ifdef CATVOX_N5_COPY_SSSE3
  static const bool has_ssse3 = __builtin_cpu_supports("ssse3");
  if (has_ssse3) return copy_big_endian_ssse3(item_size, source, strides, shape, out, first);
#endif
  copy_items(item_size, source, strides, shape, out, first);
}

}  // namespace catvox::detail
