// Large N5 blocks from a server that answers late: what holds a read up is neither waiting for each answer in turn nor
// memory, which is bounded. Each read is the first in a process of its own, at the default settings.
//
//   catvox_bench_late_blocks [--quick] [--rounds=N]
//   catvox_bench_late_blocks --serve=MILLISECONDS
//
// waiting  ceil(blocks / 64 connections) x delay
// server   libcurl alone, which fetches the same blocks on 64 connections and drops what comes: the server's own pace
// decode   decompressing the blocks from memory, on every core: the library's call alone
// cores    the first answer's delay, and then the CPU time of all that (server and decoding, and the kernel's clearing of the
//          output) spread over the cores: the server runs on them, too
// memory   the largest resident set during the read (VmHWM), less the one before it, the output and what the cache holds
//
// --serve serves the first row's volume, N5 at the URL that it prints, until its input ends: for other programs to read.

#include <curl/curl.h>
#include <sys/wait.h>
#include <zstd.h>

#include <catvox/catmaid/stack.hpp>
#include <chrono>
#include <cstring>
#include <functional>
#include <iostream>
#include <memory>
#include <span>
#include <stdexcept>

#include "delay_server.hpp"
#include "measure.hpp"
#include "n5_blocks.hpp"

namespace {

using namespace bench;
using catvox::Shape3;
using std::chrono::milliseconds;

struct Volume {
  const char* name;
  Shape3 block;  // zyx
  Shape3 grid;
  milliseconds delay;
  const char* time_target;
  const char* memory_target;

  [[nodiscard]] std::int64_t blocks() const { return catvox::volume(grid); }
  [[nodiscard]] std::size_t block_bytes() const { return static_cast<std::size_t>(catvox::volume(block)); }
  [[nodiscard]] Shape3 shape() const { return {block[0] * grid[0], block[1] * grid[1], block[2] * grid[2]}; }
};

constexpr std::size_t distinct = 4;  // blocks that are made; the others repeat them

std::vector<std::string> block_files(const Volume& volume) {
  std::vector<std::string> files;
  for (const Bytes& block : em_blocks(volume.block, distinct)) {
    files.push_back(block_file(volume.block, compress(catvox::detail::Compression::zstd, block, 1)));
  }
  return files;
}

class Served {
 public:
  explicit Served(const Volume& volume)
      : volume_(volume),
        files_(block_files(volume)),
        attributes_(
            n5_attributes(volume.shape(), volume.block, catvox::DType::uint8, catvox::detail::Compression::zstd)) {}

  [[nodiscard]] const std::string& file(std::int64_t i) const { return files_[static_cast<std::size_t>(i) % distinct]; }

  // "/v/s0/attributes.json", "/v/s0/x/y/z"
  [[nodiscard]] std::span<const std::byte> at(std::string_view path) const {
    if (path.ends_with("attributes.json")) return std::as_bytes(std::span(attributes_));
    const auto end = path.rfind('/');
    if (!path.starts_with("/v/s0/") || end == path.npos) return {};
    return std::as_bytes(std::span(file(std::atoi(std::string(path.substr(end + 1)).c_str()))));
  }

  [[nodiscard]] catvox::StackInfo info(const std::string& server) const {
    catvox::StackInfo info;
    info.stitle = "late";
    const auto [z, y, x] = volume_.shape();
    info.dimension = {x, y, z};
    info.num_zoom_levels = 0;
    info.mirrors.push_back({1, "late", server + "v/%SCALE_DATASET%/0_1_2", 64, 64, 11, "", 0});
    return info;
  }

 private:
  const Volume volume_;
  const std::vector<std::string> files_;
  const std::string attributes_;
};

std::size_t drop(char*, std::size_t size, std::size_t count, void*) { return size * count; }

// Fetches every block on 64 connections by libcurl alone.
void fetch_by_libcurl(const Volume& volume, const std::string& server) {
  constexpr int connections = 64;
  CURLM* const multi = curl_multi_init();
  std::vector<CURL*> handles;
  std::int64_t next = 0;
  const auto begin = [&](CURL* handle) {
    const auto [layers, rows, columns] = volume.grid;
    const std::string url = server + "v/s0/" + std::to_string(next % columns) + '/' +
                            std::to_string(next / columns % rows) + '/' + std::to_string(next / columns / rows);
    ++next;
    curl_easy_setopt(handle, CURLOPT_URL, url.c_str());
    curl_multi_add_handle(multi, handle);
  };
  for (int i = 0; i < connections && next < volume.blocks(); ++i) {
    CURL* const handle = curl_easy_init();
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, drop);
    curl_easy_setopt(handle, CURLOPT_BUFFERSIZE, 65536L);
    handles.push_back(handle);
    begin(handle);
  }
  for (int running = 1; running > 0;) {
    curl_multi_perform(multi, &running);
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi, &left)) {
      CURL* const handle = message->easy_handle;
      if (message->data.result != CURLE_OK) throw std::runtime_error("libcurl failed");
      curl_multi_remove_handle(multi, handle);
      if (next == volume.blocks()) continue;
      begin(handle);
      running = 1;
    }
    if (running > 0) curl_multi_poll(multi, nullptr, 0, 1000, nullptr);
  }
  for (CURL* const handle : handles) curl_easy_cleanup(handle);
  curl_multi_cleanup(multi);
}

