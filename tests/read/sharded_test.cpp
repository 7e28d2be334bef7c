// What reading a sharded precomputed volume asks of its server: exactly so many requests and bytes.

#include <algorithm>
#include <catvox/core/box.hpp>
#include <catvox/http/session.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "array_fixture.hpp"
#include "bytes/range_merger.hpp"
#include "format/precomputed/open_precomputed.hpp"
#include "support/catch.hpp"
#include "support/http_server.hpp"
#include "support/shard_writer.hpp"

using namespace catvox;
using namespace catvox::test;

namespace {

constexpr std::int64_t side = 8;  // of the grid, in chunks

// x0 y0 z0 x1 y1 z1 x2 y2 z2, from the lowest bit on.
std::uint64_t code_of(std::uint64_t x, std::uint64_t y, std::uint64_t z) {
  std::uint64_t code = 0;
  for (unsigned bit = 0; bit < 3; ++bit) {
    code |= (x >> bit & 1) << (3 * bit) | (y >> bit & 1) << (3 * bit + 1) | (z >> bit & 1) << (3 * bit + 2);
  }
  return code;
}

// 8 x 8 x 8 chunks of cubes of voxels: two shards of four minishards of a cube of 64 chunks each.
class Volume {
 public:
  explicit Volume(std::int64_t chunk, HttpOptions options = {.threads = 2})
      : chunk_(chunk), session_(std::move(options)) {
    std::map<std::uint64_t, std::vector<std::map<std::uint64_t, std::string>>> shards;
    for (std::int64_t z = 0; z < side; ++z) {
      for (std::int64_t y = 0; y < side; ++y) {
        for (std::int64_t x = 0; x < side; ++x) {
          const auto code =
              code_of(static_cast<std::uint64_t>(x), static_cast<std::uint64_t>(y), static_cast<std::uint64_t>(z));
          auto& minishards = shards[code >> 8];
          minishards.resize(4);
          minishards[code >> 6 & 3][code] =
              voxels({AxisSelection{z * chunk, 1, chunk}, {y * chunk, 1, chunk}, {x * chunk, 1, chunk}});
        }
      }
    }
    for (const auto& [number, minishards] : shards) {
      server.add("/v/k/" + std::to_string(number) + ".shard", shard(minishards));
    }
    const std::string size = std::to_string(side * chunk), part = std::to_string(chunk);
    server.add("/v/info", R"({"data_type": "uint8", "num_channels": 1, "scales": [{"key": "k", "size": [)" + size +
                              ", " + size + ", " + size + R"(], "resolution": [1, 1, 1], "chunk_sizes": [[)" + part +
                              ", " + part + ", " + part + R"(]], "encoding": "raw", "sharding": {
        "@type": "neuroglancer_uint64_sharded_v1", "preshift_bits": 6, "hash": "identity", "minishard_bits": 2,
        "shard_bits": 1}}]})");
    const auto files = make_range_merger(make_http_source({.transport = session_.transport()}));
    opened_ = open_precomputed({.image_base = server.url("/v/%SCALE_DATASET%/0_1_2")},
                               {.source = [&](const SourceNeeds&) { return files; }});
    const ChunkOrigin origin{.store = opened_.levels[0].store, .source = opened_.levels[0].chunks, .data = "v"};
    reader = make_chunk_reader({.level = 0,
                                .geometry = LevelGeometry(StackFrame{}, {1, 1, 1}, origin.store->shape()),
                                .broken = {},
                                .origin = origin,
                                .pool = pool,
                                .prefetcher = std::make_shared<Prefetcher>(origin, pool),
                                .at_level = {}});
    server.reset_log();
  }

  // A box in chunks.
  [[nodiscard]] Selection3 chunks(std::int64_t z0, std::int64_t z1, std::int64_t y0, std::int64_t y1, std::int64_t x0,
                                  std::int64_t x1) const {
    return test::box(z0 * chunk_, z1 * chunk_, y0 * chunk_, y1 * chunk_, x0 * chunk_, x1 * chunk_);
  }

  // Reads a box. \returns  whether every voxel is right
  bool read_is_right(const Selection3& selection, ReadStatistics* statistics = nullptr) {
    const auto read = test::read(*reader, selection, statistics);
    const std::string expected = voxels(selection);
    return std::equal(read.begin(), read.end(), reinterpret_cast<const std::byte*>(expected.data()),
                      reinterpret_cast<const std::byte*>(expected.data()) + expected.size());
  }

  // Sizes of the ranges that were asked for since the last call, in order of arrival.
  std::vector<std::uint64_t> ranges() {
    std::vector<std::uint64_t> sizes;
    for (const Received& request : server.requests()) {
      const std::string range = request.header("range");  // bytes=3-17
      const auto dash = range.find('-');
      sizes.push_back(std::stoull(range.substr(dash + 1)) + 1 - std::stoull(range.substr(6, dash - 6)));
    }
    server.reset_log();
    return sizes;
  }

  [[nodiscard]] std::uint64_t chunk_bytes() const { return static_cast<std::uint64_t>(chunk_ * chunk_ * chunk_); }

  HttpServer server;
  std::shared_ptr<ChunkPool> pool = std::make_shared<ChunkPool>(std::size_t{256} << 20);
  std::shared_ptr<const LevelSource> reader;

 private:
  static std::string voxels(const Selection3& s) {
    std::string out;
    for (std::int64_t z = s[0].start; z < s[0].start + s[0].count; ++z) {
      for (std::int64_t y = s[1].start; y < s[1].start + s[1].count; ++y) {
        for (std::int64_t x = s[2].start; x < s[2].start + s[2].count; ++x) {
          out += static_cast<char>(1 + (x * 7 + y * 31 + z * 101 + x * y % 13) % 255);
        }
      }
    }
    return out;
  }

  const std::int64_t chunk_;
  HttpSession session_;
  Opened opened_;
};

