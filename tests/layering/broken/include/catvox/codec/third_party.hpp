#  include <png.h>
