#include <catvox/core/error.hpp>
#include <catvox/http/session.hpp>
#include <catvox/http/url.hpp>
#include <filesystem>
#include <fstream>
#include <string>

#include "support/catch.hpp"
#include "support/temp_dir.hpp"

using namespace catvox;

namespace {

Response get_file(const std::filesystem::path& path, bool allow_file, std::size_t max_body_bytes = 1 << 20) {
  const HttpSession session(HttpOptions{.threads = 1, .max_body_bytes = max_body_bytes});
  Request request;
  request.url = file_url(path.string());
  request.allow_file = allow_file;
  return session.get(std::move(request));
}

}  // namespace

TEST_CASE("a file: URL gives the file's bytes, or 404", "[http]") {
  const test::TempDir dir;
  std::ofstream(dir.path() / "a tile.bin") << "voxels";
  const Response found = get_file(dir.path() / "a tile.bin", true);
  CHECK(found.status == 200);
  CHECK(std::string(reinterpret_cast<const char*>(found.body.data()), found.body.size()) == "voxels");
  CHECK(get_file(dir.path() / "none.bin", true).status == 404);
  CHECK(get_file(dir.path() / "a tile.bin" / "below", true).status == 404);
}

TEST_CASE("a file: URL is refused unless the request allows it", "[http]") {
  const test::TempDir dir;
  std::ofstream(dir.path() / "secret") << "s";
  CHECK_THROWS_WITH(get_file(dir.path() / "secret", false),
                    "file: is only read when the server itself is a folder, or when the caller allows it");
}

TEST_CASE("what is no plain file of a sane size is an error", "[http]") {
  const test::TempDir dir;
  CHECK_THROWS_WITH(get_file(dir.path(), true), "not a regular file");
  std::ofstream(dir.path() / "big") << std::string(2000, 'x');
  CHECK_THROWS_WITH(get_file(dir.path() / "big", true, 1999), "the file has 2000 bytes, more than the limit of 1999");
  CHECK(get_file(dir.path() / "big", true, 2000).body.size() == 2000);
}
