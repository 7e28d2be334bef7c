// Random small boxes out of a large stack, one after the other, as a training set is drawn.
//
//   catvox_bench_crops [--quick] [--boxes=N]
//
// Cold: nothing of the stack is in the cache. The bound is decoding, from memory, the rows that a box needs of each
// tile that it meets, by libjpeg-turbo itself; "whole" decodes these tiles whole. Both on as many threads as a read can
// use: every core for boxes of 64 slices, one for boxes of one. Warm: the region's tiles were read before and fit into
// the cache; the bound is copying the voxels out of decoded tiles. Encoded: a region was prefetched; the bound is
// decoding it.
//
// N5: boxes of 64^3 out of a volume in gzip blocks of 64^3, in a folder. The bound decompresses the blocks that a box
// meets, from memory, on every core, by libdeflate itself, and copies what the box needs of them.
//
// --boxes: how many of 64^3 (default 60; others in proportion). They are taken in batches, and the medians are those of
// the batches. 10 000 take half an hour.

#include <libdeflate.h>

#include <catvox/catmaid/stack.hpp>
#include <catvox/http/url.hpp>
#include <cstring>
#include <memory>
#include <random>
#include <span>
#include <stdexcept>

#include "measure.hpp"
#include "n5_blocks.hpp"
#include "nginx.hpp"
#include "tile_stack.hpp"

