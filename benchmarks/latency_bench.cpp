// 1024 tiles from a server that answers late, against ceil(tiles / connections) x delay, and against decoding alone,
// which a read on these cores cannot beat either. Each round is a new session, as a new program's first read is.
//
//   catvox_bench_latency [--quick] [--rounds=N]

#include <catvox/catmaid/stack.hpp>
#include <chrono>
#include <span>

#include "delay_server.hpp"
#include "measure.hpp"
#include "tile_stack.hpp"

namespace {

using namespace bench;
using std::chrono::milliseconds;

void measure(const Table& table, const TileStack& stack, milliseconds delay, int connections, int rounds) {
  DelayServer server([&](std::string_view path) { return stack.bytes_at(path); });
  server.set_delay(delay);
  const auto voxels = catvox::volume(stack.shape());
  const auto tiles = catvox::volume(stack.grid());
  catvox::HttpOptions http;
  if (connections > 0) http.max_connections = connections;
  const auto waiting = (tiles + http.max_connections - 1) / http.max_connections * delay;
  const double ideal = std::chrono::duration<double>(waiting).count();

  std::vector<double> decoding, reading, ratio, serving;
  for (int round = 0; round < rounds; ++round) {
    const Cost bound = cost_of([&] { decode_box(stack, stack.whole(), Output(voxels).data(), cores()); });
    const double served = server.cpu_seconds();
    const Cost read = cost_of([&] {
      catvox::StackOptions options;
      options.session = catvox::HttpSession(http);
      const Output out(voxels);
      catvox::Stack(stack.info(server.url("/")), options)
          .scale<std::uint8_t>(0)
          .read_into(std::span(out.data(), out.size()));
    });
    serving.push_back(server.cpu_seconds() - served);
    decoding.push_back(bound.wall);
    reading.push_back(read.wall);
    ratio.push_back(read.wall / std::max(ideal, bound.wall));
  }
  table.row({std::to_string(delay.count()) + " ms, " + std::to_string(http.max_connections) + " connections" +
                 (connections > 0 ? "" : " (default)"),
             std::to_string(tiles), in_ms(ideal), in_ms(median(decoding)), in_ms(median(reading)),
             fixed(median(ratio), 2), in_ms(median(serving))});
}

}  // namespace

int main(int argc, char* argv[]) {
  const Arguments arguments(argc, argv, {"rounds"});
  const int rounds = arguments.number("rounds", 3, 1);
  const bool quick = arguments.quick();
  return run([&] {
    const TileStack stack(encode_tiles(Format::jpeg, 512), {quick ? 2 : 16, 8, 8});
    const Table table("Tiles from a server that answers late (1024 after 50 ms at the default settings: <= 1200 ms)",
                      32,
                      {"server", "tiles", "waiting alone ms", "decoding alone ms", "read ms", "read / larger of these",
                       "server's CPU ms"});
    measure(table, stack, milliseconds(50), 0, rounds);
    measure(table, stack, milliseconds(5), 0, rounds);
    if (quick) return;
    measure(table, stack, milliseconds(50), 16, 1);
    measure(table, stack, milliseconds(50), 128, rounds);
  });
}
