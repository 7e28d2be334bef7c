#include <catvox/catmaid/catmaid_client.hpp>
#include <catvox/core/error.hpp>
#include <catvox/http/url.hpp>
#include <cstdlib>
#include <string>

#include "catmaid/instance.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/temp_dir.hpp"

using namespace catvox;
using catvox::test::error_of;
using catvox::test::Instance;

namespace {

// Sets an environment variable for a while.
class Environment {
 public:
  Environment(const char* name, const std::string& value) : name_(name) { ::setenv(name, value.c_str(), 1); }
  ~Environment() { ::unsetenv(name_); }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  const char* name_;
};

}  // namespace

TEST_CASE("a client lists projects and stacks", "[client]") {
  const Instance instance;
  const auto client = instance.client();
  const auto projects = client.projects();
  REQUIRE(projects.size() == 1);
  CHECK(projects[0].title == "fly");
  const auto stacks = client.stacks();
  REQUIRE(stacks.size() == 2);
  CHECK(stacks[0].id == 1);
  CHECK(stacks[0].title == "em ");
}

TEST_CASE("stacks and mirrors are found by id and by title, whose spaces do not matter", "[client]") {
  const Instance instance;
  const auto client = instance.client();
  CHECK(client.stack_info(1).sid == 1);
  CHECK(client.stack_info("em ").sid == 1);
  CHECK(client.stack_info("em").sid == 1);
  CHECK(client.mirror_info(1, 14).title == "type 4");
  CHECK(client.mirror_info("em", "type 5").id == 15);
}

TEST_CASE("what does not exist is an error that lists what does", "[client]") {
  const Instance instance;
  const auto client = instance.client();
  const auto no_stack = error_of([&] { (void)client.stack_info("none"); });
  CHECK(no_stack.code() == Errc::not_found);
  CHECK(std::string(no_stack.what()) == R"(project 1 has no stack "none"; it has 1 "em ", 2 "labels")");
  const auto no_mirror = error_of([&] { (void)client.mirror_info(1, 99); });
  CHECK(no_mirror.code() == Errc::not_found);
  CHECK(std::string(no_mirror.what()) ==
        R"(stack "em " has no mirror 99; it has 11 "type 1", 14 "type 4", 15 "type 5", 19 "tomorrow")");
}

TEST_CASE("a title that two stacks have is refused", "[client]") {
  Instance instance;
  instance.server.add("/1/stacks", R"([{"id": 1, "pid": 1, "title": "em"}, {"id": 7, "pid": 1, "title": "em"}])");
  CHECK(std::string(error_of([&] { (void)instance.client().stack_info("em"); }).what()) ==
        "the title \"em\" is not unique: ids 1 and 7 have it");
}

TEST_CASE("CATMAID's errors carry the server's words", "[client]") {
  Instance instance;
  const auto answer = [](int status, const std::string& body) {
    return test::Answer{.status = status, .body = body, .content_type = "application/json"};
  };
  const auto [status, body, code, words] = GENERATE(table<int, std::string, Errc, std::string>({
      {404, R"({"error": "No Stack matches the given query.", "detail": null, "type": "Http404"})", Errc::not_found,
       "HTTP 404: No Stack matches the given query. (Http404)"},
      {403, R"({"error": "user does not have permission", "type": "PermissionError"})", Errc::unauthorized,
       "HTTP 403: user does not have permission (PermissionError)"},
      {400, R"({"error": "This stack is not in this project", "type": "ValueError"})", Errc::not_found,
       "HTTP 400: This stack is not in this project (ValueError)"},
      {400, R"({"error": "invalid literal", "type": "ValueError"})", Errc::server_error,
       "HTTP 400: invalid literal (ValueError)"},
      {500, R"({"error": "Project matching query does not exist."})", Errc::not_found,
       "HTTP 500: Project matching query does not exist."},
      {500, R"({"error": "gone", "type": "DoesNotExist"})", Errc::not_found, "HTTP 500: gone (DoesNotExist)"},
      {500, R"({"error": "boom", "type": "KeyError"})", Errc::server_error, "HTTP 500: boom (KeyError)"},
      {200, R"({"error": "Multiple project - stack associations, but should only be one."})", Errc::not_found,
       "HTTP 200: Multiple project - stack associations, but should only be one."},
      {500, "<html>nginx</html>", Errc::http_status, "HTTP 500"},
      {404, "<html>nginx</html>", Errc::not_found, "HTTP 404"},
  }));
  instance.server.add("/1/stack/7/info", answer(status, body));
  const auto failure = error_of([&] { (void)instance.client().stack_info(7); });
  CHECK(failure.code() == code);
  CHECK(failure.context().http_status == status);
  CHECK(std::string(failure.what()) == "cannot fetch " + instance.server.url("/1/stack/7/info") + ": " + words);
  CHECK(instance.server.count("/1/stack/7/info") == 1);  // none of these is worth asking again
}

