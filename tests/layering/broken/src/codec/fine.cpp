#include <png.h>
#include "codec/zlib.hpp"
