#include <catvox/metadata/broken_slices.hpp>
