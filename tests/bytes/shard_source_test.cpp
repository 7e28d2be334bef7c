#include "bytes/shard_source.hpp"

#include <algorithm>
#include <catvox/core/error.hpp>
#include <catvox/http/session.hpp>
#include <catvox/http/url.hpp>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bytes/file_source.hpp"
#include "bytes/http_source.hpp"
#include "bytes/read_now.hpp"
#include "recorder.hpp"
#include "sources.hpp"
#include "support/catch.hpp"
#include "support/caught.hpp"
#include "support/http_server.hpp"
#include "support/shard_writer.hpp"
#include "support/temp_dir.hpp"

using namespace catvox;
using detail::read_now;
using detail::ShardingSpec;
using test::little_endian;
using test::shard;
using test::text;

namespace {

std::shared_ptr<ByteSource> source_in(const test::TempDir& folder, ShardingSpec spec) {
  return detail::make_shard_source({.files = detail::make_file_source({.threads = 2}),
                                    .folder = file_url(folder.path().string()) + "/",
                                    .sharding = spec});
}

Caught failure_of(ByteSource& source, const std::string& key) {
  return caught([&] { return read_now(source, {.key = key}); });
}

}  // namespace

TEST_CASE("chunks come out of shards, and what none lists is missing", "[shards]") {
  const bool gzip_index = GENERATE(false, true), gzip_data = GENERATE(false, true);
  const auto encoding = [](bool zipped) { return zipped ? ShardingSpec::Encoding::gzip : ShardingSpec::Encoding::raw; };
  // Chunk 2 s m: bit 0 is shifted away, one bit is the minishard, five the shard.
  const ShardingSpec spec{.preshift_bits = 1,
                          .minishard_bits = 1,
                          .shard_bits = 5,
                          .minishard_index_encoding = encoding(gzip_index),
                          .data_encoding = encoding(gzip_data)};
  const test::TempDir folder;
  folder.write("00.shard", shard({{{0, "zero"}, {1, "one"}}, {}}, gzip_index, gzip_data));
  folder.write("1f.shard", shard({{}, {{126, ""}, {127, "last"}, {254, "wraps"}}}, gzip_index, gzip_data));
  const auto source = source_in(folder, spec);
  const auto answer = [&](const std::string& key) {
    const ByteResult result = read_now(*source, {.key = key});
    return result.missing() ? "(missing)" : text(result.body);
  };
  for (int round = 0; round < 2; ++round) {  // the second time indices are known
    CHECK(answer("0") == "zero");
    CHECK(answer("1") == "one");
    CHECK(answer("2") == "(missing)");  // an empty minishard
    CHECK(answer("4") == "(missing)");  // no such shard
    CHECK(answer("127") == "last");
    CHECK(answer("254") == "wraps");      // 254 / 2 = 127: the same shard and minishard
    CHECK(answer("255") == "(missing)");  // not listed
    CHECK(answer("128") == "(missing)");  // shard 0, not listed
  }
}

TEST_CASE("murmurhash3_x86_128 finds the shard and minishard", "[shards]") {
  // As tensorstore 0.1.86 placed the chunks of a volume with these parameters.
  const auto [file, minishard, chunk] = GENERATE(table<std::string, std::size_t, std::uint64_t>({
      {"00.shard", 2, 23},
      {"04.shard", 3, 22},
      {"07.shard", 3, 5},
      {"0a.shard", 3, 18},
      {"10.shard", 1, 0},
      {"16.shard", 2, 2},
      {"1b.shard", 1, 40},
  }));
  CAPTURE(file, chunk);
  std::vector<std::map<std::uint64_t, std::string>> minishards(4);
  minishards[minishard][chunk] = "voxels";
  const test::TempDir folder;
  folder.write(file, shard(minishards, false, false));
  const auto source =
      source_in(folder, {.minishard_bits = 2, .shard_bits = 5, .hash = ShardingSpec::Hash::murmurhash3_x86_128});
  CHECK(text(read_now(*source, {.key = std::to_string(chunk)}).body) == "voxels");
}

TEST_CASE("a sharding that makes no sense is refused", "[shards]") {
  const test::TempDir folder;
  const auto refusal = [&](ShardingSpec spec) { return caught([&] { return source_in(folder, spec); }); };
  CHECK(refusal({.preshift_bits = 65}) ==
        Caught{Errc::invalid_metadata, "sharding: \"preshift_bits\" is 65, not 0 to 64"});
  CHECK(refusal({.minishard_bits = 33}) ==
        Caught{Errc::invalid_metadata, "sharding: \"minishard_bits\" is 33, not 0 to 32"});
  CHECK(refusal({.minishard_bits = 6, .shard_bits = 59}) ==
        Caught{Errc::invalid_metadata, "sharding: \"shard_bits\" is 59, not 0 to 58"});
  CHECK(failure_of(*source_in(folder, {}), "1/2/3") ==
        Caught{Errc::invalid_argument, "no key of a sharded chunk: 1/2/3"});
}

