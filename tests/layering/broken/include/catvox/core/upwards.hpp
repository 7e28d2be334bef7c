#include <catvox/format/grid.hpp>