TEST_CASE("an old server's error with status 200 is an error too", "[client]") {
  Instance instance;
  instance.server.add("/1/stack/7/info", R"({"error": "you are not logged in"})");
  const auto failure = error_of([&] { (void)instance.client().stack_info(7); });
  CHECK(failure.code() == Errc::server_error);
  CHECK(std::string(failure.what()) ==
        "cannot fetch " + instance.server.url("/1/stack/7/info") + ": HTTP 200: you are not logged in");
}

TEST_CASE("a project that is not there is told from those that are", "[client]") {
  Instance instance;
  const CatmaidClient client({.server = instance.server.url("/"), .project_id = 9});
  const std::string answer = R"({"error": "Project matching query does not exist.", "type": "DoesNotExist"})";
  instance.server.add("/9/stacks", test::Answer{.status = 500, .body = answer});
  const auto failure = error_of([&] { (void)client.stacks(); });
  CHECK(failure.code() == Errc::not_found);
  CHECK(std::string(failure.what()) == "the server has no project 9; it has 1 \"fly\" (cannot fetch " +
                                           instance.server.url("/9/stacks") +
                                           ": HTTP 500: Project matching query does not exist. (DoesNotExist))");
}

TEST_CASE("get() asks for what has no function, with the client's secrets", "[client]") {
  Instance instance;
  instance.server.add("/1/skeletons/", R"([7])");
  const auto client = instance.client({.api_token = "sesame"});
  CHECK(client.get("1/skeletons/?nodecount_gt=5") == "[7]");
  CHECK(client.get("/1/skeletons/") == "[7]");
  REQUIRE(instance.server.requests().size() == 2);
  CHECK(instance.server.requests()[0].target() == "/1/skeletons/?nodecount_gt=5");
  CHECK(instance.server.requests()[0].header("x-authorization") == "Token sesame");
  CHECK(error_of([&] { (void)client.get("1/none"); }).code() == Errc::not_found);
  instance.server.add("/1/large", std::string((16 << 20) + 1, ' '));
  CHECK(error_of([&] { (void)client.get("1/large"); }).code() == Errc::too_large);
}

TEST_CASE("calls of the API end with their stop token, and at the latest after metadata_timeout", "[client]") {
  Instance instance;
  instance.server.set_delay(std::chrono::milliseconds(300));
  auto client = instance.client();
  std::stop_source stopped;
  stopped.request_stop();
  const auto stop = stopped.get_token();
  CHECK(error_of([&] { (void)client.projects(stop); }).code() == Errc::cancelled);
  CHECK(error_of([&] { (void)client.stack("em", stop); }).code() == Errc::cancelled);
  client = instance.client({.metadata_timeout = std::chrono::milliseconds(20)});
  const auto late = error_of([&] { (void)client.stacks(); });
  CHECK(late.code() == Errc::timeout);
  CHECK(std::string(late.what()) ==
        "cannot fetch " + instance.server.url("/1/stacks") + ": no answer in the time that was allowed");
}

TEST_CASE("a server that is busy is asked again", "[client]") {
  Instance instance;
  int calls = 0;
  instance.server.add("/1/stacks", [&](const test::Received&) {
    return ++calls == 1 ? test::Answer{.status = 503} : test::Answer{.body = "[]"};
  });
  CHECK(instance.client().stacks().empty());
}

