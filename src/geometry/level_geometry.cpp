#define CATVOX_INLINE
#include <catvox/geometry/detail/level_geometry_impl.hpp>