TEST_CASE("shards that lie are errors, not voxels", "[shards]") {
  const test::TempDir folder;
  const auto read_from = [&](const std::string& content) {
    folder.write("0.shard", content);
    return failure_of(*source_in(folder, {}), "7");
  };
  const auto corrupt = [](const std::string& text) { return Caught{Errc::corrupt_data, text}; };
  const std::string good = shard({{{7, "voxels"}}}, false, false);
  folder.write("0.shard", good);
  CHECK(text(read_now(*source_in(folder, {}), {.key = "7"}).body) == "voxels");
  CHECK(read_from(good.substr(0, 10)) == corrupt("the shard is too short: of 16 bytes from 0 there are 10"));
  CHECK(read_from("") == corrupt("the shard is too short: of 16 bytes from 0 there are 0"));
  CHECK(read_from(good.substr(0, 30)) == corrupt("the shard is too short: of 24 bytes from 22 there are 8"));
  CHECK(read_from(little_endian({9, 8})) == corrupt("the shard's index has a minishard from 9 to 8"));
  CHECK(read_from(little_endian({0, 1ULL << 60})) ==
        corrupt("the shard's index has a minishard from 0 to 1152921504606846976"));
  CHECK(read_from(little_endian({0, 23}) + std::string(23, 'x')) ==
        corrupt("the index of a minishard has 23 bytes, no multiple of 24"));
  CHECK(read_from(little_endian({0, 24, 7, 1000, 6})) ==
        corrupt("the shard is too short: of 6 bytes from 1016 there are 0"));
  CHECK(read_from(little_endian({0, 24, 7, ~0ULL - 8, 6})) ==
        corrupt("the index of a minishard has a chunk beyond 2^64 bytes"));
  CHECK(read_from(little_endian({0, 24, 7, 0, 1ULL << 40})).code == Errc::too_large);
}

TEST_CASE("indices of all scales of a volume share one budget, the least recently used go first", "[shards]") {
  using Numbers = detail::ShardLayout::Numbers;
  detail::ShardIndices indices(3 * (256 + 8));
  const auto first = indices.add_scale(), second = indices.add_scale();
  const auto table = [](std::uint64_t number) { return std::make_shared<const Numbers>(Numbers{number}); };
  const auto kept = [&](std::uint64_t scale, std::uint64_t shard) {
    const auto found = indices.find({.scale = scale, .shard = shard});
    return found ? found->at(0) : 0;
  };
  indices.keep({.scale = first, .shard = 1}, table(11));
  indices.keep({.scale = second, .shard = 1}, table(21));
  indices.keep({.scale = first, .shard = 2}, table(12));
  CHECK(kept(first, 1) == 11);
  CHECK(indices.bytes() == 3 * (256 + 8));
  indices.keep({.scale = second, .shard = 2}, table(22));
  CHECK(kept(second, 1) == 0);  // it was used least recently, whichever scale it is of
  CHECK(kept(first, 1) == 11);
  CHECK(kept(first, 2) == 12);
  CHECK(kept(second, 2) == 22);
  indices.keep({.scale = first, .shard = 3}, std::make_shared<const Numbers>(Numbers(100)));
  CHECK(indices.find({.scale = first, .shard = 3}) == nullptr);  // larger than all of the budget
  CHECK(indices.bytes() == 3 * (256 + 8));
}

TEST_CASE("an index that does not fit the budget is read for each chunk anew", "[shards]") {
  test::HttpServer server;
  server.add("/0.shard", shard({{{7, "voxels"}, {8, "more"}}}));
  const HttpSession session;
  const auto requests_for_two_chunks = [&](std::size_t budget) {
    server.reset_log();
    const auto source =
        detail::make_shard_source({.files = detail::make_http_source({.transport = session.transport()}),
                                   .folder = server.url("/"),
                                   .indices = std::make_shared<detail::ShardIndices>(budget)});
    CHECK(text(read_now(*source, {.key = "7"}).body) == "voxels");
    CHECK(text(read_now(*source, {.key = "8"}).body) == "more");
    return server.count_prefix();
  };
  CHECK(requests_for_two_chunks(100'000) == 4);
  CHECK(requests_for_two_chunks(0) == 6);
}

TEST_CASE("chunks that wait for one index ask for it once, whoever was first", "[shards]") {
  test::HttpServer server;
  server.add("/0.shard", shard({{{1, "one"}, {2, "two"}, {3, "three"}}}));
  server.set_delay(std::chrono::milliseconds(20));  // so that all are there before the first answer is
  const HttpSession session;
  const auto source = detail::make_shard_source(
      {.files = detail::make_http_source({.transport = session.transport()}), .folder = server.url("/")});
  const auto recorder = std::make_shared<test::Recorder>();
  const auto first = source->read({.key = "1"}, recorder);
  source->read({.key = "2"}, recorder);
  source->read({.key = "3"}, recorder);
  source->cancel(first);  // the others still get theirs
  auto notes = recorder->wait(2);
  std::sort(notes.begin(), notes.end());
  CHECK(notes == std::vector<std::string>{"three", "two"});
  CHECK(server.count_prefix() == 2 + 2);
}

TEST_CASE("shards behind an address with a query keep it", "[shards]") {
  test::HttpServer server;
  server.add("/v/0.shard?alt=media", shard({{{7, "voxels"}}}));
  const HttpSession session;
  const auto source = detail::make_shard_source({.files = detail::make_http_source({.transport = session.transport()}),
                                                 .folder = server.url("/v/"),
                                                 .query = "?alt=media"});
  CHECK(text(read_now(*source, {.key = "7"}).body) == "voxels");
}

TEST_CASE("a chunk from memory is not kept on disk as if it were its shard", "[shards][disk_cache]") {
  const test::TempDir folder;
  HttpOptions options;
  options.disk_cache.folder = folder.path().string();
  {
    const test::KeptSource kept(options);
    const auto source = detail::make_shard_source({.files = kept.source(), .folder = "http://127.0.0.1:1/v/"});
    const auto recorder = std::make_shared<test::Recorder>();
    ByteResult known;
    known.body = test::buffer("voxels");
    known.attempts = 0;
    source->deliver({.key = "0"}, std::move(known), recorder);
    CHECK(recorder->wait() == std::vector<std::string>{"voxels"});
  }
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder.path())) {
    CHECK((entry.is_directory() || entry.path().filename() == "catvox-cache"));
  }
}
