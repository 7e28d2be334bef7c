#include "catmaid/private.hpp"
