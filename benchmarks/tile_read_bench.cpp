// 1024 JPEG tiles of 512 x 512 read into one array: from a folder, and from an HTTP server in this process that answers
// at once, after 5 ms and after 50 ms; with one thread and with one per core. Against the bound: decoding the same bytes
// from memory into fresh memory, on as many threads, timed in the same rounds. Medians.
//
//   catvox_bench_tile_read [rounds]
//
// The server shares the cores with the reader, so the HTTP rows hold its work too.

#include <algorithm>
#include <atomic>
#include <catvox/catvox.hpp>
#include <catvox/codec/image.hpp>
#include <catvox/core/memory.hpp>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "demo_instance/em_texture.hpp"
#include "demo_instance/jpeg_writer.hpp"
#include "support/http_server.hpp"
#include "support/temp_dir.hpp"

namespace {

using namespace catvox;
using namespace std::chrono_literals;

constexpr std::int64_t tile = 512, side = 8, depth = 16;  // 16 slices of 8 x 8 tiles
constexpr std::size_t distinct = 8;                       // tiles that are made; the others repeat them

double seconds(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

// Fresh for each round, on huge pages, as the library's own outputs are.
class Output {
 public:
  Output() : data_(static_cast<std::uint8_t*>(std::malloc(size))) {
    if (data_ == nullptr) throw std::bad_alloc();
    use_huge_pages(data_, size);
  }
  ~Output() { std::free(data_); }
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;
  static constexpr std::size_t size = static_cast<std::size_t>(depth * side * side * tile * tile);
  [[nodiscard]] std::uint8_t* data() const { return data_; }

 private:
  std::uint8_t* data_;
};

void decode_all(const std::vector<std::string>& tiles, unsigned threads) {
  const Output out;
  std::atomic<std::int64_t> next = 0;
  const auto work = [&] {
    for (std::int64_t i = next++; i < depth * side * side; i = next++) {
      const std::int64_t z = i / (side * side), row = i / side % side, column = i % side;
      auto* place = out.data() + ((z * side + row) * tile * side + column) * tile;
      decode_grey8(std::as_bytes(std::span(tiles[static_cast<std::size_t>(i) % distinct])), {tile, tile},
                   {0, 0, tile, tile}, 0, place, side * tile);
    }
  };
  std::vector<std::jthread> workers;
  for (unsigned i = 0; i < threads; ++i) workers.emplace_back(work);
}

}  // namespace

int main(int argc, char* argv[]) {
  const int rounds = argc > 1 ? std::max(1, std::atoi(argv[1])) : 5;
  const test::TempDir folder;
  test::HttpServer server;
  std::vector<std::string> tiles;
  for (std::size_t i = 0; i < distinct; ++i) {
    const auto section = examples::em_section(static_cast<std::int64_t>(i), tile, tile);
    const auto path = folder.path() / "tile.jpg";
    examples::GreyImage image;
    image.height = section.height;
    image.width = section.width;
    image.pixels = std::as_bytes(std::span(section.pixels));
    examples::write_jpeg(path, image, 85);
    std::ifstream file(path, std::ios::binary);
    tiles.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  for (std::int64_t i = 0; i < depth * side * side; ++i) {
    const std::string name = std::to_string(i / (side * side)) + "/" + std::to_string(i / side % side) + "_" +
                             std::to_string(i % side) + "_0.jpg";
    const std::string& bytes = tiles[static_cast<std::size_t>(i) % distinct];
    folder.write("t/" + name, bytes);
    server.add("/t/" + name, bytes, "image/jpeg");
  }

  StackInfo info;
  info.stitle = "bench";
  info.dimension = {side * tile, side * tile, depth};
  info.num_zoom_levels = 0;
  info.mirrors.push_back({1, "folder", file_url((folder.path() / "t").string()) + "/", tile, tile, 1, "jpg", 0});
  info.mirrors.push_back({2, "http", server.url("/t/"), tile, tile, 1, "jpg", 1});

  const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
  std::printf("%7s %-12s %10s %10s %8s\n", "threads", "from", "bound", "read", "ratio");
  for (const unsigned threads : cores > 1 ? std::vector{1U, cores} : std::vector{1U}) {
    const auto measure = [&](const char* from, int mirror, std::chrono::milliseconds delay) {
      server.set_delay(delay);
      StackOptions options;
      options.session = HttpSession(HttpOptions{.threads = static_cast<int>(threads)});
      options.allow_file = true;
      Stack stack(info, options);
      stack.set_mirror(mirror);
      const auto level = stack.scale<std::uint8_t>(0);
      std::vector<double> bounds, reads;
      for (int round = 0; round < rounds; ++round) {
        bounds.push_back(seconds([&] { decode_all(tiles, threads); }));
        reads.push_back(seconds([&] {
          const Output out;
          level.read_into(std::span(out.data(), Output::size));
        }));
      }
      std::printf("%7u %-12s %7.0f ms %7.0f ms %8.2f\n", threads, from, 1e3 * median(bounds), 1e3 * median(reads),
                  median(reads) / median(bounds));
      std::fflush(stdout);
    };
    measure("folder", 1, 0ms);
    measure("http", 2, 0ms);
    measure("http, 5 ms", 2, 5ms);
    measure("http, 50 ms", 2, 50ms);
  }
}
