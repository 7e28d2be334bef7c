#include "support/stack_options.hpp"

#include <catvox/core/error.hpp>
#include <catvox/core/text.hpp>
#include <iostream>
#include <map>

#include "support/describe.hpp"

namespace tools {
using catvox::Errc;
using catvox::Error;

namespace {

const std::map<std::string, catvox::BrokenSlicePolicy> broken_policies{
    {"nearest", catvox::BrokenSlicePolicy::nearest}, {"follow", catvox::BrokenSlicePolicy::follow},
    {"fill", catvox::BrokenSlicePolicy::fill},       {"previous", catvox::BrokenSlicePolicy::previous},
    {"next", catvox::BrokenSlicePolicy::next},       {"none", catvox::BrokenSlicePolicy::none},
};

/// "{nearest,follow,…}"
std::string policy_names() {
  std::string names;
  for (const auto& [name, policy] : broken_policies) names += (names.empty() ? "{" : ",") + name;
  return names + "}";
}

void choose_mirror(catvox::Stack& stack, const StackOptions& options) {
  if (options.mirror == "fastest") {
    if (!options.mirror_auth.user.empty()) {
      throw Error(Errc::invalid_argument, "--mirror-user is for a mirror that --mirror names, not for \"fastest\"");
    }
    for (const catvox::MirrorTiming& timing : stack.set_fastest_mirror()) {
      const std::string seen = timing.seconds ? duration_text(*timing.seconds) : timing.failure;
      std::cout << "timed      " << timing.id << ' ' << catvox::in_quotes(timing.title) << ": " << seen << '\n';
    }
  } else if (!options.mirror.empty()) {
    stack.set_mirror(catvox::IdOrTitle::parse(options.mirror));
    if (!options.mirror_auth.user.empty()) stack.set_mirror_auth(stack.mirror().id, options.mirror_auth);
  }
}

}  // namespace

void add_stack_options(CLI::App& app, StackOptions& options, const std::string& without_box) {
  add_server_options(app, options.server);
  app.add_option("--stack", options.stack, "Stack to read, id or title")->type_name("STACK");
  auto* mirror = app.add_option("--mirror", options.mirror,
                                "Mirror to read from: id, title or \"fastest\" [the first that can be read]")
                     ->type_name("MIRROR");
  app.add_option("--mirror-user", options.mirror_auth.user, "HTTP Basic user of that mirror, if it wants one")
      ->type_name("NAME")
      ->needs(mirror);
  app.add_option("--mirror-password", options.mirror_auth.password,
                 "Its password; better in the environment [CATVOX_MIRROR_PASSWORD]")
      ->type_name("PASSWORD")
      ->envname("CATVOX_MIRROR_PASSWORD");
  app.add_option("--level", options.level, "Scale level, 0 is full resolution [0]")->type_name("LEVEL");
  app.add_option("--min", options.min, "Lower corner of the box: x y z in the project's units, nm as a rule")
      ->type_name("NUMBER")
      ->expected(3);
  app.add_option("--max", options.max, "Upper corner; every voxel that the box touches is read" + without_box)
      ->type_name("NUMBER")
      ->expected(3);
  app.add_option("--broken", options.broken, "What to show instead of broken slices [nearest]")
      ->type_name(policy_names())
      ->check(CLI::IsMember(broken_policies).description(""));
}

catvox::BrokenSlicePolicy broken_policy(const StackOptions& options) { return broken_policies.at(options.broken); }

catvox::WorldBox asked_box(const StackOptions& options) {
  if (options.min.size() != 3 || options.max.size() != 3) {
    throw Error(Errc::invalid_argument, "--min and --max are required: x y z each");
  }
  return {{options.min[0], options.min[1], options.min[2]}, {options.max[0], options.max[1], options.max[2]}};
}

catvox::Stack open_stack(const StackOptions& options) {
  catvox::Stack stack = Project(options.server).stack(catvox::IdOrTitle::parse(options.stack));
  choose_mirror(stack, options);
  stack.set_broken_slices(broken_policy(options));
  return stack;
}

}  // namespace tools
