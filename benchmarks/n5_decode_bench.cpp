// What decoding an N5 block costs beside what it cannot do without: the library's own call on the same payload, and one
// copy of the voxels. All on one thread, 64^3 blocks, into an array of 512 x 512 x 64.

#include <benchmark/benchmark.h>
#include <libdeflate.h>
#include <lz4.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <new>
#include <random>
#include <string>
#include <vector>

#include "format/n5/n5_block.hpp"

namespace {

using namespace catvox;
using namespace catvox::detail;

using Bytes = std::vector<std::byte>;

constexpr std::int64_t side = 64;
constexpr std::int64_t array_side = 512;
constexpr Shape3 block_shape{side, side, side};

/// EM-like for one byte (a smooth field with noise), labels for eight (long runs of a few numbers), as a block holds
/// them: big-endian.
Bytes voxels(DType dtype) {
  std::mt19937 random(1);
  std::normal_distribution<double> noise(0, 20);
  Bytes bytes;
  for (std::int64_t i = 0; i < side * side * side; ++i) {
    const std::int64_t x = i % side, y = i / side % side, z = i / side / side;
    if (dtype == DType::uint8) {
      const double grey =
          128 + 40 * std::sin(0.1 * static_cast<double>(x)) * std::cos(0.13 * static_cast<double>(y)) + noise(random);
      bytes.push_back(static_cast<std::byte>(std::clamp(grey, 0.0, 255.0)));
    } else {
      const std::uint64_t label = static_cast<std::uint64_t>((x + y / 2) / 17 + 5 * ((y + z) / 23)) * 0x0101010101u;
      for (int byte = 8; byte-- > 0;) bytes.push_back(static_cast<std::byte>(label >> (8 * byte) & 0xff));
    }
  }
  return bytes;
}

Bytes compress(Compression compression, const Bytes& from) {
  if (compression == Compression::raw) return from;
  Bytes to(from.size() + from.size() / 8 + 100);
  std::size_t size = 0;
  if (compression == Compression::gzip) {
    libdeflate_compressor* const compressor = libdeflate_alloc_compressor(6);
    size = libdeflate_gzip_compress(compressor, from.data(), from.size(), to.data(), to.size());
    libdeflate_free_compressor(compressor);
  } else {
    size = static_cast<std::size_t>(LZ4_compress_default(reinterpret_cast<const char*>(from.data()),
                                                         reinterpret_cast<char*>(to.data()),
                                                         static_cast<int>(from.size()), static_cast<int>(to.size())));
  }
  to.resize(size);
  return to;
}

struct Fixture {
  explicit Fixture(const benchmark::State& state)
      : dtype(static_cast<DType>(state.range(0))),
        compression(static_cast<Compression>(state.range(1))),
        decoded(voxels(dtype)),
        payload(compress(compression, decoded)),
        array(static_cast<std::size_t>(array_side * array_side * side) * item_size(dtype), std::byte{1}) {
    for (const int byte : {0, 0, 0, 3, 0, 0, 0, 64, 0, 0, 0, 64, 0, 0, 0, 64})
      block.push_back(static_cast<std::byte>(byte));
    block.insert(block.end(), payload.begin(), payload.end());
  }

  /// The library's own call, alone.
  void run_library(libdeflate_decompressor* gzip) {
    if (compression == Compression::gzip) {
      libdeflate_gzip_decompress(gzip, payload.data(), payload.size(), decoded.data(), decoded.size(), nullptr);
    } else if (compression == Compression::lz4) {
      LZ4_decompress_safe(reinterpret_cast<const char*>(payload.data()), reinterpret_cast<char*>(decoded.data()),
                          static_cast<int>(payload.size()), static_cast<int>(decoded.size()));
    }
  }

  [[nodiscard]] StridedBytes target() {
    const auto item = static_cast<std::int64_t>(item_size(dtype));
    return {array.data(), {array_side * array_side * item, array_side * item, item}};
  }

  DType dtype;
  Compression compression;
  Bytes decoded;
  Bytes payload;
  Bytes array;
  Bytes block;
};

void finish(benchmark::State& state, const Fixture& fixture) {
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(fixture.decoded.size()));
  state.SetLabel(std::string(name(fixture.dtype)) + " " + std::string(name(fixture.compression)));
}

/// The bound: decompress the payload and copy the voxels, row by row, once.
void bound(benchmark::State& state) {
  Fixture fixture(state);
  libdeflate_decompressor* const gzip = libdeflate_alloc_decompressor();
  const StridedBytes out = fixture.target();
  const auto row = static_cast<std::size_t>(side * out.strides[2]);
  for (auto _ : state) {
    fixture.run_library(gzip);
    const std::byte* from = fixture.decoded.data();
    for (std::int64_t z = 0; z < side; ++z) {
      for (std::int64_t y = 0; y < side; ++y, from += row)
        std::memcpy(out.data + z * out.strides[0] + y * out.strides[1], from, row);
    }
    benchmark::ClobberMemory();
  }
  libdeflate_free_decompressor(gzip);
  finish(state, fixture);
}

void library(benchmark::State& state) {
  Fixture fixture(state);
  libdeflate_decompressor* const gzip = libdeflate_alloc_decompressor();
  for (auto _ : state) {
    fixture.run_library(gzip);
    benchmark::ClobberMemory();
  }
  libdeflate_free_decompressor(gzip);
  finish(state, fixture);
}

void wrapper(benchmark::State& state) {
  Fixture fixture(state);
  for (auto _ : state) {
    decompress(fixture.compression, fixture.payload, fixture.decoded);
    benchmark::ClobberMemory();
  }
  finish(state, fixture);
}

void decode(benchmark::State& state, std::array<std::size_t, 3> axes) {
  Fixture fixture(state);
  const N5Attributes attributes{{side, side, side}, {side, side, side}, fixture.dtype, fixture.compression};
  for (auto _ : state) {
    decode_n5_block(attributes, axes, fixture.block, {{0, 0, 0}, block_shape}, fixture.target());
    benchmark::ClobberMemory();
  }
  finish(state, fixture);
}

void dtypes_and_compressions(benchmark::internal::Benchmark* benchmark,
                             std::initializer_list<Compression> compressions) {
  for (const DType dtype : {DType::uint8, DType::uint64}) {
    for (const Compression compression : compressions) {
      benchmark->Args({static_cast<std::int64_t>(dtype), static_cast<std::int64_t>(compression)});
    }
  }
}

void all(benchmark::internal::Benchmark* b) {
  dtypes_and_compressions(b, {Compression::raw, Compression::gzip, Compression::lz4});
}
void compressed(benchmark::internal::Benchmark* b) {
  dtypes_and_compressions(b, {Compression::gzip, Compression::lz4});
}

BENCHMARK(library)->Apply(compressed);
BENCHMARK(wrapper)->Apply(compressed);
BENCHMARK(bound)->Apply(all);
BENCHMARK_CAPTURE(decode, 0_1_2, std::array<std::size_t, 3>{2, 1, 0})->Apply(all);
BENCHMARK_CAPTURE(decode, 1_0_2, std::array<std::size_t, 3>{2, 0, 1})->Apply(all);
BENCHMARK_CAPTURE(decode, 2_1_0, std::array<std::size_t, 3>{0, 1, 2})->Apply(all);

}  // namespace

BENCHMARK_MAIN();
