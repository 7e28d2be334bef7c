#include "core/strided_copy.hpp"

#include <atomic>
#include <cstdlib>

#include "core/strided_copy_loops.hpp"

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

bool streams(const StridedBytes& out, const Shape3& shape) noexcept {
  constexpr std::int64_t smallest_span = std::int64_t{4} << 20;
  constexpr auto line = static_cast<std::int64_t>(cache_line);
  const std::int64_t row = shape[2] * out.strides[2];
  const bool whole_lines = reinterpret_cast<std::uintptr_t>(out.data) % cache_line == 0 && row % line == 0 &&
                           out.strides[0] % line == 0 && out.strides[1] % line == 0;
  if (!can_stream || !whole_lines || std::abs(out.strides[1]) == row) return false;
  return std::abs(out.strides[0]) >= smallest_span / shape[0] || std::abs(out.strides[1]) >= smallest_span / shape[1];
}

void strided_copy(std::size_t item_size, std::endian order, const std::byte* source, const Strides3& strides,
                  const Shape3& shape, const StridedBytes& out) noexcept {
  const CopyPlan plan{.swapped = item_size > 1 && order != std::endian::native,
                      .streaming = streams(out, shape),
                      .first_slice = first_slice(shape[0])};
#ifdef CATVOX_STRIDED_COPY_SSSE3
  static const bool has_ssse3 = __builtin_cpu_supports("ssse3");
  if (plan.swapped && has_ssse3) return strided_copy_ssse3(item_size, source, strides, shape, out, plan);
#endif
  copy_items(item_size, source, strides, shape, out, plan);
}

void strided_zero(const Shape3& shape, const StridedBytes& out) noexcept {
  for (std::int64_t z = 0; z < shape[0]; ++z) {
    for (std::int64_t y = 0; y < shape[1]; ++y) {
      std::memset(out.data + z * out.strides[0] + y * out.strides[1], 0,
                  static_cast<std::size_t>(shape[2] * out.strides[2]));
    }
  }
}

}  // namespace catvox::detail
