#include <catvox/catmaid/stack_group.hpp>
#include <catvox/core/error.hpp>
#include <string>

#include "catmaid/instance.hpp"
#include "support/catch.hpp"
#include "support/caught.hpp"
#include "support/error_of.hpp"

using namespace catvox;
using catvox::test::error_of;
using catvox::test::Instance;

namespace {

// As a server of 2022 answers, project_id a string.
const std::string channels = R"({"id": 5, "project_id": "1", "title": "stainings", "stacks": [
    {"id": 2, "relation": "channel", "position": 1}, {"id": 1, "relation": "view", "position": 0}]})";

}  // namespace

TEST_CASE("a stack group lists its stacks in the order of their position", "[client]") {
  CHECK(StackGroup::from_json(channels) == StackGroup{5, 1, "stainings", {{1, "view", 0}, {2, "channel", 1}}});
  CHECK(caught([] { return StackGroup::from_json(R"({"id": 5, "stacks": [{"relation": "view"}]})"); }) ==
        Caught{Errc::invalid_metadata, R"(stack group: missing key "stacks[0].id")"});
}

TEST_CASE("stack groups are found by id, by title and by a stack of theirs", "[client]") {
  Instance instance;
  instance.server.add("/projects/", R"([{"id": 1, "title": "fly", "stacks": [],
      "stackgroups": [{"id": 5, "title": "stainings ", "comment": null}, {"id": 6, "title": "views", "comment": "c"}]},
      {"id": 2, "title": "fish", "stackgroups": [{"id": 9, "title": "theirs"}]}])");
  instance.server.add("/1/stackgroup/5/info", channels);
  instance.server.add("/1/stack/1/groups", R"({"stack_group_ids": [5]})");
  instance.server.add("/1/stack/7/groups", R"({"stack_group_ids": []})");  // as for a stack that is not there
  instance.server.add("/1/stack/2/groups", R"({"stack_group_ids": []})");
  instance.server.add("/1/stack/2/info", test::Answer{.status = 403});
  instance.server.add(
      "/1/stackgroup/7/info",
      test::Answer{.status = 500,
                   .body = R"({"error": "StackGroup matching query does not exist.", "type": "DoesNotExist"})"});
  const auto client = instance.client();
  CHECK(client.stack_groups() == std::vector<StackGroupSummary>{{5, "stainings ", ""}, {6, "views", "c"}});
  CHECK(client.stack_group(5).stacks.size() == 2);
  CHECK(client.stack_group("stainings").id == 5);
  REQUIRE(client.groups_of("em").size() == 1);
  CHECK(client.groups_of(1)[0] == StackGroup::from_json(channels));
  CHECK(std::string(error_of([&] { (void)client.stack_group("none"); }).what()) ==
        "project 1 has no stack group \"none\"; it has 5 \"stainings \", 6 \"views\"");
  CHECK(error_of([&] { (void)client.stack_group(7); }).code() == Errc::not_found);
  CHECK(error_of([&] { (void)client.groups_of(7); }).code() == Errc::not_found);
}
