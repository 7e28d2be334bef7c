#pragma once

#include <string>
#include <vector>

#include "support/command.hpp"

// The manual page and the shell completions of a program, made from the options that it declares.
//
// What an option's value is, its type name tells: "FILE" and "FOLDER" are completed as paths, "{a,b}" by those words.

namespace tools {

/// The manual page, section 1, in roff.
std::string manual_page(const CLI::App& app, const std::vector<Command>& commands);

/// What bash sources to complete commands, options and values.
std::string bash_completion(const CLI::App& app, const std::vector<Command>& commands);

/// What zsh autoloads for the same, descriptions included.
std::string zsh_completion(const CLI::App& app, const std::vector<Command>& commands);

}  // namespace tools
