#include <catvox/metadata/stack_info.hpp>
