#include <catvox/catvox.hpp>
