// Compiled with -mssse3.
#include "format/n5/n5_copy.hpp"
#include "format/n5/n5_copy_loops.hpp"

namespace catvox::detail {

void copy_big_endian_ssse3(std::size_t item_size, const std::byte* source, const Strides3& strides, const Shape3& shape,
                           const StridedBytes& out, std::int64_t first_slice) noexcept {
  copy_items(item_size, source, strides, shape, out, first_slice);
}

}  // namespace catvox::detail
