#define CATVOX_INLINE
#include <catvox/array/detail/resident_regions_impl.hpp>
