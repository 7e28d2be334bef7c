#define CATVOX_INLINE
#include <catvox/geometry/detail/broken_slices_impl.hpp>