namespace {

using namespace bench;
using catvox::Box;
using catvox::Shape3;

// The same in each run.
std::vector<Box> random_boxes(std::int64_t count, const Box& region, const Shape3& shape) {
  std::mt19937_64 random(20);
  std::vector<Box> boxes(static_cast<std::size_t>(count));
  for (Box& box : boxes) {
    for (std::size_t axis = 0; axis < 3; ++axis) {
      const auto last = region.max[axis] - region.min[axis] - shape[axis];
      box.min[axis] = region.min[axis] + std::uniform_int_distribution<std::int64_t>(0, last)(random);
      box.max[axis] = box.min[axis] + shape[axis];
    }
  }
  return boxes;
}

/// Reads each box into its place in `out`.
void read_boxes(const catvox::Stack& stack, std::span<const Box> boxes, const Output& out) {
  const auto level = stack.scale<std::uint8_t>(0);
  std::uint8_t* place = out.data();
  for (const auto& [min, max] : boxes) {
    const auto view = level.slice(xt::range(min[0], max[0]), xt::range(min[1], max[1]), xt::range(min[2], max[2]));
    view.read_into(std::span(place, view.size()));
    place += view.size();
  }
}

void decode_boxes(const TileStack& stack, std::span<const Box> boxes, const Output& out, unsigned threads) {
  std::vector<TilePart> parts;
  std::int64_t voxels = 0;
  for (const Box& box : boxes) {
    for (TilePart part : stack.parts_of(box)) {
      part.offset += voxels;
      parts.push_back(part);
    }
    voxels += catvox::volume(box.shape());
  }
  in_parallel(threads, static_cast<std::int64_t>(parts.size()),
              [&](std::int64_t i) { decode_part(stack, parts[static_cast<std::size_t>(i)], out.data()); });
}

void decode_whole_tiles(const TileStack& stack, std::span<const Box> boxes, unsigned threads) {
  const auto side = stack.tiles().side;
  std::vector<catvox::Index3> tiles;
  for (const Box& box : boxes) {
    for (const TilePart& part : stack.parts_of(box)) tiles.push_back(part.tile);
  }
  in_parallel(threads, static_cast<std::int64_t>(tiles.size()), [&](std::int64_t i) {
    static thread_local std::vector<std::uint8_t> scratch;
    scratch.resize(static_cast<std::size_t>(side * side));
    decode_jpeg(stack.bytes(tiles[static_cast<std::size_t>(i)]), {0, 0, side, side}, scratch.data(), side);
  });
}

struct Cold {
  const char* name;
  std::int64_t tile_side;
  Shape3 box;
  std::int64_t count;
  const char* target;
};

void measure_cold(const Table& table, const Cold& crops) {
  const std::int64_t across = 8192 / crops.tile_side;
  const TileStack stack(encode_tiles(Format::jpeg, crops.tile_side), {256, across, across});
  const catvox::test::TempDir folder;
  stack.write(folder.path());
  const Nginx server(folder.path());
  const auto boxes = random_boxes(crops.count, stack.whole(), crops.box);
  const std::size_t batch_size = std::clamp<std::size_t>(boxes.size() / 6, 1, 100);
  const unsigned threads = crops.box[0] > 1 ? cores() : 1;
  catvox::StackOptions options;
  options.allow_file = true;

  for (const bool local : {true, false}) {
    // One for all batches: its cache fills up, with tiles that are hardly ever met again.
    const catvox::Stack source(stack.info(local ? catvox::file_url(folder.path().string()) + "/" : server.url("/")),
                               options);
    std::vector<double> whole_wall, bound_wall, read_wall, wall, cpu, wall_of_whole, cpu_of_whole;
    for (std::size_t first = 0; first + batch_size <= boxes.size(); first += batch_size) {
      const auto batch = std::span(boxes).subspan(first, batch_size);
      const auto each = static_cast<double>(batch_size);
      const auto bytes = static_cast<std::int64_t>(batch_size) * catvox::volume(crops.box);
      const Output expected(bytes), got(bytes);
      const Cost whole = cost_of([&] { decode_whole_tiles(stack, batch, threads); });
      const Cost bound = cost_of([&] { decode_boxes(stack, batch, expected, threads); });
      const Cost read = cost_of([&] { read_boxes(source, batch, got); });
      if (std::memcmp(expected.data(), got.data(), got.size()) != 0) throw std::runtime_error("the voxels are wrong");
      whole_wall.push_back(whole.wall / each);
      bound_wall.push_back(bound.wall / each);
      read_wall.push_back(read.wall / each);
      wall.push_back(read.wall / bound.wall);
      cpu.push_back(read.cpu / bound.cpu);
      wall_of_whole.push_back(read.wall / whole.wall);
      cpu_of_whole.push_back(read.cpu / whole.cpu);
    }
    table.row({std::string(crops.name) + (local ? ", folder" : ", nginx"), in_ms(median(whole_wall)),
               in_ms(median(bound_wall)), in_ms(median(read_wall)), fixed(median(wall), 2), fixed(median(cpu), 2),
               fixed(median(wall_of_whole), 2), fixed(median(cpu_of_whole), 2), crops.target});
  }
}

// A volume in gzip blocks of 64^3, in a folder.
void measure_n5(const Table& table, std::int64_t count) {
  constexpr std::int64_t side = 64, across = 16;
  const Shape3 block{side, side, side};
  std::vector<Bytes> blocks = em_blocks(block, 8);
  std::vector<std::string> files;
  std::vector<Bytes> packed;
  for (const Bytes& each : blocks) {
    packed.push_back(compress(catvox::detail::Compression::gzip, each, 1));
    files.push_back(block_file(block, packed.back()));
  }
  const auto which = [](std::int64_t z, std::int64_t y, std::int64_t x) {
    return static_cast<std::size_t>((x + 3 * y + 5 * z) % 8);
  };
  const catvox::test::TempDir folder;
  for (std::int64_t z = 0; z < across; ++z) {
    for (std::int64_t y = 0; y < across; ++y) {
      for (std::int64_t x = 0; x < across; ++x) {
        folder.write("v/s0/" + std::to_string(x) + '/' + std::to_string(y) + '/' + std::to_string(z),
                     files[which(z, y, x)]);
      }
    }
  }
  const Shape3 shape{across * side, across * side, across * side};
  folder.write("v/s0/attributes.json",
               n5_attributes(shape, block, catvox::DType::uint8, catvox::detail::Compression::gzip));
  catvox::StackInfo info;
  info.stitle = "n5";
  info.dimension = {shape[2], shape[1], shape[0]};
  info.num_zoom_levels = 0;
  info.mirrors.push_back(
      {1, "folder", catvox::file_url((folder.path() / "v").string()) + "/%SCALE_DATASET%/0_1_2", 64, 64, 11, "", 0});
  catvox::StackOptions options;
  options.allow_file = true;
  const catvox::Stack source(info, options);

  const auto boxes = random_boxes(count, {{0, 0, 0}, shape}, block);
  const auto bound_of = [&](const Box& box, std::uint8_t* out) {
    std::vector<catvox::Index3> met;
    for (std::int64_t z = box.min[0] / side; z <= (box.max[0] - 1) / side; ++z) {
      for (std::int64_t y = box.min[1] / side; y <= (box.max[1] - 1) / side; ++y) {
        for (std::int64_t x = box.min[2] / side; x <= (box.max[2] - 1) / side; ++x) met.push_back({z, y, x});
      }
    }
    in_parallel(cores(), static_cast<std::int64_t>(met.size()), [&](std::int64_t i) {
      static thread_local std::vector<std::uint8_t> scratch(side * side * side);
      static thread_local const std::shared_ptr<libdeflate_decompressor> gzip(libdeflate_alloc_decompressor(),
                                                                              libdeflate_free_decompressor);
      const auto& at = met[static_cast<std::size_t>(i)];
      const Bytes& bytes = packed[which(at[0], at[1], at[2])];
      libdeflate_gzip_decompress(gzip.get(), bytes.data(), bytes.size(), scratch.data(), scratch.size(), nullptr);
      const Box cell{{at[0] * side, at[1] * side, at[2] * side},
                     {(at[0] + 1) * side, (at[1] + 1) * side, (at[2] + 1) * side}};
      const Box part = catvox::intersect(cell, box);
      for (auto z = part.min[0]; z < part.max[0]; ++z) {
        for (auto y = part.min[1]; y < part.max[1]; ++y) {
          const auto* from =
              scratch.data() + ((z - cell.min[0]) * side + y - cell.min[1]) * side + part.min[2] - cell.min[2];
          auto* to = out + ((z - box.min[0]) * side + y - box.min[1]) * side + part.min[2] - box.min[2];
          std::memcpy(to, from, static_cast<std::size_t>(part.max[2] - part.min[2]));
        }
      }
    });
  };
  std::vector<double> bound_wall, read_wall, wall, cpu;
  const auto bytes = catvox::volume(block);
  for (const Box& box : boxes) {
    const Output expected(bytes), got(bytes);
    const Cost bound = cost_of([&] { bound_of(box, expected.data()); });
    const Cost read = cost_of([&] { read_boxes(source, std::span(&box, 1), got); });
    if (std::memcmp(expected.data(), got.data(), got.size()) != 0) throw std::runtime_error("the voxels are wrong");
    bound_wall.push_back(bound.wall);
    read_wall.push_back(read.wall);
    wall.push_back(read.wall / bound.wall);
    cpu.push_back(read.cpu / bound.cpu);
  }
  table.row({"64 x 64 x 64, gzip blocks of 64^3", "", in_ms(median(bound_wall)), in_ms(median(read_wall)),
             fixed(median(wall), 2), fixed(median(cpu), 2), "", "", ""});
}

void measure_warm(const Table& table, const char* name, const Shape3& shape, std::int64_t count, const char* target,
                  int rounds) {
  const TileStack stack(encode_tiles(Format::jpeg, 512), {256, 16, 16});
  const catvox::test::TempDir folder;
  stack.write(folder.path());
  const Box region{{0, 0, 0}, {128, 1024, 1024}};  // 128 MiB: half of the default cache
  const auto boxes = random_boxes(count, region, shape);
  const auto bytes = count * catvox::volume(shape);

  const auto tile_bytes = stack.tiles().side * stack.tiles().side;
  const Output decoded(128 * 4 * tile_bytes);
  for (std::int64_t z = 0; z < 128; ++z) {
    for (std::int64_t i = 0; i < 4; ++i) {
      decode_jpeg(stack.bytes({z, i / 2, i % 2}), {0, 0, 512, 512}, decoded.data() + (4 * z + i) * tile_bytes, 512);
    }
  }
  std::vector<std::vector<TilePart>> parts;
  for (const Box& box : boxes) parts.push_back(stack.parts_of(box));
  const auto copy_boxes = [&](const Output& out) {
    std::uint8_t* place = out.data();
    for (const auto& box : parts) {
      for (const TilePart& part : box) {
        const auto* from = decoded.data() + (4 * part.tile[0] + 2 * part.tile[1] + part.tile[2]) * tile_bytes +
                           part.window.row * 512 + part.window.column;
        for (std::int64_t row = 0; row < part.window.height; ++row) {
          std::memcpy(place + part.offset + row * part.row_stride, from + row * 512,
                      static_cast<std::size_t>(part.window.width));
        }
      }
      place += catvox::volume(shape);
    }
  };

  catvox::StackOptions options;
  options.allow_file = true;
  const catvox::Stack source(stack.info(catvox::file_url(folder.path().string()) + "/"), options);
  const Output expected(bytes), out(bytes);
  copy_boxes(expected);
  for (int pass = 0; pass < 3; ++pass) read_boxes(source, boxes, out);
  if (std::memcmp(expected.data(), out.data(), out.size()) != 0) throw std::runtime_error("the voxels are wrong");
  std::vector<double> bound_wall, read_wall, wall, cpu;
  for (int round = 0; round < rounds; ++round) {
    const Cost bound = cost_of([&] { copy_boxes(expected); });
    const Cost read = cost_of([&] { read_boxes(source, boxes, out); });
    bound_wall.push_back(bound.wall / static_cast<double>(count));
    read_wall.push_back(read.wall / static_cast<double>(count));
    wall.push_back(read.wall / bound.wall);
    cpu.push_back(read.cpu / bound.cpu);
  }
  table.row({name, fixed(1e6 * median(bound_wall), 1), fixed(1e6 * median(read_wall), 1), fixed(median(wall), 2),
             fixed(median(cpu), 2), target});
}

// A region whose tiles are in the cache as they came: nothing is requested, all is decoded.
void measure_encoded(const Table& table, int rounds) {
  const TileStack stack(encode_tiles(Format::jpeg, 512), {256, 16, 16});
  const catvox::test::TempDir folder;
  stack.write(folder.path());
  const Nginx server(folder.path());
  const Box region{{0, 0, 0}, {128, 1024, 1024}};
  constexpr std::int64_t tiles = 128 * 2 * 2;
  std::vector<double> bound_wall, read_wall, wall, cpu;
  for (int round = 0; round < rounds; ++round) {
    const catvox::Stack source(stack.info(server.url("/")));
    const auto level = source.scale<std::uint8_t>(0);
    const auto part = level.slice(xt::range(0, 128), xt::range(0, 1024), xt::range(0, 1024));
    part.prefetch();
    while (source.cache_statistics().requests < tiles) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    const Output expected(catvox::volume(region.shape())), got(catvox::volume(region.shape()));
    const Cost bound = cost_of([&] { decode_box(stack, region, expected.data(), cores()); });
    const Cost read = cost_of([&] { part.read_into(std::span(got.data(), got.size())); });
    if (std::memcmp(expected.data(), got.data(), got.size()) != 0) throw std::runtime_error("the voxels are wrong");
    if (source.cache_statistics().requests != tiles) throw std::runtime_error("a tile was requested again");
    bound_wall.push_back(bound.wall);
    read_wall.push_back(read.wall);
    wall.push_back(read.wall / bound.wall);
    cpu.push_back(read.cpu / bound.cpu);
  }
  table.row({"128 x 1024 x 1024, encoded", fixed(1e6 * median(bound_wall), 1), fixed(1e6 * median(read_wall), 1),
             fixed(median(wall), 2), fixed(median(cpu), 2), "<= 1.1"});
}

}  // namespace

