#pragma once

#include "support/command.hpp"

namespace tools {

/// `catvox list`: what a server has.
Command add_list(CLI::App& program);

}  // namespace tools
