#define CATVOX_INLINE
#include <catvox/core/detail/error_impl.hpp>
