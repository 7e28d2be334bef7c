// Compiled with -mssse3.
#include "core/strided_copy.hpp"
#include "core/strided_copy_loops.hpp"

namespace catvox::detail {

void strided_copy_ssse3(std::size_t item_size, const std::byte* source, const Strides3& strides, const Shape3& shape,
                        const StridedBytes& out, const CopyPlan& plan) noexcept {
  copy_items(item_size, source, strides, shape, out, plan);
}

}  // namespace catvox::detail
