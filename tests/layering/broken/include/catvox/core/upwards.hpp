#include <catvox/store/grid.hpp>