struct Measured {
  double server = 0, decode = 0, cores = 0, read = 0;
  std::int64_t memory = 0;
  std::int64_t requests = 0;
};

Measured measure(const Volume& volume, const Served& served) {
  DelayServer server([&](std::string_view path) { return served.at(path); });
  server.set_delay(volume.delay);
  Measured result;
  const auto voxels = catvox::volume(volume.shape());
  {
    const std::int64_t before = resident_bytes();
    const Output out(voxels);
    reset_peak();
    const catvox::Stack stack(served.info(server.url("/")));
    const auto level = stack.scale<std::uint8_t>(0);
    result.read = cost_of([&] { level.read_into(std::span(out.data(), out.size())); }).wall;
    result.memory = peak_bytes() - before - voxels - static_cast<std::int64_t>(stack.cache_statistics().bytes);
    result.requests = server.requests() - 1;
  }
  const Cost fetching = cost_of([&] { fetch_by_libcurl(volume, server.url("/")); });
  const Cost decoding = cost_of([&] {
    in_parallel(cores(), volume.blocks(), [&](std::int64_t i) {
      static thread_local std::vector<char> scratch(volume.block_bytes());
      const std::string& file = served.file(i);
      ZSTD_decompress(scratch.data(), scratch.size(), file.data() + 16, file.size() - 16);
    });
  });
  const Output out(voxels);
  const Cost clearing = cost_of([&] { std::memset(out.data(), 0, out.size()); });
  result.server = fetching.wall;
  result.decode = decoding.wall;
  result.cores = std::chrono::duration<double>(volume.delay).count() +
                 (fetching.cpu + decoding.cpu + clearing.cpu) / static_cast<double>(cores());
  return result;
}

/// Runs in a new process: the parent has one thread.
Measured in_new_process(const std::function<Measured()>& work) {
  int ends[2];
  if (::pipe(ends) != 0) throw std::runtime_error("no pipe");
  std::fflush(stdout);
  const pid_t child = ::fork();
  if (child == 0) {
    const int code = run([&] {
      const Measured result = work();
      if (::write(ends[1], &result, sizeof result) != sizeof result) throw std::runtime_error("the pipe is broken");
    });
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

void measure(const Table& table, const Volume& volume, int rounds) {
  const Served served(volume);
  std::vector<double> server, decode, cores, read, ratio, memory;
  std::int64_t requests = 0;
  for (int round = 0; round < rounds; ++round) {
    const Measured got = in_new_process([&] { return measure(volume, served); });
    server.push_back(got.server);
    decode.push_back(got.decode);
    cores.push_back(got.cores);
    read.push_back(got.read);
    ratio.push_back(got.read / std::max(got.server, got.cores));
    memory.push_back(static_cast<double>(got.memory) / (1 << 20));
    requests = std::max(requests, got.requests);
  }
  const double ideal =
      static_cast<double>((volume.blocks() + 63) / 64) * std::chrono::duration<double>(volume.delay).count();
  table.row({volume.name, std::to_string(served.file(0).size() / 1000), std::to_string(requests), in_ms(ideal),
             in_ms(median(server)), in_ms(median(decode)), in_ms(median(cores)), in_ms(median(read)),
             fixed(median(ratio), 2), volume.time_target, fixed(median(memory), 1), volume.memory_target});
}

}  // namespace

int main(int argc, char* argv[]) {
  const Arguments arguments(argc, argv, {"rounds", "serve"});
  const int rounds = arguments.number("rounds", 5, 1);
  return run([&] {
    const std::vector<Volume> volumes{
        {"256 of 128 x 128 x 64, 50 ms", {64, 128, 128}, {4, 8, 8}, milliseconds(50), "", "<= 24"},
        {"64 of 256 x 256 x 64, 100 ms", {64, 256, 256}, {4, 4, 4}, milliseconds(100), "<= 1.25", "<= 48"},
        {"1024 of 64 x 64 x 64, 50 ms", {64, 64, 64}, {4, 16, 16}, milliseconds(50), "", ""},
    };
    if (const int delay = arguments.number("serve", 0, 0); delay > 0) {
      const Served served(volumes[0]);
      DelayServer server([&](std::string_view path) { return served.at(path); });
      server.set_delay(milliseconds(delay));
      std::cout << server.url("/v/s0") << std::endl;
      for (std::string line; std::getline(std::cin, line);) {
      }
      return;
    }
    const Table table(
        "N5 blocks in zstd from a server that answers late", 30,
        {"blocks, delay", "KB each", "requests", "waiting ms", "server ms", "decode ms", "cores ms", "read ms",
         "read / larger of server and cores", "target", "MiB beside output and cache", "target"});
    for (const Volume& volume : volumes) {
      measure(table, volume, rounds);
      if (arguments.quick()) return;
    }
  });
}