TEST_CASE("token and Basic go to the server's API, and only there", "[client]") {
  Instance instance;
  test::HttpServer elsewhere;
  elsewhere.add("/t1/0/0_0_0.png", Instance::tile(0, 0, 0, 0));
  instance.publish("0", "null", "{}", "," + Instance::mirror(20, "elsewhere", elsewhere.url("/t1/"), 1, "png", 4));
  const auto client = instance.client({.api_token = "sesame", .http_user = "em", .http_password = "section20"});
  auto stack = client.stack(1);
  for (const auto& received : instance.server.requests()) {
    CAPTURE(received.target());
    CHECK(received.header("x-authorization") == "Token sesame");
    CHECK(received.header("authorization") == "Basic ZW06c2VjdGlvbjIw");
  }
  instance.server.reset_log();

  const xt::xtensor<std::uint8_t, 3> own = stack.scale<std::uint8_t>(0).slice(xt::range(0, 1), xt::range(0, 1));
  REQUIRE(instance.server.requests().size() == 4);
  for (const auto& received : instance.server.requests()) {
    CHECK(received.header("x-authorization").empty());  // a mirror never gets the token, not even the server's own
    CHECK(received.header("authorization") == "Basic ZW06c2VjdGlvbjIw");  // its origin is behind Basic as a whole
  }

  stack.set_mirror("elsewhere");
  const xt::xtensor<std::uint8_t, 3> other =
      stack.scale<std::uint8_t>(0).slice(xt::range(0, 1), xt::range(0, 1), xt::range(0, 4));
  REQUIRE(elsewhere.requests().size() == 1);
  CHECK(elsewhere.requests()[0].header("x-authorization").empty());
  CHECK(elsewhere.requests()[0].header("authorization").empty());
}

TEST_CASE("user and password in the server's URL are used and never shown", "[client]") {
  Instance instance;
  instance.server.protect("/1/", "em", "section20");
  const std::string host = instance.server.url("/").substr(7);
  const CatmaidClient client({.server = "http://em:section20@" + host, .project_id = 1});
  CHECK(client.stacks().size() == 2);
  const CatmaidClient wrong({.server = "http://em:wrong@" + host, .project_id = 1});
  const auto failure = error_of([&] { (void)wrong.stacks(); });
  CHECK(failure.code() == Errc::unauthorized);
  CHECK(std::string(failure.what()) ==
        "cannot fetch http://" + host + "1/stacks: HTTP 401 (the user and password were refused)");
}

TEST_CASE("a server's answer to a stranger is not taken for the user's", "[client]") {
  Instance instance;
  test::HttpServer elsewhere;
  elsewhere.add("/projects/", "[]");
  instance.server.add("/projects/",
                      test::Answer{.status = 301, .headers = {{"Location", elsewhere.url("/projects/?next=x")}}});
  const auto failure = error_of([&] { (void)instance.client({.api_token = "sesame"}).projects(); });
  CHECK(failure.code() == Errc::refused);
  CHECK(std::string(failure.what()) ==
        "cannot fetch " + instance.server.url("/projects/") + ": it redirects to " + elsewhere.url("/projects/") +
            "?next=***, to which X-Authorization was not sent, so that what it answers is not for this user; if that "
            "is the server, give its URL");
  CHECK(elsewhere.requests().at(0).header("x-authorization").empty());
  CHECK(instance.client().projects().empty());  // nothing to lose
}

TEST_CASE("an answer that is no stack info is named by its address", "[client]") {
  Instance instance;
  instance.server.add("/1/stacks", "{}");
  instance.server.add("/1/stack/1/info", "<html>");
  CHECK_THROWS_WITH(instance.client().stacks(),
                    "stack list: expected a list, got {}, from " + instance.server.url("/1/stacks"));
  CHECK_THROWS_WITH(instance.client().stack_info(1), R"(stack info: not valid JSON at byte 1, near "<html>", from )" +
                                                         instance.server.url("/1/stack/1/info"));
}

TEST_CASE("what was refused is told from what is needed", "[client]") {
  struct Case {
    int status;
    ClientOptions options;
    const char* reason;
  };
  const Case cases[] = {
      {401, {}, "HTTP 401 (a user and password are needed)"},
      {401, {.http_user = "em", .http_password = "s3cret"}, "HTTP 401 (the user and password were refused)"},
      {401, {.api_token = "s3cret"}, "HTTP 401 (the API token was refused, or a user and password are needed)"},
      {401,
       {.api_token = "s3cret", .http_user = "em"},
       "HTTP 401 (the API token, or the user and password, were refused)"},
      {403, {.http_user = "em"}, "HTTP 403"},
      {403,
       {.api_token = "s3cret"},
       "HTTP 403; an API token was sent, but the server ignores one that it does not know"},
  };
  Instance instance;
  for (const auto& [status, options, reason] : cases) {
    instance.server.add("/1/stacks", test::Answer{.status = status});
    const auto failure = error_of([&, &o = options] { (void)instance.client(o).stacks(); });
    CHECK(failure.code() == Errc::unauthorized);
    CHECK(std::string(failure.what()) == "cannot fetch " + instance.server.url("/1/stacks") + ": " + reason);
  }
}

