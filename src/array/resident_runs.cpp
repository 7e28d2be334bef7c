#define CATVOX_INLINE
#include <catvox/array/detail/resident_runs_impl.hpp>
