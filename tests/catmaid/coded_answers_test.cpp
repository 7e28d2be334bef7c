// A server whose every answer is stored in a coding, from its API to voxels.

#include <catvox/catmaid/catmaid_client.hpp>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/file_bytes.hpp"
#include "support/http_server.hpp"

using namespace catvox;

namespace {

constexpr std::int64_t width = 67, height = 53;

void serve(test::HttpServer& server, const std::string& path, const std::string& file, const std::string& coding) {
  const auto body = file_bytes(CATVOX_TEST_DATA "/coded/" + file);
  REQUIRE_FALSE(body.empty());
  server.add(path, test::Answer{.body = body, .headers = {{"Content-Encoding", coding}}});
}

std::string voxels_of(const Stack& stack) {
  std::string voxels(static_cast<std::size_t>(width * height), '\0');
  const auto statistics = stack.source(0)->read(
      {AxisSelection{0, 1, 1}, {0, 1, height}, {0, 1, width}},
      {reinterpret_cast<std::byte*>(voxels.data()), {width * height, width, 1}}, {.missing = Missing::error});
  CHECK(statistics.requests == 1);
  return voxels;
}

}  // namespace

TEST_CASE("answers of the API, tiles, attributes and blocks may come in codings", "[client][content_encoding]") {
  test::HttpServer server;
  serve(server, "/projects/", "projects.json.gz", "gzip");
  serve(server, "/1/stacks", "stacks.json.br", "br");
  serve(server, "/1/stack/1/info", "info.json.gz", "gzip");
  serve(server, "/tiles/0/0_0_0.jpg", "tile.jpg.gz", "aws-chunked, gzip");
  serve(server, "/vol/s0/attributes.json", "attributes.json.br", "br");
  serve(server, "/vol/s0/0/0/0", "block.deflate", "deflate");

  const auto pgm = file_bytes(CATVOX_TEST_DATA "/images/grey_restart.pgm");
  const std::string pixels = pgm.substr(pgm.size() - static_cast<std::size_t>(width * height));

  ClientOptions options;
  options.server = server.url("/");
  options.project_id = 1;
  options.session = HttpSession(HttpOptions{.threads = 2, .retry = {.max_attempts = 1}});
  const CatmaidClient client(options);
  REQUIRE(client.projects().size() == 1);
  CHECK(client.projects()[0].title == "fly");
  Stack stack = client.stack("em");
  CHECK(voxels_of(stack) == pixels);
  stack.set_mirror(2);
  CHECK(voxels_of(stack) == pixels);
}
