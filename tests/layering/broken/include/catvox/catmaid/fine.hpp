#include <catvox/read/reader.hpp>
#include <xtensor/xtensor.hpp>
