// Boxes out of N5 volumes, from a folder and from a local nginx, beside what they cannot do without, timed in the same
// rounds on as many threads. Medians, of the ratios too; beside each stands what it is to stay below.
//
//   catvox_bench_n5_read [--quick] [--rounds=N]
//
// copy    copying the box's voxels from memory, block by block, into fresh memory on huge pages
// clear   the first touch of that memory: the kernel clears it
// files   reading the blocks' files, which the system has cached, into one buffer a thread
// decode  decompressing the same blocks from memory into one block's memory a thread: the library's call alone
// place   copying one block's memory to where the blocks' voxels go in the box, past the caches where whole lines can be
// sum     of clear, files, decode and place: what a read from a folder has to do, each as well as it can be done alone
// folder  reading the box from the files into fresh memory on huge pages; its bound is the sum
// HTTP    reading it from nginx, which shares the cores; its bound is `folder` + 20 us + 0.35 us/KB for each block

#include <blosc.h>
#include <fcntl.h>
#include <libdeflate.h>
#include <lz4.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include <array>
#include <atomic>
#include <catvox/catvox.hpp>
#include <catvox/core/buffer.hpp>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "codec/compression.hpp"
#include "core/streaming.hpp"
#include "measure.hpp"
#include "n5_blocks.hpp"
#include "nginx.hpp"
#include "support/temp_dir.hpp"

