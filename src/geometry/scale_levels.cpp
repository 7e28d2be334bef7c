#define CATVOX_INLINE
#include <catvox/geometry/detail/scale_levels_impl.hpp>
