#define CATVOX_INLINE
#include <catvox/array/detail/cube_order_impl.hpp>
