#include "client/private.hpp"
