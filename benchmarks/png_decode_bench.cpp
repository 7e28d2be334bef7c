// How fast decode_grey8() is on 8-bit grey PNG tiles, against libpng decoding the same bytes, on one thread into memory
// that is already there. Rounds alternate between the two; medians of the thread's CPU time.
//
//   catvox_bench_png_decode [file.png …]
//
// Without files, on made-up electron micrographs of 512 x 512 and 1024 x 1024, as libpng writes them.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <vector>

#include "codec/image.hpp"
#include "demo_instance/em_texture.hpp"
#include "support/libpng_grey8.hpp"
#include "support/png.hpp"

namespace {

using namespace catvox;
using namespace catvox::detail;

constexpr int rounds = 15;
constexpr std::int64_t pixels_per_round = 4 << 20;

struct Tile {
  std::string name;
  ImageSize size;
  std::string encoded;
};

Tile made_up(std::int64_t side) {
  const tools::Section section = tools::em_section(0, side, side);
  return {"made up",
          {side, side},
          test::grey_png(section.pixels, static_cast<std::uint32_t>(side), static_cast<std::uint32_t>(side))};
}

Tile file(const std::string& name) {
  std::ifstream stream(name, std::ios::binary);
  const std::string encoded{std::istreambuf_iterator<char>(stream), {}};
  const auto big_endian = [&](std::size_t at) {
    std::int64_t value = 0;
    for (std::size_t i = at; i < at + 4; ++i) value = value << 8 | static_cast<unsigned char>(encoded.at(i));
    return value;
  };
  return {name.substr(name.rfind('/') + 1), {big_endian(20), big_endian(16)}, encoded};
}

template <class Decode>
double cpu_seconds(std::int64_t repeats, Decode decode) {
  const auto now = [] {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
  };
  const double start = now();
  for (std::int64_t i = 0; i < repeats; ++i) decode();
  return (now() - start) / static_cast<double>(repeats);
}

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

void measure(const Tile& tile) {
  const std::int64_t pixels = tile.size.height * tile.size.width;
  const auto bytes = std::as_bytes(std::span(tile.encoded));
  std::vector<std::uint8_t> ours(static_cast<std::size_t>(pixels));
  std::vector<std::uint8_t> libpngs(ours.size());
  const auto decode = [&] {
    decode_grey8(bytes, tile.size, {0, 0, tile.size.height, tile.size.width}, 0, ours.data(), tile.size.width);
  };
  const auto decode_by_libpng = [&] { test::read_grey8_by_libpng(bytes, tile.size, libpngs.data()); };
  decode();
  decode_by_libpng();
  if (ours != libpngs) {
    std::fprintf(stderr, "%s: the pixels differ\n", tile.name.c_str());
    std::exit(1);
  }

  const std::int64_t repeats = std::max<std::int64_t>(1, pixels_per_round / pixels);
  std::vector<double> our_seconds, libpng_seconds, ratios;
  for (int round = 0; round < rounds; ++round) {
    our_seconds.push_back(cpu_seconds(repeats, decode));
    libpng_seconds.push_back(cpu_seconds(repeats, decode_by_libpng));
    ratios.push_back(libpng_seconds.back() / our_seconds.back());
  }
  const double megapixels = 1e-6 * static_cast<double>(pixels);
  std::printf("%-16s %5lld x %-5lld %10.2f %12.0f %12.0f %10.2f\n", tile.name.c_str(),
              static_cast<long long>(tile.size.width), static_cast<long long>(tile.size.height),
              static_cast<double>(tile.encoded.size()) / static_cast<double>(pixels),
              megapixels / median(libpng_seconds), megapixels / median(our_seconds), median(ratios));
}

}  // namespace

int main(int count, char** arguments) {
  std::vector<Tile> tiles;
  for (int i = 1; i < count; ++i) tiles.push_back(file(arguments[i]));
  if (tiles.empty()) tiles = {made_up(512), made_up(1024)};
  std::printf("%-16s %13s %10s %12s %12s %10s\n", "tile", "pixels", "bytes/px", "libpng MP/s", "catvox MP/s",
              "x libpng");
  for (const Tile& tile : tiles) measure(tile);
}
