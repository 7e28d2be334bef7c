// 1000 boxes of 64^3, each half a box further along x, then the next row: the sliding window of a segmentation network.
// Every tile should be requested once, and the whole walk should take little more than decoding each tile once.
//
//   catvox_bench_walk [--quick] [--rounds=N]
//
// Requests are counted by the server.
//
// The last row goes through a volume in z, y and x, with a cache for a quarter of its voxels.

#include <catvox/catmaid/stack.hpp>
#include <chrono>
#include <set>
#include <span>

#include "delay_server.hpp"
#include "measure.hpp"
#include "tile_stack.hpp"

namespace {

using namespace bench;
using catvox::Box;

constexpr std::int64_t window = 64, stride = 32;

struct Walk {
  std::int64_t columns;
  std::int64_t rows;
  std::int64_t layers = 1;
  std::size_t cache_bytes = std::size_t{256} << 20;

  [[nodiscard]] std::string name() const {
    std::string text = std::to_string(rows) + " rows of " + std::to_string(columns);
    if (layers > 1) {
      text = std::to_string(layers) + " layers of " + text + ", " + std::to_string(cache_bytes >> 20) + " MiB";
    }
    return text;
  }
};

std::vector<Box> boxes_of(const Walk& walk) {
  std::vector<Box> boxes;
  for (std::int64_t layer = 0; layer < walk.layers; ++layer) {
    for (std::int64_t row = 0; row < walk.rows; ++row) {
      for (std::int64_t column = 0; column < walk.columns; ++column) {
        const auto z = layer * stride, y = row * stride, x = column * stride;
        boxes.push_back({{z, y, x}, {z + window, y + window, x + window}});
      }
    }
  }
  return boxes;
}

void measure(const Table& table, const Walk& walk, std::chrono::milliseconds delay, int rounds) {
  const TileStack stack(encode_tiles(Format::jpeg, 512), {window + (walk.layers - 1) * stride, 4, 16});
  DelayServer server([&](std::string_view path) { return stack.bytes_at(path); });
  server.set_delay(delay);
  const auto boxes = boxes_of(walk);
  std::set<catvox::Index3> tiles;
  for (const Box& box : boxes) {
    for (const TilePart& part : stack.parts_of(box)) tiles.insert(part.tile);
  }
  const std::vector<catvox::Index3> each(tiles.begin(), tiles.end());

  std::vector<double> requests, bound_wall, read_wall, wall, cpu, slowest;
  catvox::StackOptions options;
  options.cache_bytes = walk.cache_bytes;
  for (int round = 0; round < rounds; ++round) {
    const Cost bound = cost_of([&] {
      in_parallel(cores(), static_cast<std::int64_t>(each.size()), [&](std::int64_t i) {
        static thread_local std::vector<std::uint8_t> scratch(512 * 512);
        decode_jpeg(stack.bytes(each[static_cast<std::size_t>(i)]), {0, 0, 512, 512}, scratch.data(), 512);
      });
    });
    const catvox::Stack fresh(stack.info(server.url("/")), options);
    const auto level = fresh.scale<std::uint8_t>(0);
    const std::int64_t requested = server.requests();
    const double served = server.cpu_seconds();
    std::vector<std::uint8_t> voxels(window * window * window);
    std::vector<double> times;
    const Cost read = cost_of([&] {
      for (const auto& [min, max] : boxes) {
        const auto box = level.slice(xt::range(min[0], max[0]), xt::range(min[1], max[1]), xt::range(min[2], max[2]));
        times.push_back(cost_of([&] { box.read_into(std::span(voxels)); }).wall);
      }
    });
    requests.push_back(static_cast<double>(server.requests() - requested));
    bound_wall.push_back(bound.wall);
    read_wall.push_back(read.wall);
    wall.push_back(read.wall / bound.wall);
    cpu.push_back((read.cpu - (server.cpu_seconds() - served)) / bound.cpu);
    slowest.push_back(*std::max_element(times.begin(), times.end()));
  }
  table.row({walk.name() + (delay.count() > 0 ? ", after " + std::to_string(delay.count()) + " ms" : ""),
             std::to_string(each.size()), fixed(median(requests), 0),
             fixed(median(requests) / static_cast<double>(each.size()), 2),
             in_ms(median(read_wall) / static_cast<double>(boxes.size())), in_ms(median(slowest)),
             in_ms(median(bound_wall)), in_ms(median(read_wall)), fixed(median(wall), 2), fixed(median(cpu), 2)});
}

}  // namespace

int main(int argc, char* argv[]) {
  const Arguments arguments(argc, argv, {"rounds"});
  const int rounds = arguments.number("rounds", 3, 1);
  return run([&] {
    const Table table("A window of 64^3 that walks in steps of 32, against decoding each of its tiles once", 36,
                      {"walk", "tiles", "requests", "requests / tiles (1.00)", "ms a box", "slowest ms", "bound ms",
                       "all ms", "wall / bound", "CPU / bound"});
    if (arguments.quick()) {
      measure(table, {20, 2}, std::chrono::milliseconds(0), rounds);
      measure(table, {20, 2}, std::chrono::milliseconds(5), rounds);
      return;
    }
    // The tiles of the short rows fit into the default cache when decoded. Those of a long row do not quite.
    for (const Walk walk : {Walk{50, 20}, Walk{250, 4}}) {
      for (const int delay : {0, 5}) measure(table, walk, std::chrono::milliseconds(delay), rounds);
    }
    // In all three directions through 256 x 512 x 512 voxels, with a cache for a quarter of them.
    measure(table, {15, 15, 7, std::size_t{16} << 20}, std::chrono::milliseconds(0), rounds);
  });
}
