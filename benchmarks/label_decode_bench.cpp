// What decoding a chunk of 64^3 labels costs into an array of 512 x 512 x 64, on one thread, beside a copy of the voxels.

#include <benchmark/benchmark.h>

#include <catvox/core/box.hpp>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

#include "codec/compressed_segmentation.hpp"
#include "codec/compresso.hpp"
#include "support/label_writers.hpp"

namespace {

using namespace catvox;

constexpr std::int64_t side = 64, array_side = 512;
constexpr Shape3 shape{side, side, side};

/// Slanted cells of some 20 voxels: of blocks of 8^3 a third has one label, a third two, the others up to four.
template <class U>
std::vector<U> labels() {
  std::vector<U> made;
  for (std::int64_t i = 0; i < volume(shape); ++i) {
    const std::int64_t x = i % side, y = i / side % side, z = i / side / side;
    const std::int64_t cell = (x + y / 3) / 21 + 7 * ((y + z / 4) / 23) + 49 * ((z + x / 5) / 27);
    made.push_back(static_cast<U>(1 + static_cast<std::uint64_t>(cell) * 0x0001000300070001u % 0xffffff00u));
  }
  return made;
}

/// A large array, chunks side by side: each decode goes to the next, so that its lines are not in the caches.
template <class U>
class Array {
 public:
  Array() : memory_(static_cast<std::byte*>(std::aligned_alloc(2 << 20, bytes())), std::free) {
    std::memset(memory_.get(), 1, bytes());
  }
  StridedBytes next() {
    constexpr auto item = static_cast<std::int64_t>(sizeof(U));
    constexpr std::int64_t row = array_side * item;
    number_ = (number_ + 1) % 64;
    return {memory_.get() + number_ % 8 * side * item + number_ / 8 * side * row, {array_side * row, row, item}};
  }

 private:
  static constexpr std::size_t bytes() { return array_side * array_side * side * sizeof(U); }
  std::unique_ptr<std::byte, decltype(&std::free)> memory_;
  std::int64_t number_ = 0;
};

template <class U, class Decode>
void run(benchmark::State& state, const Decode& decode) {
  Array<U> array;
  for (auto _ : state) decode(array.next());
  state.SetBytesProcessed(state.iterations() * volume(shape) * static_cast<std::int64_t>(sizeof(U)));
}

template <class U>
void copy(benchmark::State& state) {
  const std::vector<U> from = labels<U>();
  run<U>(state, [&](const StridedBytes& out) {
    for (std::int64_t row = 0; row < side * side; ++row) {
      std::memcpy(out.data + row / side * out.strides[0] + row % side * out.strides[1], from.data() + row * side,
                  side * sizeof(U));
    }
  });
}

template <class U>
void compressed_segmentation(benchmark::State& state) {
  const auto words = catvox::test::compressed_segmentation<U>(labels<U>(), shape, {8, 8, 8});
  const detail::SegmentationChunk chunk{sizeof(U), 1, shape, {8, 8, 8}};
  run<U>(state, [&](const StridedBytes& out) {
    detail::decode_compressed_segmentation(std::as_bytes(std::span(words)), chunk, 0, {{0, 0, 0}, shape}, out);
  });
}

template <class U>
void compresso(benchmark::State& state) {
  const auto chunk = catvox::test::compresso<U>(labels<U>(), shape);
  run<U>(state, [&](const StridedBytes& out) { detail::decode_compresso(chunk, sizeof(U), shape, out); });
}

BENCHMARK_TEMPLATE(copy, std::uint32_t);
BENCHMARK_TEMPLATE(copy, std::uint64_t);
BENCHMARK_TEMPLATE(compressed_segmentation, std::uint32_t);
BENCHMARK_TEMPLATE(compressed_segmentation, std::uint64_t);
BENCHMARK_TEMPLATE(compresso, std::uint32_t);
BENCHMARK_TEMPLATE(compresso, std::uint64_t);

}  // namespace

BENCHMARK_MAIN();
