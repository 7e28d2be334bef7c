#pragma once

#include <catvox/catmaid/stack.hpp>
#include <catvox/geometry/broken_slices.hpp>
#include <string>
#include <vector>

#include "support/server.hpp"

namespace tools {

/// Which part of which stack, and where it comes from.
struct StackOptions {
  ServerOptions server;
  std::string stack;
  std::string mirror;
  catvox::BasicAuth mirror_auth;
  int level = 0;
  std::vector<double> min, max;  ///< x y z each, or empty
  std::string broken = "nearest";
};

/// Adds those of the server, --stack, --mirror, --mirror-user, --mirror-password, --level, --min, --max and --broken.
/// \param without_box  what happens without --min and --max, to end its description
void add_stack_options(CLI::App& app, StackOptions& options, const std::string& without_box);

/// What --broken says.
catvox::BrokenSlicePolicy broken_policy(const StackOptions& options);

/// The box of --min and --max. \throws Error{invalid_argument} without them
catvox::WorldBox asked_box(const StackOptions& options);

/// Opens the stack with its mirror; prints what it saw of the mirrors where the fastest was asked for.
catvox::Stack open_stack(const StackOptions& options);

}  // namespace tools