using Sizes = std::vector<std::uint64_t>;
constexpr std::uint64_t page = 4 * 16;        // a shard's index
constexpr std::uint64_t minishard = 64 * 24;  // the index of 64 chunks

}  // namespace

TEST_CASE("a cold crop of a minishard takes three requests, a warm one the last of them", "[read][shards]") {
  Volume volume(8);  // a minishard has 32 KiB
  CHECK(volume.read_is_right(volume.chunks(0, 4, 4, 8, 0, 4)));
  CHECK(volume.ranges() == Sizes{page, minishard, 64 * 512});
  CHECK(volume.read_is_right(volume.chunks(0, 4, 4, 8, 0, 4)));
  CHECK(volume.ranges().empty());  // it is in memory
  volume.pool->clear();
  CHECK(volume.read_is_right(volume.chunks(0, 4, 4, 8, 0, 4)));
  CHECK(volume.ranges() == Sizes{64 * 512});
  // Half of another minishard of that shard, which is two stretches of 16 chunks with 16 between them.
  CHECK(volume.read_is_right(volume.chunks(0, 4, 0, 2, 4, 8)));
  CHECK(volume.ranges() == Sizes{minishard, 48 * 512});
}

TEST_CASE("a crop of several minishards reads their indices as one range, too", "[read][shards]") {
  Volume volume(8);
  CHECK(volume.read_is_right(volume.chunks(0, 4, 0, 8, 0, 4)));  // two minishards, not side by side: 0 and 2
  CHECK(volume.ranges() == Sizes{page, 3 * minishard, (64 + 64 + 64) * 512});
}

TEST_CASE("large crops are read by several ranges at a time", "[read][shards]") {
  Volume volume(32);
  CHECK(volume.read_is_right(volume.chunks(0, 4, 0, 4, 0, 4)));
  Sizes expected{page, minishard};
  expected.resize(2 + 16, 4 * 32'768);
  CHECK(volume.ranges() == expected);
}

TEST_CASE("a sharded volume read whole takes hardly more bytes than its chunks have", "[read][shards]") {
  const std::int64_t chunk = GENERATE(16, 32);
  Volume volume(chunk);
  ReadStatistics statistics;
  CHECK(volume.read_is_right(volume.chunks(0, side, 0, side, 0, side), &statistics));
  CHECK(statistics.bytes_received == static_cast<std::int64_t>(512 * volume.chunk_bytes()));
  const Sizes sizes = volume.ranges();
  std::uint64_t bytes = 0;
  for (const auto size : sizes) bytes += size;
  CHECK(bytes >= 512 * volume.chunk_bytes() + 2 * page + 8 * minishard);
  CHECK(static_cast<double>(bytes) <= 1.05 * 512 * static_cast<double>(volume.chunk_bytes()));  // indices included
  CHECK(*std::max_element(sizes.begin(), sizes.end()) <= 1 << 20);
  CHECK(sizes.size() <= 2 + 8 + 512 / 4);
  CHECK(statistics.requests <= 512 / 4);
}

TEST_CASE("bytes in flight stay bounded where ranges are merged", "[read][shards]") {
  Volume volume(32, {.threads = 2, .max_bytes_in_flight = 300'000});
  CHECK(volume.read_is_right(volume.chunks(0, side, 0, side, 0, side)));
}

TEST_CASE("a server that does not cut ranges gives the same voxels", "[read][shards]") {
  Volume volume(16);
  volume.server.set_cuts_ranges(false);
  CHECK(volume.read_is_right(volume.chunks(0, side, 0, side, 0, side)));
}

TEST_CASE("a stopped read leaves what others read of the same range", "[read][shards]") {
  Volume volume(16);
  volume.server.set_delay(std::chrono::milliseconds(20));
  for (int round = 0; round < 5; ++round) {
    volume.pool->clear();
    std::stop_source stop;
    std::vector<std::byte> out(static_cast<std::size_t>(512 * volume.chunk_bytes()));
    const auto whole = volume.chunks(0, side, 0, side, 0, side);
    std::thread stopped([&] {
      try {
        volume.reader->read(whole, c_order(out.data(), whole, 1), {.stop = stop.get_token()});
      } catch (const Error& error) {
        CHECK(error.code() == Errc::cancelled);
      }
    });
    std::thread stopper([&] { stop.request_stop(); });
    CHECK(volume.read_is_right(volume.chunks(1, 7, 1, 7, 1, 7)));
    stopper.join();
    stopped.join();
  }
}
