// Stores in clouds answer 403 for what is not there to whom may not list it.

#include <array>
#include <catvox/catmaid/stack.hpp>
#include <catvox/core/error.hpp>
#include <catvox/http/session.hpp>
#include <cstddef>
#include <string>

#include "support/catch.hpp"
#include "support/caught.hpp"
#include "support/http_server.hpp"
#include "support/shard_writer.hpp"

using namespace catvox;

namespace {

/// A bucket of a volume of 2 x 1 x 1 chunks of which the first is there, whole and in shards; 403 for all else.
struct Bucket {
  Bucket() {
    server.add_prefix("/", [](const test::Received&) { return test::Answer{.status = 403}; });
    server.add("/v/info", info(""));
    server.add("/v/k/0-2_0-1_0-1", "ab");
    server.add("/s/info", info(R"(, "sharding": {"preshift_bits": 0, "hash": "identity", "minishard_bits": 0,
                                   "shard_bits": 1})"));
    server.add("/s/k/0.shard", test::shard({{{0, "ab"}}}));
  }

  static std::string info(const std::string& sharding) {
    return R"({"data_type": "uint8", "num_channels": 1, "scales": [{"key": "k", "size": [4, 1, 1],
      "resolution": [1, 1, 1], "chunk_sizes": [[2, 1, 1]], "encoding": "raw")" +
           sharding + "}]}";
  }

  [[nodiscard]] Stack stack(const std::string& folder, const HttpSession& session = HttpSession()) const {
    StackInfo info;
    info.sid = info.pid = 1;
    info.stitle = "bucket";
    info.dimension = {4, 1, 1};
    MirrorInfo mirror;
    mirror.title = "cloud";
    mirror.image_base = server.url(folder + "/%SCALE_DATASET%/0_1_2");
    mirror.tile_width = mirror.tile_height = 2;
    mirror.tile_source_type = 14;
    info.mirrors.push_back(mirror);
    Stack stack(info, {.session = session});
    stack.set_mirror("cloud");
    return stack;
  }

  test::HttpServer server;
};

std::string read_row(const Stack& stack, const ReadOptions& options, ReadStatistics* statistics = nullptr) {
  std::string row(4, '\xEE');
  const Selection3 all{AxisSelection{0, 1, 1}, {0, 1, 1}, {0, 1, 4}};
  const auto result = stack.source(0)->read(all, {reinterpret_cast<std::byte*>(row.data()), {4, 4, 1}}, options);
  if (statistics != nullptr) *statistics = result;
  return row;
}

}  // namespace

TEST_CASE("a chunk that is forbidden to a stranger is missing, and the report counts it", "[stack]") {
  const Bucket bucket;
  const std::string folder = GENERATE("/v", "/s");
  CAPTURE(folder);
  ReadStatistics statistics;
  CHECK(read_row(bucket.stack(folder), {.missing = Missing::report}, &statistics) == std::string("ab\0\0", 4));
  CHECK(statistics.missing == 1);
  REQUIRE(statistics.report);
  CHECK(statistics.report->missing == 1);
  REQUIRE(statistics.report->missing_chunks.size() == 1);
  CHECK(statistics.report->missing_chunks[0].name == "chunk 2-4_0-1_0-1 (level 0)");
  CHECK(caught([&] { return read_row(bucket.stack(folder), {.missing = Missing::error}); }).code == Errc::not_found);
}

TEST_CASE("a chunk that is forbidden to somebody who is known is an error", "[stack]") {
  const Bucket bucket;
  const HttpSession session = HttpSession().with_secrets(bucket.server.url(), BasicAuth{"em", "s3cret"});
  CHECK(caught([&] { return read_row(bucket.stack("/v", session), {}); }) ==
        Caught{Errc::unauthorized, "cannot fetch chunk 2-4_0-1_0-1 (level 0) from " +
                                       bucket.server.url("/v/k/2-4_0-1_0-1") + ": HTTP 403"});
}

TEST_CASE("a volume whose info is forbidden is an error", "[stack]") {
  const Bucket bucket;
  CHECK(caught([&] { return read_row(bucket.stack("/nothing"), {}); }) ==
        Caught{Errc::unauthorized, "cannot open mirror \"cloud\" of stack \"bucket\", image_base \"" +
                                       bucket.server.url("/nothing/%SCALE_DATASET%/0_1_2") + "\": cannot fetch " +
                                       bucket.server.url("/nothing/info") + ": HTTP 403"});
}
