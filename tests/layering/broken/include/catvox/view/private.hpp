#include "store/private.hpp"
