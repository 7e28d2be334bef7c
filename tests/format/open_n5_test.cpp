#include <algorithm>
#include <catvox/core/error.hpp>
#include <future>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bytes/http_source.hpp"
#include "format/n5/open_n5.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/scripted_transport.hpp"

using namespace catvox;
using namespace catvox::detail;
using catvox::test::error_of;
using catvox::test::ScriptedTransport;

namespace {

std::string attributes_of_size(int size) {
  return R"({"dimensions": [)" + std::to_string(size) + R"(, 8, 8], "blockSize": [4, 4, 4], "dataType": "uint8",
            "compression": {"type": "raw"}})";
}

/// A server that answers some paths below https://h/v/ and 404 to all others.
struct Server {
  std::map<std::string, ScriptedTransport::Reply> files;
  std::shared_ptr<ScriptedTransport> transport =
      std::make_shared<ScriptedTransport>([this](const std::string& url) -> ScriptedTransport::Reply {
        const auto found = files.find(url);
        return found == files.end() ? ScriptedTransport::Reply{404, "no such file"} : found->second;
      });

  [[nodiscard]] MirrorAccess access() const {
    return {.source = [t = transport](const SourceNeeds& needs) {
      return make_http_source({.transport = t,
                               .credentials = nullptr,
                               .missing = {.not_found = needs.not_found_is_missing, .forbidden = false},
                               .cacheable = needs.cacheable});
    }};
  }

  [[nodiscard]] Opened open(const ScaleLevels& scales = {}, const std::string& suffix = "%SCALE_DATASET%/0_1_2") const {
    return open_n5({.image_base = "https://h/v/" + suffix, .scales = scales}, access());
  }

  void put(int level, ScriptedTransport::Reply reply) {
    files["https://h/v/s" + std::to_string(level) + "/attributes.json"] = std::move(reply);
  }
};

std::vector<int> numbers(const Opened& opened) {
  std::vector<int> found;
  for (const OpenedLevel& level : opened.levels) found.push_back(level.level);
  return found;
}

}  // namespace

TEST_CASE("the levels of an N5 volume are those from 0 up to the first that does not exist", "[format]") {
  Server server;
  server.put(0, {200, attributes_of_size(8)});
  server.put(1, {200, attributes_of_size(5)});
  server.put(3, {200, attributes_of_size(1)});
  const Opened opened = server.open();
  CHECK(numbers(opened) == std::vector{0, 1});
  CHECK(opened.own_shape == Shape3{8, 8, 8});
  CHECK(opened.levels[1].store->shape() == Shape3{8, 8, 5});
  CHECK(opened.levels[1].factors == StackVector{2, 2, 1});
  CHECK(opened.warnings.empty());
}

TEST_CASE("whatever a level above 0 answers instead of attributes ends the levels, with a warning", "[format]") {
  const auto [status, body, why] = GENERATE(table<int, std::string, std::string>({
      {403, "<Error/>", "cannot fetch https://h/v/s2/attributes.json: HTTP 403"},
      {401, "", "cannot fetch https://h/v/s2/attributes.json: HTTP 401 (a user and password are needed)"},
      {400, "bad", "cannot fetch https://h/v/s2/attributes.json: HTTP 400"},
      {500, "oops", "cannot fetch https://h/v/s2/attributes.json: HTTP 500"},
      {200, "<!DOCTYPE html>", "level 2: N5 attributes: not a JSON object"},
      {200, "{}", "level 2: N5 attributes: \"dimensions\" is missing"},
  }));
  CAPTURE(status, body);
  Server server;
  for (const int level : {0, 1, 3}) server.put(level, {200, attributes_of_size(8)});
  server.put(2, {status, body});
  const Opened opened = server.open({.num_zoom_levels = 3});
  CHECK(numbers(opened) == std::vector{0, 1});
  CHECK(opened.warnings == std::vector<std::string>{"the N5 volume's levels end at 1: " + why});
}

TEST_CASE("level 0 of an N5 volume must open", "[format]") {
  const auto [status, body, code, text] = GENERATE(table<int, std::string, Errc, std::string>({
      {404, "", Errc::not_found, "N5 volume: no attributes.json where image_base says"},
      {403, "", Errc::unauthorized, "cannot fetch https://h/v/s0/attributes.json: HTTP 403"},
      {200, "<html>", Errc::invalid_metadata, "level 0: N5 attributes: not a JSON object"},
  }));
  CAPTURE(status);
  Server server;
  server.put(0, {status, body});
  server.put(1, {200, attributes_of_size(8)});
  const Error error = error_of([&] { (void)server.open(); });
  CHECK(error.code() == code);
  CHECK(error.what() == text);
}

TEST_CASE("all the levels that a stack has are asked for before the first answers", "[format]") {
  Server server;
  for (int level = 0; level < 20; ++level) server.put(level, {200, attributes_of_size(8)});
  struct Case {
    ScaleLevels scales;
    std::size_t asked;
  };
  const std::vector<StackVector> twelve(12, {1, 1, 1});
  const auto [scales, asked] = GENERATE_COPY(
      Case{{.num_zoom_levels = 9}, 10}, Case{{.downsample_factors = twelve}, 12}, Case{{.num_zoom_levels = 0}, 1},
      Case{{.dimension = {1 << 20, 1 << 20, 1}, .smallest_tile_side = 128}, 14},  // derived, and no bound
      Case{{}, 8});
  server.transport->hold();
  auto opening = std::async(std::launch::async, [&, &s = scales] { return server.open(s); });
  server.transport->wait_for_requests(asked);
  CHECK(server.transport->urls().size() == asked);
  server.transport->release();
  const std::size_t levels = opening.get().levels.size();
  CHECK(levels == (scales.downsample_factors || scales.num_zoom_levels >= 0 ? asked : 20));
}

TEST_CASE("a server that has everything comes to an end", "[format]") {
  auto transport = std::make_shared<ScriptedTransport>([](const std::string&) {
    return ScriptedTransport::Reply{200, attributes_of_size(1)};
  });
  Server server;
  server.transport = transport;
  CHECK(server.open().levels.size() == 64);
  CHECK(transport->urls().size() == 64);
}

TEST_CASE("an N5 volume without %SCALE_DATASET% has level 0 alone", "[format]") {
  Server server;
  server.files["https://h/v/attributes.json"] = {200, attributes_of_size(8)};
  CHECK(numbers(server.open({.num_zoom_levels = 5}, "0_1_2")) == std::vector{0});
  CHECK(server.transport->urls().size() == 1);
}

TEST_CASE("a level above 0 that gives no answer at all is an error", "[format]") {
  auto transport = std::make_shared<ScriptedTransport>([](const std::string& url) -> ScriptedTransport::Reply {
    if (url.find("/s0/") == std::string::npos) throw Error(Errc::connection, "connection reset");
    return {200, attributes_of_size(1)};
  });
  Server server;
  server.transport = transport;
  const Error error = error_of([&] { (void)server.open(); });
  CHECK(error.code() == Errc::connection);
  CHECK(error.what() == std::string("cannot fetch https://h/v/s1/attributes.json: connection reset"));
}