namespace {

using namespace catvox;
using namespace catvox::detail;
using bench::Bytes;

constexpr std::int64_t side = 64;  // of a block
constexpr std::int64_t block_voxels = side * side * side;
constexpr Shape3 block_shape{side, side, side};
constexpr std::size_t distinct = 16;  // blocks that are made; the others repeat them

// Of the volume, zyx: 64 MiB of uint8, 256 MiB of uint64.
template <class T>
constexpr Shape3 grid = sizeof(T) == 1 ? Shape3{4, 8, 8} : Shape3{4, 4, 8};

std::uint64_t hash(std::int64_t x, std::int64_t y, std::int64_t z) {
  std::uint64_t h = 0x9e3779b97f4a7c15U;
  for (const std::int64_t i : {x, y, z}) {
    h = (h ^ static_cast<std::uint64_t>(i)) * 0xbf58476d1ce4e5b9U;
    h ^= h >> 29;
  }
  return h;
}

// A segmentation: convex cells about 28 voxels wide, each with a number of 58 bits, big-endian.
Bytes label_block(std::int64_t number) {
  constexpr std::int64_t cell = 28;
  Bytes block;
  for (std::int64_t z = 0; z < side; ++z) {
    for (std::int64_t y = 0; y < side; ++y) {
      for (std::int64_t x = side * number; x < side * (number + 1); ++x) {
        std::int64_t nearest = INT64_MAX;
        std::uint64_t label = 0;
        for (std::int64_t i = 0; i < 27; ++i) {
          const std::int64_t cx = x / cell + i % 3 - 1, cy = y / cell + i / 3 % 3 - 1, cz = z / cell + i / 9 - 1;
          const std::uint64_t h = hash(cx, cy, cz);
          const auto offset = [&](int bit) { return static_cast<std::int64_t>(h >> bit & 0xff) * cell / 256; };
          const std::int64_t dx = cx * cell + offset(0) - x, dy = cy * cell + offset(8) - y,
                             dz = cz * cell + offset(16) - z;
          if (const std::int64_t distance = dx * dx + dy * dy + dz * dz; distance < nearest) {
            nearest = distance;
            label = h >> 6;
          }
        }
        for (int byte = 8; byte-- > 0;) block.push_back(static_cast<std::byte>(label >> (8 * byte) & 0xff));
      }
    }
  }
  return block;
}

template <class T>
const std::vector<Bytes>& made_blocks() {
  static const std::vector<Bytes> blocks = [] {
    if (sizeof(T) == 1) return bench::em_blocks(block_shape, distinct);
    std::vector<Bytes> labels;
    for (std::size_t i = 0; i < distinct; ++i) labels.push_back(label_block(static_cast<std::int64_t>(i)));
    return labels;
  }();
  return blocks;
}

/// Calls `make_worker()` on every core and what it returned with 0, 1, … up to `count`, shared out among them.
template <class MakeWorker>
void on_every_core(std::size_t count, const MakeWorker& make_worker) {
  std::atomic<std::size_t> next = 0;
  std::vector<std::jthread> threads;
  for (unsigned i = 0; i < bench::cores(); ++i) {
    threads.emplace_back([&] {
      const auto work = make_worker();
      for (std::size_t at = next++; at < count; at = next++) work(at);
    });
  }
}

// `bytes` in all, evenly from every block.
void copy(const std::vector<Bytes>& blocks, std::size_t bytes) {
  const bench::Output out(static_cast<std::int64_t>(bytes));
  const std::size_t share = bytes / blocks.size();
  on_every_core(blocks.size(),
                [&] { return [&](std::size_t i) { std::memcpy(out.data() + i * share, blocks[i].data(), share); }; });
}

void decompress_by_library(Compression compression, const std::vector<Bytes>& payloads, std::size_t block_bytes) {
  on_every_core(payloads.size(), [&] {
    const std::shared_ptr<libdeflate_decompressor> gzip(libdeflate_alloc_decompressor(), libdeflate_free_decompressor);
    const std::shared_ptr<ZSTD_DCtx> zstd(ZSTD_createDCtx(), ZSTD_freeDCtx);
    const auto out = std::make_shared<Buffer>(block_bytes);
    return [=, &payloads](std::size_t i) {
      const Bytes& payload = payloads[i];
      switch (compression) {
        case Compression::gzip:
          libdeflate_gzip_decompress(gzip.get(), payload.data(), payload.size(), out->data(), block_bytes, nullptr);
          break;
        case Compression::zstd:
          ZSTD_decompressDCtx(zstd.get(), out->data(), block_bytes, payload.data(), payload.size());
          break;
        case Compression::lz4:
          LZ4_decompress_safe(reinterpret_cast<const char*>(payload.data()), reinterpret_cast<char*>(out->data()),
                              static_cast<int>(payload.size()), static_cast<int>(block_bytes));
          break;
        case Compression::blosc:
          blosc_decompress_ctx(payload.data(), out->data(), block_bytes, 1);
          break;
        default:
          break;
      }
    };
  });
}

// One row, past the caches if it is whole lines there.
void place_row(std::byte* to, const std::byte* from, std::size_t bytes, bool whole_lines) {
  if (!whole_lines) {
    std::memcpy(to, from, bytes);
    return;
  }
  for (std::size_t i = 0; i < bytes; i += 16) stream16(to + i, from + i);
}

// One volume, in memory, in a folder and behind nginx.
template <class T>
class Volume {
 public:
  explicit Volume(Compression compression) : compression_(compression) {
    const auto& [layers, rows, columns] = grid<T>;
    std::vector<Bytes> compressed;
    for (const Bytes& block : made_blocks<T>()) compressed.push_back(bench::compress(compression, block, sizeof(T)));
    for (std::int64_t i = 0; i < layers * rows * columns; ++i) {
      blocks_.push_back(made_blocks<T>()[static_cast<std::size_t>(i) % distinct]);
      payloads_.push_back(compressed[static_cast<std::size_t>(i) % distinct]);
      folder_.write(file_of(static_cast<std::size_t>(i)), bench::block_file(block_shape, payloads_.back()));
    }
    folder_.write("v/s0/attributes.json", bench::n5_attributes({layers * side, rows * side, columns * side},
                                                               block_shape, dtype_of<T>, compression));
    StackInfo info;
    info.stitle = "bench";
    info.dimension = {columns * side, rows * side, layers * side};
    info.num_zoom_levels = 0;
    info.mirrors.push_back(
        {1, "file", file_url((folder_.path() / "v").string()) + "/%SCALE_DATASET%/0_1_2", 64, 64, 11, "", 0});
    info.mirrors.push_back({2, "http", nginx_.url("/v/%SCALE_DATASET%/0_1_2"), 64, 64, 11, "", 1});
    StackOptions options;
    options.allow_file = true;
    options.cache_bytes = 0;  // each round reads anew
    Stack stack(info, options);
    file_ = stack.scale<T>(0);
    stack.set_mirror("http");
    http_ = stack.scale<T>(0);
  }

