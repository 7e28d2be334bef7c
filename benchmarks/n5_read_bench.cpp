// Boxes out of N5 volumes, from a folder and from an HTTP server in this process, against the bound: decompressing the
// same blocks from memory and copying their voxels once, on as many threads, timed in the same rounds. Medians.
//
//   catvox_bench_n5_read [rounds]
//
// The server shares the cores with the reader, so the HTTP column holds its work too.

#include <blosc.h>
#include <libdeflate.h>
#include <lz4.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <catvox/catvox.hpp>
#include <catvox/codec/compression.hpp>
#include <catvox/core/memory.hpp>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "support/http_server.hpp"
#include "support/temp_dir.hpp"

namespace {

using namespace catvox;
using Bytes = std::vector<std::byte>;

constexpr std::int64_t side = 64;                           // of a block
constexpr std::array<std::int64_t, 3> blocks_zyx{4, 8, 8};  // of the volume
constexpr std::int64_t block_voxels = side * side * side;

// EM-like for one byte, labels in long runs for eight; big-endian, as a block holds them.
template <class T>
Bytes block_of(unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> noise(0, 12);
  Bytes bytes;
  for (std::int64_t i = 0; i < block_voxels; ++i) {
    const auto x = static_cast<double>(i % side), y = static_cast<double>(i / side % side);
    if constexpr (sizeof(T) == 1) {
      const double grey = 128 + 40 * std::sin(0.1 * x) * std::cos(0.13 * y) + noise(random);
      bytes.push_back(static_cast<std::byte>(std::clamp(grey, 0.0, 255.0)));
    } else {
      const auto label = static_cast<std::uint64_t>(x / 17 + 7 * std::floor(y / 23) + seed) * 0x0101010101U;
      for (int byte = 8; byte-- > 0;) bytes.push_back(static_cast<std::byte>(label >> (8 * byte) & 0xff));
    }
  }
  return bytes;
}

Bytes compress(Compression compression, const Bytes& from, std::size_t item) {
  Bytes to(2 * from.size() + 1024);
  auto* out = reinterpret_cast<char*>(to.data());
  const auto* in = reinterpret_cast<const char*>(from.data());
  std::size_t size = 0;
  switch (compression) {
    case Compression::gzip: {
      libdeflate_compressor* const compressor = libdeflate_alloc_compressor(6);
      size = libdeflate_gzip_compress(compressor, in, from.size(), out, to.size());
      libdeflate_free_compressor(compressor);
      break;
    }
    case Compression::lz4:
      size = static_cast<std::size_t>(
          LZ4_compress_default(in, out, static_cast<int>(from.size()), static_cast<int>(to.size())));
      break;
    case Compression::zstd:
      size = ZSTD_compress(out, to.size(), in, from.size(), 3);
      break;
    case Compression::blosc:
      size = static_cast<std::size_t>(
          blosc_compress_ctx(5, BLOSC_SHUFFLE, item, from.size(), in, out, to.size(), "lz4", 0, 1));
      break;
    default:
      return from;
  }
  to.resize(size);
  return to;
}

double seconds(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

struct Memory {
  explicit Memory(std::size_t bytes) : data(static_cast<std::byte*>(std::malloc(bytes))), size(bytes) {
    if (data == nullptr) throw std::bad_alloc();
    use_huge_pages(data, bytes);
  }
  ~Memory() { std::free(data); }
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;
  std::byte* data;
  std::size_t size;
};

// Decompresses `payloads` and copies `bytes` of output, on every core, into fresh memory.
void bound(Compression compression, const std::vector<const Bytes*>& payloads, std::size_t block_bytes,
           std::size_t bytes) {
  const Memory out(bytes);
  const std::size_t share = bytes / payloads.size();
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    Bytes scratch(block_bytes);
    for (std::size_t i = next++; i < payloads.size(); i = next++) {
      const std::byte* voxels = payloads[i]->data();
      if (compression != Compression::raw) {
        decompress(compression, *payloads[i], scratch);
        voxels = scratch.data();
      }
      std::memcpy(out.data + i * share, voxels, std::min(share, block_bytes));
    }
  };
  std::vector<std::jthread> threads;
  for (unsigned i = 0; i < std::max(1U, std::thread::hardware_concurrency()); ++i) threads.emplace_back(work);
}

template <class T>
void run(Compression compression, int rounds) {
  const test::TempDir folder;
  const std::string type(name(compression));
  folder.write("v/s0/attributes.json", R"({"dimensions": [512, 512, 256], "blockSize": [64, 64, 64], "dataType": ")" +
                                           std::string(name(dtype_of<T>)) + R"(", "compression": {"type": ")" + type +
                                           R"("}})");
  const std::string header("\0\0\0\3\0\0\0\100\0\0\0\100\0\0\0\100", 16);
  std::vector<Bytes> payloads;
  for (unsigned seed = 0; seed < 8; ++seed) payloads.push_back(compress(compression, block_of<T>(seed), sizeof(T)));
  std::vector<const Bytes*> stored;
  for (std::int64_t z = 0; z < blocks_zyx[0]; ++z) {
    for (std::int64_t y = 0; y < blocks_zyx[1]; ++y) {
      for (std::int64_t x = 0; x < blocks_zyx[2]; ++x) {
        const Bytes& payload = payloads[static_cast<std::size_t>((x + 3 * y + 5 * z) % 8)];
        stored.push_back(&payload);
        folder.write("v/s0/" + std::to_string(x) + "/" + std::to_string(y) + "/" + std::to_string(z),
                     header + std::string(reinterpret_cast<const char*>(payload.data()), payload.size()));
      }
    }
  }
  test::HttpServer server;
  server.serve_folder("/v", folder.path() / "v");
  StackInfo info;
  info.stitle = "bench";
  info.dimension = {512, 512, 256};
  info.num_zoom_levels = 0;
  info.mirrors.push_back(
      {1, "file", file_url((folder.path() / "v").string()) + "/%SCALE_DATASET%/0_1_2", 64, 64, 11, "", 0});
  info.mirrors.push_back({2, "http", server.url("/v/%SCALE_DATASET%/0_1_2"), 64, 64, 11, "", 1});

  StackOptions options;
  options.allow_file = true;
  options.cache_bytes = 0;  // each round reads anew
  Stack stack(info, options);
  const auto from_file = stack.scale<T>(0);
  stack.set_mirror("http");
  const auto from_http = stack.scale<T>(0);
  for (const bool aligned : {true, false}) {
    // Unaligned: half a block off in every axis, so that 3 x 7 x 7 blocks' worth of voxels lies in all 4 x 8 x 8.
    const auto part = [&](const auto& level) {
      return aligned ? level.slice(xt::range(0, 256), xt::range(0, 512), xt::range(0, 512))
                     : level.slice(xt::range(32, 224), xt::range(32, 480), xt::range(32, 480));
    };
    const std::size_t bytes = part(from_file).size() * sizeof(T);
    const auto read = [&](const auto& level) {
      const Memory out(bytes);
      part(level).read_into(std::span(reinterpret_cast<T*>(out.data), bytes / sizeof(T)));
    };
    std::vector<double> bounds, files, https;
    for (int round = 0; round < rounds; ++round) {
      bounds.push_back(seconds([&] { bound(compression, stored, block_voxels * sizeof(T), bytes); }));
      files.push_back(seconds([&] { read(from_file); }));
      https.push_back(seconds([&] { read(from_http); }));
    }
    std::printf("%-7s %-6s %-9s %7.1f ms %9.2f %9.2f\n", std::string(name(dtype_of<T>)).c_str(), type.c_str(),
                aligned ? "aligned" : "unaligned", 1e3 * median(bounds), median(files) / median(bounds),
                median(https) / median(bounds));
    std::fflush(stdout);
  }
}

}  // namespace

int main(int argc, char* argv[]) {
  const int rounds = argc > 1 ? std::max(1, std::atoi(argv[1])) : 7;
  std::printf("%-7s %-6s %-9s %10s %9s %9s\n", "dtype", "blocks", "box", "bound", "file/b.", "http/b.");
  for (const Compression compression :
       {Compression::raw, Compression::gzip, Compression::lz4, Compression::zstd, Compression::blosc}) {
    run<std::uint8_t>(compression, rounds);
    run<std::uint64_t>(compression, rounds);
  }
}
