// What it costs that voxels come from a view and not from an array: the same expression over both, 32 x 1024 x 1024
// uint8, the read itself (here a copy from memory) timed apart.
//
// Columns: ns per voxel over the array, over the view, for the read alone, and `ratio` = array / (view - read): 1 is as
// fast as in memory, 0.7 the least that is accepted for expressions.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <catvox/view/scale_view.hpp>
#include <cstring>
#include <ctime>
#include <memory>
#include <numeric>

namespace {

using Voxel = std::uint8_t;
constexpr catvox::Shape3 shape = {32, 1024, 1024};

/// A level in memory: a read copies rows.
class Level : public catvox::LevelSource {
 public:
  Level() : voxels_({32, 1024, 1024}) {
    Voxel* voxel = voxels_.data();
    for (std::size_t i = 0; i < voxels_.size(); ++i) voxel[i] = static_cast<Voxel>(i * 2654435761U >> 24);
  }

  [[nodiscard]] const xt::xtensor<Voxel, 3>& voxels() const { return voxels_; }
  [[nodiscard]] int level() const noexcept override { return 0; }
  [[nodiscard]] catvox::DType dtype() const noexcept override { return catvox::DType::uint8; }
  [[nodiscard]] const catvox::LevelGeometry& geometry() const noexcept override { return geometry_; }
  [[nodiscard]] const catvox::Shape3& chunk_shape() const noexcept override { return chunk_shape_; }
  [[nodiscard]] std::shared_ptr<const LevelSource> at_level(int) const override { return nullptr; }

  catvox::ReadStatistics read(const catvox::Selection3& s, const catvox::StridedBytes& out,
                              const catvox::ReadOptions&) const override {
    for (std::int64_t z = 0; z < s[0].count; ++z) {
      for (std::int64_t y = 0; y < s[1].count; ++y) {
        const Voxel* row =
            voxels_.data() + ((s[0].start + z * s[0].step) * shape[1] + s[1].start + y * s[1].step) * shape[2];
        std::byte* to = out.data + z * out.strides[0] + y * out.strides[1];
        if (s[2].step == 1 && out.strides[2] == 1) {
          std::memcpy(to, row + s[2].start, static_cast<std::size_t>(s[2].count));
        } else {
          for (std::int64_t x = 0; x < s[2].count; ++x) {
            to[x * out.strides[2]] = static_cast<std::byte>(row[s[2].start + x * s[2].step]);
          }
        }
      }
    }
    return {};
  }

 private:
  xt::xtensor<Voxel, 3> voxels_;
  catvox::LevelGeometry geometry_{catvox::StackInfo{}, {1, 1, 1}, shape};
  catvox::Shape3 chunk_shape_ = {1, 512, 512};
};

/// CPU time: nothing here waits, and other programs do not count.
template <class F>
double seconds(F&& f) {
  const std::clock_t start = std::clock();
  f();
  return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
}

/// \param evaluate  called with an array and with a view
template <class F>
void compare(benchmark::State& state, F evaluate) {
  static const auto level = std::make_shared<Level>();
  double array = 0, view = 0, read = 0;
  for ([[maybe_unused]] auto iteration : state) {
    array += seconds([&] { evaluate(level->voxels()); });
    // A new view each time: none of the voxels that the last round left in memory.
    const catvox::ScaleView<Voxel> remote(level);
    view += seconds([&] { evaluate(remote); });
    read += seconds([&] { benchmark::DoNotOptimize(catvox::read_region(*level, catvox::ViewLayout(shape))); });
  }
  const auto voxels = static_cast<double>(state.iterations()) * static_cast<double>(level->voxels().size());
  state.counters["array_ns"] = 1e9 * array / voxels;
  state.counters["view_ns"] = 1e9 * view / voxels;
  state.counters["read_ns"] = 1e9 * read / voxels;
  state.counters["ratio"] = array / std::max(1e-12, view - read);
}

const auto cast_and_scale = [](const auto& a) {
  const xt::xtensor<float, 3> b = xt::cast<float>(a) / 255.f;
  benchmark::DoNotOptimize(b.data());
};
const auto threshold = [](const auto& a) {
  const xt::xtensor<std::uint8_t, 3> b = xt::where(a > 128, 255, 0);
  benchmark::DoNotOptimize(b.data());
};
const auto square = [](const auto& a) {
  const xt::xtensor<int, 3> b = a * a;
  benchmark::DoNotOptimize(b.data());
};
const auto sum_lazy = [](const auto& a) { benchmark::DoNotOptimize(xt::sum<std::uint64_t>(a)()); };
const auto mean_lazy = [](const auto& a) { benchmark::DoNotOptimize(xt::mean(a)()); };
const auto sum_first_axis = [](const auto& a) {
  const xt::xtensor<std::uint64_t, 2> b = xt::sum<std::uint64_t>(a, {0});
  benchmark::DoNotOptimize(b.data());
};
const auto max_last_axis = [](const auto& a) {
  const xt::xtensor<Voxel, 2> b = xt::amax(a, {2});
  benchmark::DoNotOptimize(b.data());
};
const auto mean_of_composite = [](const auto& a) { benchmark::DoNotOptimize(xt::mean(xt::cast<float>(a) / 255.f)()); };
const auto iterate = [](const auto& a) {
  benchmark::DoNotOptimize(std::accumulate(a.begin(), a.end(), std::uint64_t{0}));
};
const auto index_every_element = [](const auto& a) {
  std::uint64_t sum = 0;
  for (std::size_t z = 0; z < a.shape(0); ++z) {
    for (std::size_t y = 0; y < a.shape(1); ++y) {
      for (std::size_t x = 0; x < a.shape(2); ++x) sum += a(z, y, x);
    }
  }
  benchmark::DoNotOptimize(sum);
};

void copy(benchmark::State& state) {
  compare(state, [](const auto& a) {
    const xt::xtensor<Voxel, 3> b = a;
    benchmark::DoNotOptimize(b.data());
  });
}
BENCHMARK(copy)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_CAPTURE(compare, cast_and_scale, cast_and_scale)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(compare, threshold, threshold)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(compare, square, square)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(compare, sum_lazy, sum_lazy)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(compare, mean_lazy, mean_lazy)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(compare, sum_first_axis, sum_first_axis)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(compare, max_last_axis, max_last_axis)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(compare, mean_of_composite, mean_of_composite)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(compare, iterate, iterate)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(compare, index_every_element, index_every_element)->Unit(benchmark::kMillisecond);

BENCHMARK_MAIN();
