#include "read/chunk_cache.hpp"

#include <memory>
#include <set>
#include <utility>

#include "support/catch.hpp"

using namespace catvox;
using namespace catvox::detail;

namespace {

constexpr std::size_t overhead = 256;
constexpr std::size_t body_bytes = 1000;
constexpr std::size_t cost = body_bytes + overhead;
constexpr Box all{{0, 0, 0}, {1, 10, 100}};

std::shared_ptr<Buffer> body(std::size_t bytes = body_bytes) { return std::make_shared<Buffer>(bytes); }

std::shared_ptr<DecodedChunk> voxels(std::size_t bytes, const Box& extent = all) {
  auto chunk = std::make_shared<DecodedChunk>();
  chunk->extent = extent;
  chunk->voxels.resize(bytes);
  return chunk;
}

ChunkKey key(std::int64_t column, std::uint64_t origin = 1) { return {origin, {0, 0, column}}; }

// A plan that has yet to ask for some columns.
class Plan final : public PendingChunks {
 public:
  explicit Plan(std::set<std::int64_t> columns) : columns_(std::move(columns)) {}
  [[nodiscard]] bool will_ask_for(const ChunkKey& wanted) const noexcept override {
    return columns_.contains(wanted.chunk[2]);
  }

 private:
  std::set<std::int64_t> columns_;
};

class Reader final : public ChunkConsumer {
 public:
  Reader(std::uint64_t id, bool slides) : id_(id), slides_(slides) {}
  [[nodiscard]] Purpose purpose() const noexcept override { return Purpose::read; }
  [[nodiscard]] ChunkPart part(std::int64_t) const override { return {}; }
  [[nodiscard]] std::int64_t parts() const noexcept override { return 1; }
  [[nodiscard]] std::uint64_t id() const noexcept override { return id_; }
  [[nodiscard]] bool slides() const noexcept override { return slides_; }
  [[nodiscard]] bool stopped() const noexcept override { return false; }
  void decoding() noexcept override {}
  void decoding_failed() noexcept override {}
  void finished(std::int64_t, const ChunkCost&, bool) noexcept override {}
  void failed(std::int64_t, const Error&) noexcept override {}
  void dropped(std::int64_t) noexcept override {}

 private:
  std::uint64_t id_;
  bool slides_;
};

struct Cache {
  explicit Cache(std::size_t max_bytes) : chunks(max_bytes) {}

  void keep(std::int64_t column, std::uint64_t consumer, KeptChunk kept) {
    kept.use.brought_by = consumer;
    chunks.insert(key(column), std::move(kept), consumer, removed);
  }
  void keep(std::int64_t column, std::uint64_t consumer) { keep(column, consumer, {.body = body()}); }
  void read(std::int64_t column, std::uint64_t reader, const Box& window = all, bool slides = false) {
    chunks.read(key(column), Reader(reader, slides), window);
  }
  [[nodiscard]] bool has(std::int64_t column) const { return chunks.find(key(column)).has_value(); }
  [[nodiscard]] bool has_voxels(std::int64_t column) const {
    const auto found = chunks.find(key(column));
    return found && found->decoded;
  }

  ChunkCache chunks;
  ChunkCache::Removed removed;
};

}  // namespace

TEST_CASE("the cache drops what was used longest ago, by bytes", "[read]") {
  Cache cache(3 * cost);
  for (int i = 0; i < 3; ++i) cache.keep(i, 1);
  cache.read(0, 2);  // now 1 is the oldest
  cache.keep(3, 2);
  CHECK(cache.has(0));
  CHECK_FALSE(cache.has(1));
  CHECK(cache.has(2));
  CHECK(cache.has(3));
  CHECK(cache.chunks.bytes() == 3 * cost);
  CHECK(cache.chunks.evictions() == 1);
}

TEST_CASE("a chunk larger than the cache leaves the others alone", "[read]") {
  Cache cache(2000);
  cache.keep(0, 1);
  cache.keep(1, 2, {.body = body(3000)});
  CHECK(cache.has(0));
  CHECK_FALSE(cache.has(1));
}

TEST_CASE("missing chunks are kept too, and cost something", "[read]") {
  Cache cache(10 * overhead);
  for (int i = 0; i < 100; ++i) cache.keep(i, static_cast<std::uint64_t>(i), {.missing = true});
  CHECK(cache.has(99));
  CHECK_FALSE(cache.has(0));
  CHECK(cache.chunks.size() == 10);
}