int main(int argc, char* argv[]) {
  const Arguments arguments(argc, argv, {"boxes"});
  const std::int64_t boxes = arguments.number("boxes", 60, 2);
  const bool quick = arguments.quick();
  return run([&] {
    {
      const Table table("Random boxes, cold cache, against decoding the rows that they need (ms for each box)", 34,
                        {"boxes, tiles, from", "whole", "bound", "read", "wall / bound", "CPU / bound", "wall / whole",
                         "CPU / whole", "target, of whole"});
      measure_cold(table, {"64 x 64 x 64, tiles of 512", 512, {64, 64, 64}, boxes, ""});
      measure_cold(table, {"1 x 64 x 64, tiles of 512", 512, {1, 64, 64}, 10 * boxes, "<= 0.55"});
      measure_cold(table, {"1 x 64 x 64, tiles of 1024", 1024, {1, 64, 64}, 4 * boxes, "<= 0.45"});
      measure_n5(table, 4 * boxes);
    }
    const Table table(
        "Boxes, warm cache, against copying their voxels or, where they are kept encoded, decoding them (us for each "
        "box)",
        26, {"boxes", "bound", "read", "wall / bound", "CPU / bound", "target"});
    measure_warm(table, "64 x 64 x 64", {64, 64, 64}, quick ? 20 : 200, "<= 1.3", quick ? 1 : 15);
    measure_warm(table, "1 x 64 x 64", {1, 64, 64}, quick ? 100 : 5000, "", quick ? 1 : 15);
    measure_encoded(table, quick ? 1 : 7);
  });
}