  /// \param margin  voxels that the box leaves out on every side
  void measure(const bench::Table& table, std::int64_t margin, int rounds) {
    const auto box = [&](const auto& level) {
      const auto inside = [&](std::size_t axis) { return xt::range(margin, grid<T>[axis] * side - margin); };
      return level->slice(inside(0), inside(1), inside(2));
    };
    const std::size_t bytes = box(file_).size() * sizeof(T);
    const auto read = [&](const auto& level) {
      const bench::Output out(static_cast<std::int64_t>(bytes));
      box(level).read_into(std::span(reinterpret_cast<T*>(out.data()), bytes / sizeof(T)));
    };
    double kilobytes = 0;
    for (const Bytes& payload : payloads_) kilobytes += static_cast<double>(payload.size()) / 1000;
    const double allowance = 20e-6 * static_cast<double>(payloads_.size()) + 0.35e-6 * kilobytes;
    std::vector<double> copying, clearing, files, decoding, placing, sum, file, http, file_ratio, http_ratio;
    for (int round = -1; round < rounds; ++round) {
      const double c = bench::cost_of([&] { copy(blocks_, bytes); }).wall;
      const bench::Output out(static_cast<std::int64_t>(bytes));
      const double z = bench::cost_of([&] { clear(out); }).wall;
      const double r = bench::cost_of([&] { read_files(); }).wall;
      const double d =
          compression_ == Compression::raw
              ? 0
              : bench::cost_of([&] { decompress_by_library(compression_, payloads_, block_voxels * sizeof(T)); }).wall;
      const double p = bench::cost_of([&] { place(margin, out); }).wall;
      const double f = bench::cost_of([&] { read(file_); }).wall;
      const double h = bench::cost_of([&] { read(http_); }).wall;
      if (round < 0) continue;  // opens connections, starts threads
      copying.push_back(c);
      clearing.push_back(z);
      files.push_back(r);
      decoding.push_back(d);
      placing.push_back(p);
      sum.push_back(z + r + d + p);
      file.push_back(f);
      http.push_back(h);
      const bool against_copy = compression_ == Compression::raw && margin > 0;
      file_ratio.push_back(f / (against_copy ? c : sum.back()));
      http_ratio.push_back(h / (f + allowance));
    }
    const char* const target = margin == 0 ? "<= 1.1" : compression_ == Compression::raw ? "<= 1.6 of copy" : "<= 1.15";
    using bench::fixed, bench::in_ms, bench::median;
    table.row({std::string(name(dtype_of<T>)) + " " + std::string(name(compression_)) +
                   (margin == 0 ? ", aligned" : ", unaligned"),
               in_ms(median(copying)), in_ms(median(clearing)), in_ms(median(files)),
               compression_ == Compression::raw ? "" : in_ms(median(decoding)), in_ms(median(placing)),
               in_ms(median(sum)), in_ms(median(file)), in_ms(median(http)), fixed(median(file_ratio), 2), target,
               fixed(median(http_ratio), 2), "<= 1.15"});
  }

 private:
  // Every core from a place of its own, huge page by huge page.
  static void clear(const bench::Output& out) {
    constexpr std::size_t page = std::size_t{2} << 20;
    on_every_core((out.size() + page - 1) / page, [&] {
      return [&](std::size_t i) { std::memset(out.data() + i * page, 0, std::min(page, out.size() - i * page)); };
    });
  }

