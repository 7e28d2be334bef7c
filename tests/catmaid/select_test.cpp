#include <catvox/catmaid/select.hpp>
#include <sstream>
#include <string>

#include "catmaid/instance.hpp"
#include "support/catch.hpp"

using namespace catvox;
using catvox::test::Instance;

TEST_CASE("select_stack lists, asks again on nonsense, and opens the choice", "[client]") {
  const Instance instance;
  std::istringstream in("x\n0\n3\n1x\n 1 \n");
  std::ostringstream out;
  const auto stack = select_stack(instance.client(), in, out);
  REQUIRE(stack);
  CHECK(stack->info().sid == 1);
  CHECK(out.str() ==
        "1) em  (id 1)\n2) labels (id 2)\n"
        "Stack (1 to 2, empty to cancel): \"x\" is not a number from 1 to 2.\n"
        "Stack (1 to 2, empty to cancel): \"0\" is not a number from 1 to 2.\n"
        "Stack (1 to 2, empty to cancel): \"3\" is not a number from 1 to 2.\n"
        "Stack (1 to 2, empty to cancel): \"1x\" is not a number from 1 to 2.\n"
        "Stack (1 to 2, empty to cancel): ");
}

TEST_CASE("select_stack is cancelled by an empty line and by the end of input", "[client]") {
  const Instance instance;
  for (const char* input : {"\n", "   \n", "", "9\n"}) {
    CAPTURE(input);
    std::istringstream in(input);
    std::ostringstream out;
    CHECK_FALSE(select_stack(instance.client(), in, out));
  }
}

TEST_CASE("select_mirror numbers only what can be read, and chooses", "[client]") {
  const Instance instance;
  auto stack = instance.client().stack(1);
  std::istringstream in("2\n");
  std::ostringstream out;
  CHECK(select_mirror(stack, in, out));
  CHECK(stack.mirror().id == 14);
  CHECK(out.str() ==
        "1) type 1 (id 11, type 1)\n2) type 4 (id 14, type 4)\n3) type 5 (id 15, type 5)\n"
        "-  tomorrow (id 19, type 99, not supported)\nMirror (1 to 3, empty to cancel): ");
  std::istringstream nothing;
  CHECK_FALSE(select_mirror(stack, nothing, out));
  CHECK(stack.mirror().id == 14);
}

TEST_CASE("titles cannot give a terminal orders", "[client]") {
  StackInfo info = Instance().client().stack_info(1);
  info.mirrors[0].title = "\x1b]0;gone\a\u202ertl\n1) fake";
  Stack stack(info);
  std::istringstream in;
  std::ostringstream out;
  CHECK_FALSE(select_mirror(stack, in, out));
  CHECK(out.str().starts_with("1) \\x1b]0;gone\\x07\\u202ertl\\x0a1) fake (id 11, type 1)\n2) "));
  CHECK_THROWS_WITH(stack.set_mirror(5),
                    "stack \"em \" has no mirror 5; it has 11 \"\\x1b]0;gone\\x07\\u202ertl\\x0a1) fake\", "
                    "14 \"type 4\", 15 \"type 5\", 19 \"tomorrow\"");
}
