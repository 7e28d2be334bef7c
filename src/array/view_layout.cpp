#define CATVOX_INLINE
#include <catvox/array/detail/view_layout_impl.hpp>
