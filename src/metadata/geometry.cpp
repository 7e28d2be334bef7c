#include <catvox/metadata/geometry.hpp>
