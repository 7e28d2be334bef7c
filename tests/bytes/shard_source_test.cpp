#include "bytes/shard_source.hpp"

#include <libdeflate.h>

#include <catvox/core/error.hpp>
#include <catvox/http/url.hpp>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bytes/file_source.hpp"
#include "bytes/read_now.hpp"
#include "recorder.hpp"
#include "sources.hpp"
#include "support/catch.hpp"
#include "support/caught.hpp"
#include "support/temp_dir.hpp"

using namespace catvox;
using detail::read_now;
using detail::ShardingSpec;
using test::text;

namespace {

std::string little(const std::vector<std::uint64_t>& numbers) {
  std::string out;
  for (const auto number : numbers) {
    for (int b = 0; b < 8; ++b) out += static_cast<char>(number >> (8 * b) & 0xff);
  }
  return out;
}

std::string gzip(const std::string& plain) {
  libdeflate_compressor* compressor = libdeflate_alloc_compressor(6);
  std::string out(libdeflate_gzip_compress_bound(compressor, plain.size()), '\0');
  out.resize(libdeflate_gzip_compress(compressor, plain.data(), plain.size(), out.data(), out.size()));
  libdeflate_free_compressor(compressor);
  return out;
}

// One shard: chunks of each minishard in order, then their indices, as the format's description has it.
std::string shard(const std::vector<std::map<std::uint64_t, std::string>>& minishards, bool gzip_index,
                  bool gzip_data) {
  std::string data, index;
  std::vector<std::string> tables;
  for (const auto& chunks : minishards) {
    std::vector<std::uint64_t> ids, gaps, sizes;
    std::uint64_t last = 0, begin = data.size();
    for (const auto& [id, plain] : chunks) {
      const auto body = gzip_data ? gzip(plain) : plain;
      ids.push_back(id - last);
      last = id;
      gaps.push_back(std::exchange(begin, 0));
      sizes.push_back(body.size());
      data += body;
    }
    const auto table = little(ids) + little(gaps) + little(sizes);
    tables.push_back(chunks.empty() ? "" : gzip_index ? gzip(table) : table);
  }
  std::uint64_t at = data.size();
  for (const auto& table : tables) {
    index += little({at, at + table.size()});
    at += table.size();
    data += table;
  }
  return index + data;
}

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
  CHECK(read_from(little({9, 8})) == corrupt("the shard's index has a minishard from 9 to 8"));
  CHECK(read_from(little({0, 1ULL << 60})) ==
        corrupt("the shard's index has a minishard from 0 to 1152921504606846976"));
  CHECK(read_from(little({0, 23}) + std::string(23, 'x')) ==
        corrupt("the index of a minishard has 23 bytes, no multiple of 24"));
  CHECK(read_from(little({0, 24, 7, 1000, 6})) == corrupt("the shard is too short: of 6 bytes from 1016 there are 0"));
  CHECK(read_from(little({0, 24, 7, ~0ULL - 8, 6})) ==
        corrupt("the index of a minishard has a chunk beyond 2^64 bytes"));
  CHECK(read_from(little({0, 24, 7, 0, 1ULL << 40})).code == Errc::too_large);
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
