#define CATVOX_INLINE
#include <catvox/array/detail/block_run_impl.hpp>