  [[nodiscard]] std::string file_of(std::size_t block) const {
    const auto i = static_cast<std::int64_t>(block);
    const auto& [layers, rows, columns] = grid<T>;
    return "v/s0/" + std::to_string(i % columns) + "/" + std::to_string(i / columns % rows) + "/" +
           std::to_string(i / columns / rows);
  }

  void read_files() const {
    const std::string folder = folder_.path().string() + "/";
    on_every_core(payloads_.size(), [&] {
      const auto buffer = std::make_shared<Buffer>(block_voxels * sizeof(T) + 1024);
      return [=, this](std::size_t i) {
        const int file = ::open((folder + file_of(i)).c_str(), O_RDONLY | O_CLOEXEC);
        struct stat status {};
        if (file < 0 || ::fstat(file, &status) != 0 || ::pread(file, buffer->data(), buffer->capacity(), 0) <= 0) {
          std::abort();
        }
        ::close(file);
      };
    });
  }

  void place(std::int64_t margin, const bench::Output& out) const {
    const auto& [layers, rows, columns] = grid<T>;
    const Shape3 shape{layers * side - 2 * margin, rows * side - 2 * margin, columns * side - 2 * margin};
    const Box box{{margin, margin, margin}, {layers * side - margin, rows * side - margin, columns * side - margin}};
    const auto item = static_cast<std::int64_t>(sizeof(T));
    on_every_core(payloads_.size(), [&] {
      const auto block = std::make_shared<Bytes>(made_blocks<T>()[0]);
      return [=, &out](std::size_t number) {
        const auto i = static_cast<std::int64_t>(number);
        const Index3 first{i / (grid<T>[2] * grid<T>[1]) * side, i / grid<T>[2] % grid<T>[1] * side,
                           i % grid<T>[2] * side};
        const Box part = intersect(box, {first, {first[0] + side, first[1] + side, first[2] + side}});
        const auto bytes = static_cast<std::size_t>((part.max[2] - part.min[2]) * item);
        const bool whole_lines =
            can_stream && bytes % 64 == 0 && shape[2] * item % 64 == 0 && (part.min[2] - box.min[2]) * item % 64 == 0;
        for (std::int64_t z = part.min[0]; z < part.max[0]; ++z) {
          for (std::int64_t y = part.min[1]; y < part.max[1]; ++y) {
            const auto to =
                (((z - box.min[0]) * shape[1] + y - box.min[1]) * shape[2] + part.min[2] - box.min[2]) * item;
            const auto from = (((z - first[0]) * side + y - first[1]) * side + part.min[2] - first[2]) * item;
            place_row(reinterpret_cast<std::byte*>(out.data()) + to, block->data() + from, bytes, whole_lines);
          }
        }
        end_streaming();
      };
    });
  }

  const Compression compression_;
  std::vector<Bytes> blocks_, payloads_;
  catvox::test::TempDir folder_;
  bench::Nginx nginx_{folder_.path()};
  std::optional<ScaleView<T>> file_, http_;
};

template <class T>
void measure(const bench::Table& table, Compression compression, int rounds) {
  Volume<T> volume(compression);
  volume.measure(table, 0, rounds);
  volume.measure(table, side / 2, rounds);  // half a block off in every axis
}

}  // namespace

int main(int argc, char* argv[]) {
  const bench::Arguments arguments(argc, argv, {"rounds"});
  const int rounds = arguments.number("rounds", 7, 1);
  return bench::run([&] {
    const bench::Table table("N5 volumes in blocks of 64 x 64 x 64", 24,
                             {"blocks, box", "copy ms", "clear ms", "files ms", "decode ms", "place ms", "sum ms",
                              "folder ms", "HTTP ms", "folder / bound", "target", "HTTP / bound", "target"});
    for (const Compression compression :
         {Compression::raw, Compression::lz4, Compression::gzip, Compression::zstd, Compression::blosc}) {
      measure<std::uint8_t>(table, compression, rounds);
      measure<std::uint64_t>(table, compression, rounds);
      if (arguments.quick()) return;
    }
  });
}
