#include <algorithm>
#include <catvox/catmaid/stack_group.hpp>

#include "bytes/json.hpp"
#include "catmaid/server_error.hpp"

namespace catvox {

using detail::Json;
using detail::JsonNode;

StackGroup StackGroup::from_json(std::string_view text) {
  const Json answer = detail::parse_answer(text, "stack group");
  const JsonNode node(answer, "stack group");
  StackGroup group;
  group.id = node.at("id").integer();
  if (const auto project = node.find("project_id")) group.project_id = project->integer();
  if (const auto title = node.find("title")) group.title = title->string();
  for (const JsonNode& stack : node.at("stacks").items()) {
    Member member{stack.at("id").integer(), {}, 0};
    if (const auto relation = stack.find("relation")) member.relation = relation->string();
    if (const auto position = stack.find("position")) member.position = position->integer();
    group.stacks.push_back(std::move(member));
  }
  std::stable_sort(group.stacks.begin(), group.stacks.end(),
                   [](const Member& a, const Member& b) { return a.position < b.position; });
  return group;
}

}  // namespace catvox