TEST_CASE("origins do not see each other's chunks", "[read]") {
  Cache cache(10'000);
  cache.keep(0, 1);
  CHECK_FALSE(cache.chunks.find(key(0, 2)));
}

TEST_CASE("a cache of no bytes keeps nothing", "[read]") {
  Cache cache(0);
  cache.keep(0, 1);
  CHECK_FALSE(cache.has(0));
}

TEST_CASE("a body costs what it occupies", "[read]") {
  Cache cache(2000);
  auto wide = body(1700);
  wide->resize(10);
  cache.keep(0, 1, {.body = std::move(wide)});
  CHECK(cache.has(0));
  cache.keep(1, 2, {.missing = true});
  CHECK_FALSE(cache.has(0));
}

TEST_CASE("a read keeps what it brought: what follows is not kept", "[read]") {
  Cache cache(3 * cost);
  for (int i = 0; i < 10; ++i) cache.keep(i, 1);
  for (int i = 0; i < 10; ++i) CHECK(cache.has(i) == (i < 3));
  cache.keep(10, 2);  // another read's goes in its place
  CHECK(cache.has(10));
  CHECK(cache.chunks.size() == 3);
}

TEST_CASE("what a running plan has yet to ask for stays", "[read]") {
  Cache cache(3 * cost);
  for (int i = 0; i < 3; ++i) cache.keep(i, 1);
  const Plan plan({0, 1});
  cache.chunks.policy().begin_plan(plan);
  cache.keep(3, 2);
  CHECK(cache.has(0));
  CHECK(cache.has(1));
  CHECK_FALSE(cache.has(2));
  cache.chunks.policy().end_plan(plan);
  cache.keep(4, 3);
  cache.keep(5, 3);
  CHECK_FALSE(cache.has(0));
  CHECK_FALSE(cache.has(1));
}

TEST_CASE("what two reads needed the same of survives a scan", "[read]") {
  Cache cache(8 * cost);
  const Box upper{{0, 0, 0}, {1, 5, 100}}, lower{{0, 5, 0}, {1, 10, 100}};
  for (int i = 0; i < 3; ++i) {
    cache.keep(i, 1);
    cache.read(i, 1);
  }
  cache.read(0, 2);         // the same again
  cache.read(1, 2, upper);  // a part of it
  SECTION("another part is no repetition") {
    cache.read(2, 2, upper);
    cache.keep(7, 2);
    cache.read(7, 3, upper);
    cache.read(7, 4, lower);
    for (int i = 0; i < 80; ++i) cache.keep(100 + i, static_cast<std::uint64_t>(100 + i));
    CHECK_FALSE(cache.has(7));
  }
  SECTION("nor is what a sliding window overlaps of itself") {
    cache.read(2, 3, upper, true);
    for (int i = 0; i < 80; ++i) cache.keep(100 + i, static_cast<std::uint64_t>(100 + i));
    CHECK_FALSE(cache.has(2));
  }
  SECTION("nor is the same read") {
    cache.read(2, 1);
    for (int i = 0; i < 80; ++i) cache.keep(100 + i, static_cast<std::uint64_t>(100 + i));
    CHECK_FALSE(cache.has(2));
  }
  CHECK(cache.has(0));
  CHECK(cache.has(1));
}

TEST_CASE("hot chunks take three quarters at most", "[read]") {
  Cache cache(8 * cost);
  for (int i = 0; i < 8; ++i) {
    cache.keep(i, 1);
    cache.read(i, 1);
    cache.read(i, 2);
  }
  for (int i = 0; i < 80; ++i) cache.keep(100 + i, static_cast<std::uint64_t>(100 + i));
  for (int i = 0; i < 8; ++i) CHECK(cache.has(i) == (i >= 2));
}

TEST_CASE("voxels go before bodies", "[read]") {
  Cache cache(4 * cost);
  cache.keep(0, 1, {.body = body(), .decoded = voxels(2 * cost)});
  CHECK(cache.has_voxels(0));
  CHECK(cache.chunks.bytes() == 3 * cost);
  CHECK(cache.chunks.voxel_bytes() == 2 * cost);
  cache.keep(1, 2);
  CHECK(cache.has_voxels(0));
  cache.keep(2, 3);
  CHECK_FALSE(cache.has_voxels(0));
  CHECK(cache.has(0));
  cache.keep(3, 4);
  for (int i = 0; i < 4; ++i) CHECK(cache.has(i));
  CHECK(cache.chunks.voxel_room() == 0);
  cache.keep(3, 5, {.body = body(), .decoded = voxels(10)});
  CHECK(cache.has(3));
  CHECK_FALSE(cache.has_voxels(3));
}

TEST_CASE("once the chunks in use do not fit, voxels may hold a quarter", "[read]") {
  Cache cache(8 * cost);
  for (int i = 0; i < 9; ++i) cache.keep(i, static_cast<std::uint64_t>(i + 1));
  CHECK(cache.chunks.voxel_room() == 2 * cost);
  cache.keep(8, 20, {.body = body(), .decoded = voxels(2 * cost)});
  CHECK(cache.has_voxels(8));
  CHECK(cache.chunks.size() == 6);
  CHECK(cache.chunks.bytes() == 8 * cost);
  for (int i = 0; i < 5; ++i) cache.keep(20 + i, static_cast<std::uint64_t>(20 + i));
  CHECK(cache.has_voxels(8));
  SECTION("until a chunk that went for them is asked for again") {
    cache.keep(1, 40);
    CHECK(cache.chunks.policy().voxel_share() == 0);
    CHECK_FALSE(cache.has_voxels(8));
  }
  SECTION("which does not hold for a chunk that would have gone anyway") {
    cache.keep(0, 40);
    CHECK(cache.chunks.policy().voxel_share() == 2 * cost);
  }
}

TEST_CASE("a chunk does not go to make room for its own voxels", "[read]") {
  Cache cache(4 * cost);
  for (int i = 0; i < 5; ++i) cache.keep(i, static_cast<std::uint64_t>(i + 1));
  for (int i = 0; i < 20; ++i) {
    KeptChunk kept{.body = body(), .decoded = voxels(cost)};
    kept.use.brought_by = 77;
    cache.chunks.insert(key(10), std::move(kept), 78, cache.removed);
    CHECK(cache.has_voxels(10));
    cache.removed = {};
  }
}

TEST_CASE("voxels that are no larger than the body take its place", "[read]") {
  Cache cache(4 * cost);
  cache.keep(0, 1, {.decoded = voxels(body_bytes), .needs_no_body = true});
  CHECK(cache.has_voxels(0));
  CHECK(cache.chunks.voxel_bytes() == 0);
  CHECK(cache.chunks.bytes() == cost);
  for (int i = 1; i < 4; ++i) cache.keep(i, static_cast<std::uint64_t>(i + 1));
  CHECK(cache.has_voxels(0));
}

TEST_CASE("what a cancelled read brought is the first to go", "[read]") {
  Cache cache(4 * cost);
  cache.keep(0, 1);
  cache.keep(1, 2);
  cache.keep(2, 2);
  cache.read(2, 3);  // somebody else has use for it
  cache.chunks.demote(2);
  cache.keep(3, 4);
  cache.keep(4, 5);
  CHECK_FALSE(cache.has(1));
  CHECK(cache.has(0));
  CHECK(cache.has(2));
}

TEST_CASE("what is kept of a chunk is replaced, and then costs what it costs now", "[read]") {
  Cache cache(3 * cost);
  cache.keep(0, 1, {.body = body(3000)});
  cache.keep(0, 2);
  cache.keep(1, 3);
  cache.keep(2, 4);
  for (int i = 0; i < 3; ++i) CHECK(cache.has(i));
  cache.chunks.erase(key(0), cache.removed);
  CHECK_FALSE(cache.has(0));
  cache.chunks.erase(key(0), cache.removed);
  cache.chunks.clear(cache.removed);
  CHECK(cache.chunks.bytes() == 0);
  CHECK(cache.chunks.size() == 0);
}

TEST_CASE("what had to go leaves its memory", "[read]") {
  Cache cache(cost);
  cache.keep(0, 1);
  auto shared = body();
  cache.keep(1, 2, {.body = shared});
  cache.keep(2, 3);
  CHECK(cache.removed.entries.size() == 2);
  CHECK(cache.removed.spare_body().capacity() == body_bytes);
  CHECK(cache.removed.spare_body().capacity() == 0);  // a reader still has the other
}

TEST_CASE("kept voxels serve any window that lies in them", "[read]") {
  DecodedChunk chunk;
  chunk.extent = {{0, 2, 4}, {1, 6, 9}};
  CHECK(chunk.holds({{0, 2, 4}, {1, 6, 9}}));
  CHECK(chunk.holds({{0, 3, 5}, {1, 5, 8}}));
  CHECK_FALSE(chunk.holds({{0, 1, 4}, {1, 6, 9}}));
  CHECK_FALSE(chunk.holds({{0, 2, 3}, {1, 6, 9}}));
  CHECK_FALSE(chunk.holds({{0, 2, 4}, {2, 6, 9}}));
  CHECK_FALSE(chunk.holds({{0, 2, 4}, {1, 7, 9}}));
  CHECK_FALSE(chunk.holds({{0, 2, 4}, {1, 6, 10}}));
}
