#define CATVOX_INLINE
#include <catvox/core/detail/memory_impl.hpp>
