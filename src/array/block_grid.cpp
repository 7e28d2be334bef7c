#define CATVOX_INLINE
#include <catvox/array/detail/block_grid_impl.hpp>
