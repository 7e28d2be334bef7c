// The same box, 1, 4, 16 and 64 times as large: does time grow as the box does, is each tile requested once, and how
// much memory does a read take beside its output? Each read is the first in a process of its own, at the default
// settings.
//
//   catvox_bench_growth [--quick] [--rounds=N]
//
// Memory is the largest resident set during the read (VmHWM) less the resident set before it and the output. Before it,
// one tile of another part of the stack is read, so that libraries and connections are there.

#include <sys/wait.h>

#include <catvox/catmaid/stack.hpp>
#include <chrono>
#include <functional>
#include <optional>
#include <span>
#include <stdexcept>

#include "delay_server.hpp"
#include "measure.hpp"
#include "nginx.hpp"
#include "tile_stack.hpp"

namespace {

using namespace bench;
using catvox::Box;

struct Measured {
  double bound_seconds = 0;
  double seconds = 0;
  std::int64_t requests = 0;
  std::int64_t memory = 0;
};

/// Runs `work` in a new process. It must be called while this process has one thread.
Measured in_new_process(const std::function<Measured()>& work) {
  int ends[2];
  if (::pipe(ends) != 0) throw std::system_error(errno, std::generic_category(), "pipe");
  std::fflush(stdout);
  const pid_t child = ::fork();
  if (child < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (child == 0) {
    const int code = run([&] {
      const Measured result = work();
      if (::write(ends[1], &result, sizeof result) != sizeof result) throw std::runtime_error("the pipe is broken");
    });
    std::fflush(stderr);
    ::_exit(code);
  }
  Measured result;
  ::close(ends[1]);
  const bool whole = ::read(ends[0], &result, sizeof result) == sizeof result;
  ::close(ends[0]);
  ::waitpid(child, nullptr, 0);
  if (!whole) throw std::runtime_error("the process that measures has failed");
  return result;
}

Measured measure(const TileStack& stack, const Box& box, const std::string& image_base) {
  const catvox::Stack source(stack.info(image_base));
  const auto level = source.scale<std::uint8_t>(0);
  const auto last = stack.shape()[0] - 1;
  std::vector<std::uint8_t> tile(static_cast<std::size_t>(stack.tiles().side * stack.tiles().side));
  level.slice(last, xt::range(0, stack.tiles().side), xt::range(0, stack.tiles().side)).read_into(std::span(tile));

  const auto voxels = catvox::volume(box.shape());
  Measured result;
  {
    const std::int64_t before = resident_bytes();
    const Output out(voxels);
    reset_peak();
    const Cost cost = cost_of([&] {
      const auto& [min, max] = box;
      result.requests = level.slice(xt::range(min[0], max[0]), xt::range(min[1], max[1]), xt::range(min[2], max[2]))
                            .read_into(std::span(out.data(), out.size()))
                            .requests;
    });
    result.memory = peak_bytes() - before - voxels;
    result.seconds = cost.wall;
  }
  const Output out(voxels);
  result.bound_seconds = cost_of([&] { decode_box(stack, box, out.data(), cores()); }).wall;
  return result;
}

}  // namespace

int main(int argc, char* argv[]) {
  const Arguments arguments(argc, argv, {"rounds"});
  const int rounds = arguments.number("rounds", 3, 1);
  return run([&] {
    constexpr std::int64_t side = 512;
    const TileStack stack(encode_tiles(Format::jpeg, side), {17, 9, 9});
    const catvox::test::TempDir folder;
    stack.write(folder.path());
    const Nginx nginx(folder.path());

    const Table table(
        "A box as it grows, at the default settings, against decoding what it needs", 42,
        {"box, from", "tiles", "requests", "bound ms", "read ms", "read / bound", "MiB beside the output (<= 16)"});
    const auto add = [&](std::int64_t across, bool aligned, std::chrono::milliseconds delay) {
      const std::int64_t first = aligned ? 0 : side / 2;
      const Box box{{0, first, first}, {16, first + across * side, first + across * side}};
      std::vector<double> bound, read, ratio, memory;
      std::int64_t requests = 0;
      for (int round = 0; round < rounds; ++round) {
        const Measured got = in_new_process([&] {
          std::optional<DelayServer> late;
          if (delay.count() > 0) late.emplace([&](std::string_view path) { return stack.bytes_at(path); });
          if (late) late->set_delay(delay);
          return measure(stack, box, late ? late->url("/") : nginx.url("/"));
        });
        bound.push_back(got.bound_seconds);
        read.push_back(got.seconds);
        ratio.push_back(got.seconds / got.bound_seconds);
        memory.push_back(static_cast<double>(got.memory) / (1 << 20));
        requests = std::max(requests, got.requests);
      }
      table.row({std::to_string(across * across) + (aligned ? " x, aligned" : " x, half a tile off") +
                     (delay.count() > 0 ? ", after " + std::to_string(delay.count()) + " ms" : ", nginx"),
                 std::to_string(stack.parts_of(box).size()), std::to_string(requests), in_ms(median(bound)),
                 in_ms(median(read)), fixed(median(ratio), 2), fixed(median(memory), 1)});
    };
    const std::vector<std::int64_t> sizes =
        arguments.quick() ? std::vector<std::int64_t>{1, 2} : std::vector<std::int64_t>{1, 2, 4, 8};
    for (const bool aligned : {true, false}) {
      for (const auto across : sizes) add(across, aligned, std::chrono::milliseconds(0));
      add(sizes.back(), aligned, std::chrono::milliseconds(50));
    }
  });
}
