#pragma once

#include "support/command.hpp"

namespace tools {

/// `catvox crop`: a box, given in world units, out of a stack into a file.
Command add_crop(CLI::App& program);

}  // namespace tools
