#include "read/chunk_cache.hpp"

#include <memory>
#include <utility>

#include "support/catch.hpp"

using namespace catvox;
using namespace catvox::detail;

namespace {

using Cache = ChunkCache<DecodedChunk>;

std::shared_ptr<DecodedChunk> chunk_of(std::size_t bytes) {
  auto chunk = std::make_shared<DecodedChunk>();
  chunk->voxels.resize(bytes);
  return chunk;
}

ChunkKey key(std::int64_t column, std::uint64_t store = 1) { return {store, {0, 0, column}}; }

}  // namespace

TEST_CASE("the cache drops what was used longest ago, by bytes", "[read]") {
  Cache cache(3 * (1000 + 256));
  for (int i = 0; i < 3; ++i) cache.insert(key(i), chunk_of(1000));
  CHECK(cache.find(key(0)));  // now 1 is the oldest
  cache.insert(key(3), chunk_of(1000));
  CHECK(cache.find(key(0)));
  CHECK_FALSE(cache.find(key(1)));
  CHECK(cache.find(key(2)));
  CHECK(cache.find(key(3)));
}

TEST_CASE("a chunk larger than the cache leaves the others alone", "[read]") {
  Cache cache(2000);
  cache.insert(key(0), chunk_of(1000));
  cache.insert(key(1), chunk_of(3000));
  CHECK(cache.find(key(0)));
  CHECK_FALSE(cache.find(key(1)));
}

TEST_CASE("missing chunks are kept too, and cost something", "[read]") {
  ChunkCache<EncodedChunk> cache(10 * 256);
  for (int i = 0; i < 100; ++i) cache.insert(key(i), std::make_shared<EncodedChunk>());
  CHECK(cache.find(key(99)));
  CHECK_FALSE(cache.find(key(0)));
}

TEST_CASE("stores do not see each other's chunks", "[read]") {
  Cache cache(10'000);
  cache.insert(key(0, 1), chunk_of(1));
  CHECK_FALSE(cache.find(key(0, 2)));
}

TEST_CASE("a cache of no bytes keeps nothing", "[read]") {
  Cache cache(0);
  cache.insert(key(0), chunk_of(1));
  CHECK_FALSE(cache.find(key(0)));
}

TEST_CASE("encoded bytes cost what they occupy", "[read]") {
  ChunkCache<EncodedChunk> cache(2000);
  auto encoded = std::make_shared<EncodedChunk>();
  encoded->body.reserve(1700);
  encoded->body.resize(10);
  cache.insert(key(0), std::move(encoded));
  CHECK(cache.find(key(0)));
  cache.insert(key(1), std::make_shared<EncodedChunk>());
  CHECK_FALSE(cache.find(key(0)));
}

TEST_CASE("what is kept of a chunk is replaced, and then costs what it costs now", "[read]") {
  Cache cache(3 * (1000 + 256));
  cache.insert(key(0), chunk_of(3000));
  cache.insert(key(0), chunk_of(1000));
  cache.insert(key(1), chunk_of(1000));
  cache.insert(key(2), chunk_of(1000));
  REQUIRE(cache.find(key(0)));
  CHECK(cache.find(key(0))->voxels.size() == 1000);
  cache.erase(key(0));
  CHECK_FALSE(cache.find(key(0)));
  cache.erase(key(0));
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

TEST_CASE("a cache that is made smaller drops what does not fit", "[read]") {
  Cache cache(2 * (1000 + 256));
  cache.insert(key(0), chunk_of(1000));
  cache.insert(key(1), chunk_of(1000));
  CHECK(cache.bytes() == 2 * (1000 + 256));
  cache.set_max_bytes(2000);
  CHECK_FALSE(cache.find(key(0)));
  CHECK(cache.find(key(1)));
}
