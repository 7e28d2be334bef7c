#define CATVOX_INLINE
#include <catvox/array/detail/view_geometry_impl.hpp>