TEST_CASE("a server's URL that is none says what to write", "[client]") {
  const auto [server, text] = GENERATE(table<std::string, std::string>({
      {"localhost:8000",
       R"( must be an http:, https: or file: URL, not "localhost:8000": put "https://" or "http://" before it)"},
      {"em:s3cret@catmaid.org/fafb",
       R"( must be an http:, https: or file: URL, not "catmaid.org/fafb": put "https://" or "http://" before it)"},
      {"ftp://catmaid.org/", R"( must be an http:, https: or file: URL, not "ftp://catmaid.org/")"},
      {"", R"( must be an http:, https: or file: URL, not "")"},
      {"https://catmaid.org/?pid=1&token=s3cret",
       R"( must be a server's address, not that of a page: "https://catmaid.org/?pid=***&token=***" goes on with "?"; leave out what begins there)"},
      {"https://catmaid.org/fafb#s3cret",
       R"( must be a server's address, not that of a page: "https://catmaid.org/fafb#***" goes on with "#"; leave out what begins there)"},
  }));
  CHECK_THROWS_WITH(CatmaidClient({.server = server}), "ClientOptions::server" + text);
}

TEST_CASE("options that cannot work are refused when the client is made", "[client]") {
  const auto server = GENERATE("", "catmaid.org", "ftp://catmaid.org/", "http://");
  CAPTURE(server);
  CHECK(error_of([&] { CatmaidClient({.server = server}); }).code() == Errc::invalid_argument);
  const CatmaidClient no_project({.server = "http://127.0.0.1:1/"});
  CHECK(std::string(error_of([&] { (void)no_project.stacks(); }).what()) ==
        "no project is chosen: set ClientOptions::project_id or the environment variable CATMAID_PROJECT_ID");
}

TEST_CASE("a client is made from pymaid's environment variables", "[client]") {
  Instance instance;
  instance.server.protect("/1/", "em", "section20");
  const Environment server("CATMAID_SERVER", instance.server.url());  // without the slash
  const Environment token("CATMAID_API_TOKEN", "sesame");
  const Environment user("CATMAID_HTTP_USER", "em");
  const Environment password("CATMAID_HTTP_PASSWORD", "section20");
  {
    const Environment project("CATMAID_PROJECT_ID", "1");
    CHECK(CatmaidClient::from_environment().stacks().size() == 2);
    CHECK(instance.server.requests()[0].header("x-authorization") == "Token sesame");
  }
  const Environment project("CATMAID_PROJECT_ID", "one");
  CHECK(std::string(error_of([] { (void)CatmaidClient::from_environment(); }).what()) ==
        "the environment variable CATMAID_PROJECT_ID is no number: \"one\"");
}

TEST_CASE("without CATMAID_SERVER there is no client from the environment", "[client]") {
  ::unsetenv("CATMAID_SERVER");
  CHECK(std::string(error_of([] { (void)CatmaidClient::from_environment(); }).what()) ==
        "the environment variable CATMAID_SERVER is not set");
}

TEST_CASE("a folder answers like a server", "[client]") {
  const test::TempDir dir;
  dir.write("projects.json", R"([{"id": 1, "title": "export"}])");
  dir.write("1/stacks", R"([{"id": 3, "pid": 1, "title": "em"}])");
  dir.write("1/stack/3/info", R"({"sid": 3, "pid": 1, "stitle": "em", "num_zoom_levels": 0,
      "dimension": {"x": 20, "y": 10, "z": 1}, "resolution": {"x": 1, "y": 1, "z": 1},
      "translation": {"x": 0, "y": 0, "z": 0}, "broken_slices": {}, "mirrors": [)" +
                                  Instance::mirror(1, "here", "tiles/", 1, "png", 0) + "]}");
  dir.write("tiles/0/0_0_0.png", Instance::tile(0, 0, 0, 0));
  const CatmaidClient client({.server = file_url(dir.path().string()), .project_id = 1});
  CHECK(client.projects()[0].title == "export");
  CHECK(client.stacks()[0].id == 3);
  const xt::xtensor<std::uint8_t, 3> voxels = client.stack("em").scale<std::uint8_t>(0);
  CHECK(voxels(0, 9, 19) == test::voxel(0, 0, 9, 19));
  const auto failure = error_of([&] { (void)client.stack_info(4); });
  CHECK(failure.code() == Errc::not_found);
  CHECK(std::string(failure.what()) ==
        "cannot fetch " + file_url(dir.path().string()) + "/1/stack/4/info: there is no such file");
}
