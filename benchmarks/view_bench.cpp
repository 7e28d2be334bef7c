// What it costs that voxels come from a view and not from an array: the same expression over both, 32 x 1024 x 1024
// uint8, the read itself (here a copy from memory) timed apart. CPU time: nothing here waits.
//
//   catvox_bench_view [--quick] [--rounds=N]
//
// Columns: ns per voxel over the array, over the view, for the read alone, and `ratio` = array / (view - read): 1 is as
// fast as in memory, 0.7 the least that is accepted for expressions.

#include <algorithm>
#include <catvox/array/scale_view.hpp>
#include <cstring>
#include <memory>
#include <numeric>
#include <vector>

#include "measure.hpp"

namespace {

using bench::keep;
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
  catvox::LevelGeometry geometry_{catvox::StackFrame{}, {1, 1, 1}, shape};
  catvox::Shape3 chunk_shape_ = {1, 512, 512};
};

/// As a function of its own, compiled without what is around it, for both alike.
template <class F, class A>
[[gnu::noinline]] void evaluate_over(const F& evaluate, const A& array) {
  evaluate(array);
}

/// \param evaluate  called with an array and with a view
template <class F>
void compare(const bench::Table& table, const char* expression, int rounds, F evaluate) {
  static const auto level = std::make_shared<Level>();
  std::vector<double> array, view, read, ratio;
  for (int round = 0; round < rounds; ++round) {
    array.push_back(bench::cost_of([&] { evaluate_over(evaluate, level->voxels()); }).cpu);
    // A new view each time: none of the voxels that the last round left in memory.
    const catvox::ScaleView<Voxel> remote(level);
    view.push_back(bench::cost_of([&] { evaluate_over(evaluate, remote); }).cpu);
    read.push_back(bench::cost_of([&] { keep(catvox::abi::read_region(*level, catvox::abi::ViewLayout(shape))); }).cpu);
    ratio.push_back(array.back() / std::max(1e-12, view.back() - read.back()));
  }
  const auto ns = [](const std::vector<double>& seconds) {
    return bench::fixed(1e9 * bench::median(seconds) / static_cast<double>(catvox::volume(shape)), 2);
  };
  table.row({expression, ns(array), ns(view), ns(read), bench::fixed(bench::median(ratio), 2)});
}

const auto cast_and_scale = [](const auto& a) {
  const xt::xtensor<float, 3> b = xt::cast<float>(a) / 255.f;
  keep(b.data());
};
const auto threshold = [](const auto& a) {
  const xt::xtensor<std::uint8_t, 3> b = xt::where(a > 128, 255, 0);
  keep(b.data());
};
const auto square = [](const auto& a) {
  const xt::xtensor<int, 3> b = a * a;
  keep(b.data());
};
const auto sum_lazy = [](const auto& a) { keep(xt::sum<std::uint64_t>(a)()); };
const auto mean_lazy = [](const auto& a) { keep(xt::mean(a)()); };
const auto sum_first_axis = [](const auto& a) {
  const xt::xtensor<std::uint64_t, 2> b = xt::sum<std::uint64_t>(a, {0});
  keep(b.data());
};
const auto max_last_axis = [](const auto& a) {
  const xt::xtensor<Voxel, 2> b = xt::amax(a, {2});
  keep(b.data());
};
const auto mean_of_composite = [](const auto& a) { keep(xt::mean(xt::cast<float>(a) / 255.f)()); };
const auto iterate = [](const auto& a) { keep(std::accumulate(a.begin(), a.end(), std::uint64_t{0})); };
const auto copy_voxels = [](const auto& a) {
  static std::vector<Voxel> out(a.size());
  std::copy(a.begin(), a.end(), out.begin());
  keep(out.data());
};
const auto step_by_hand = [](const auto& a) {
  std::uint64_t sum = 0;
  for (auto it = a.begin(); it != a.end();) sum += *it++;
  keep(sum);
};
const auto largest = [](const auto& a) { keep(*std::max_element(a.begin(), a.end())); };
const auto column_by_column = [](const auto& a) {
  constexpr auto columns = xt::layout_type::column_major;
  keep(std::accumulate(a.template begin<columns>(), a.template end<columns>(), std::uint64_t{0}));
};
const auto index_every_element = [](const auto& a) {
  std::uint64_t sum = 0;
  for (std::size_t z = 0; z < a.shape(0); ++z) {
    for (std::size_t y = 0; y < a.shape(1); ++y) {
      for (std::size_t x = 0; x < a.shape(2); ++x) sum += a(z, y, x);
    }
  }
  keep(sum);
};

}  // namespace

int main(int argc, char* argv[]) {
  const bench::Arguments arguments(argc, argv, {"rounds"});
  const int rounds = arguments.number("rounds", 7, 1);
  return bench::run([&] {
    const bench::Table table("Expressions over a view, against the same over an array (ns for each voxel)", 28,
                             {"expression", "array", "view", "read alone", "ratio (>= 0.7)"});
    compare(table, "xt::cast<float>(v) / 255", rounds, cast_and_scale);
    compare(table, "threshold", rounds, threshold);
    compare(table, "square", rounds, square);
    compare(table, "xt::sum(v)()", rounds, sum_lazy);
    compare(table, "xt::mean(v)()", rounds, mean_lazy);
    compare(table, "xt::sum(v, {0})", rounds, sum_first_axis);
    compare(table, "xt::amax(v, {2})", rounds, max_last_axis);
    compare(table, "mean of a composite", rounds, mean_of_composite);
    const bench::Table loops("Iterators and elements of a view, against those of an array (ns for each voxel)", 28,
                             {"loop", "array", "view", "read alone", "ratio"});
    compare(loops, "begin() to end() (>= 0.5)", rounds, iterate);
    compare(loops, "std::copy (>= 0.33)", rounds, copy_voxels);
    compare(loops, "*it++ (>= 0.33)", rounds, step_by_hand);
    compare(loops, "std::max_element (>= 0.33)", rounds, largest);
    compare(loops, "column by column (>= 0.5)", rounds, column_by_column);
    compare(loops, "v(z, y, x) (>= 0.125)", rounds, index_every_element);
  });
}
