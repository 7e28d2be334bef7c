// Whole tiles out of a local nginx into one fresh array, at the default settings, against the bound: the same bytes
// decoded from memory into a fresh array by libjpeg-turbo or libpng itself, on as many threads. Both in each round;
// medians of the rounds' ratios.
//
//   catvox_bench_tiles [--quick] [--rounds=N]
//
// nginx runs on the same cores, so the wall clock has its work in it. "server off" takes the CPU time that its worker
// used, divided by the number of cores, off the read's: what is left is as if the server ran elsewhere. "us more" is
// the CPU time beyond the bound's: fetching, and decoding with caches and a memory bus that a server uses at the same
// time.

#include <catvox/catmaid/stack.hpp>
#include <cstring>
#include <span>
#include <stdexcept>

#include "measure.hpp"
#include "nginx.hpp"
#include "tile_stack.hpp"

namespace {

using namespace bench;

void measure(const Table& table, Format format, std::int64_t side, const catvox::Shape3& grid, int rounds) {
  const TileStack stack(encode_tiles(format, side), grid);
  const catvox::test::TempDir folder;
  stack.write(folder.path());
  const Nginx server(folder.path());
  const catvox::StackInfo info = stack.info(server.url("/"));
  const catvox::StackOptions options;  // one for all rounds: connections stay open, as those of a running program do
  const auto voxels = catvox::volume(stack.shape());
  const auto tiles = catvox::volume(grid);

  const auto decode = [&](const Output& out) { decode_box(stack, stack.whole(), out.data(), cores()); };
  const auto read = [&](const Output& out) {
    const catvox::Stack fresh(info, options);  // with an empty cache
    return fresh.scale<std::uint8_t>(0).read_into(std::span(out.data(), out.size()));
  };

  {
    const Output expected(voxels), got(voxels);
    decode(expected);
    read(got);
    if (std::memcmp(expected.data(), got.data(), got.size()) != 0) throw std::runtime_error("the voxels are wrong");
  }
  std::vector<double> bound_wall, read_wall, wall, server_off, cpu, per_request, server_cpu;
  for (int round = 0; round < rounds; ++round) {
    const Cost bound = cost_of([&] { decode(Output(voxels)); });
    const double served = server.cpu_seconds();
    std::int64_t requests = 0;
    const Cost all = cost_of([&] { requests = read(Output(voxels)).requests; });
    const double server_seconds = server.cpu_seconds() - served;
    bound_wall.push_back(bound.wall);
    read_wall.push_back(all.wall);
    wall.push_back(all.wall / bound.wall);
    server_off.push_back((all.wall - server_seconds / cores()) / bound.wall);
    cpu.push_back(all.cpu / bound.cpu);
    per_request.push_back(1e6 * (all.cpu - bound.cpu) / static_cast<double>(requests));
    server_cpu.push_back(1e6 * server_seconds / static_cast<double>(requests));
  }
  table.row({std::to_string(tiles) + (format == Format::jpeg ? " JPEG " : " PNG ") + std::to_string(side) + " x " +
                 std::to_string(side),
             fixed(stack.tiles().mean_kilobytes(), 0), in_ms(median(bound_wall)), in_ms(median(read_wall)),
             fixed(median(wall), 2), fixed(median(server_off), 2), fixed(median(cpu), 3),
             format == Format::jpeg ? fixed(median(per_request), 1) : std::string(), fixed(median(server_cpu), 1)});
}

}  // namespace

int main(int argc, char* argv[]) {
  const Arguments arguments(argc, argv, {"rounds"});
  const int rounds = arguments.number("rounds", 5, 1);
  const std::int64_t slices = arguments.quick() ? 1 : 16;
  return run([&] {
    const Table table("Tiles from nginx, against decoding the same bytes on " + std::to_string(cores()) + " threads",
                      20,
                      {"tiles", "KB each", "bound ms", "read ms", "wall / bound", "server off (<= 1.15)",
                       "CPU / bound (<= 1.08)", "us more / tile", "server's us / tile"});
    measure(table, Format::jpeg, 512, {slices, 8, 8}, rounds);
    measure(table, Format::jpeg, 256, {slices, 8, 8}, rounds);
    measure(table, Format::jpeg, 1024, {slices, 4, 4}, rounds);
    measure(table, Format::png, 512, {std::max<std::int64_t>(1, slices / 4), 8, 8}, rounds);
  });
}
