#include "geometry/private.hpp"
