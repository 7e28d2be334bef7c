// Views with an axis of channels, against an xtensor container of the same voxels that is sliced the same way.
#include <catvox/array/scale_view.hpp>
#include <catvox/core/error.hpp>
#include <cstring>
#include <memory>
#include <string>
#include <xtensor/xview.hpp>

#include "support/catch.hpp"
#include "support/error_of.hpp"

using namespace catvox;
using catvox::test::error_of;
using xt::placeholders::_;

namespace {

constexpr Shape3 shape{5, 6, 7};
constexpr std::int64_t channel_count = 3;

std::uint16_t value(std::int64_t c, std::int64_t z, std::int64_t y, std::int64_t x) {
  return static_cast<std::uint16_t>(c * 1000 + z * 100 + y * 10 + x);
}

// Without a channel it is ten times the first one: a value that no channel has.
class Colours final : public LevelSource {
 public:
  explicit Colours(int level = 0) : level_(level) {}
  [[nodiscard]] int level() const noexcept override { return level_; }
  [[nodiscard]] DType dtype() const noexcept override { return DType::uint16; }
  [[nodiscard]] const LevelGeometry& geometry() const noexcept override { return geometry_; }
  [[nodiscard]] const Shape3& chunk_shape() const noexcept override { return chunks_; }
  [[nodiscard]] std::int64_t channels() const noexcept override { return channel_count; }
  [[nodiscard]] std::shared_ptr<const LevelSource> at_level(int level) const override {
    return std::make_shared<const Colours>(level);
  }
  ReadStatistics read(const Selection3& s, const StridedBytes& out, const ReadOptions&) const override {
    ++reads;
    copy(s, out, [](auto z, auto y, auto x) { return static_cast<std::uint16_t>(10 * value(0, z, y, x)); });
    return {};
  }
  ReadStatistics read_channels(const ChannelSelection& channels, const Selection3& s, const StridedBytes& out,
                               const ReadOptions& options) const override {
    ++reads;
    if (options.stop.stop_requested()) throw Error(Errc::cancelled, "the read was cancelled");
    for (std::int64_t k = 0; k < channels.which.count; ++k) {
      const auto c = channels.which.start + k * channels.which.step;
      REQUIRE((c >= 0 && c < channel_count));
      copy(s, {out.data + k * channels.stride, out.strides}, [c](auto z, auto y, auto x) { return value(c, z, y, x); });
    }
    return {};
  }
  mutable int reads = 0;

 private:
  template <class F>
  static void copy(const Selection3& s, const StridedBytes& out, const F& f) {
    for (std::int64_t i = 0; i < s[0].count; ++i) {
      for (std::int64_t j = 0; j < s[1].count; ++j) {
        for (std::int64_t k = 0; k < s[2].count; ++k) {
          const std::uint16_t v = f(s[0].start + i * s[0].step, s[1].start + j * s[1].step, s[2].start + k * s[2].step);
          std::memcpy(out.data + i * out.strides[0] + j * out.strides[1] + k * out.strides[2], &v, sizeof v);
        }
      }
    }
  }

  int level_;
  LevelGeometry geometry_{{.resolution = {4, 5, 40}, .translation = {100, 200, 300}}, {1, 1, 1}, shape};
  Shape3 chunks_{2, 4, 4};
};

using View = ScaleView<std::uint16_t, 4>;

xt::xtensor<std::uint16_t, 4> all_voxels() {
  xt::xtensor<std::uint16_t, 4> all(std::array<std::size_t, 4>{3, 5, 6, 7});
  for (std::size_t c = 0; c < 3; ++c) {
    for (std::size_t z = 0; z < 5; ++z) {
      for (std::size_t y = 0; y < 6; ++y) {
        for (std::size_t x = 0; x < 7; ++x) {
          all(c, z, y, x) = value(static_cast<std::int64_t>(c), static_cast<std::int64_t>(z),
                                  static_cast<std::int64_t>(y), static_cast<std::int64_t>(x));
        }
      }
    }
  }
  return all;
}

}  // namespace

TEST_CASE("a view of four axes is (c, z, y, x), and its channels lie nowhere", "[view]") {
  const auto source = std::make_shared<const Colours>();
  const View level(source);
  CHECK(level.shape() == std::array<std::size_t, 4>{3, 5, 6, 7});
  CHECK(level.dims() == std::array<std::string_view, 4>{"c", "z", "y", "x"});
  CHECK(level.voxel_size() == std::array<double, 4>{1, 40, 5, 4});
  CHECK(level.coords(0) == std::vector<double>{0, 1, 2});
  CHECK(level.coords(3)[1] == 104);
  CHECK(level.world_to_voxel({104, 205, 380}) == std::array<double, 4>{0, 2, 1, 1});
  CHECK(level.voxel_at({104, 205, 380}) == std::array<std::int64_t, 4>{0, 2, 1, 1});
  CHECK(level.voxel_to_world(std::array<double, 4>{2, 2, 1, 1}) == WorldPoint{104, 205, 380});
  const auto box = level.world({.min = {104, 205, 340}, .max = {112, 210, 420}});
  CHECK(box.shape() == std::array<std::size_t, 4>{3, 2, 1, 2});
  CHECK(source->reads == 0);
  CHECK((box.load() == xt::view(all_voxels(), xt::all(), xt::range(1, 3), xt::range(1, 2), xt::range(1, 3))));
  CHECK(source->reads == 1);
  CHECK(std::string(error_of([&] {
                      (void)level.at_world({104, 205, 380});
                    }).what()) ==
        "at_world: a point has a voxel in each of 3 channels along axis 0: slice() one of them");
  CHECK(level.slice(2).at_world({104, 205, 380}) == value(2, 2, 1, 1));
  CHECK(level.slice(xt::range(1, 2)).at_world({104, 205, 380}) == value(1, 2, 1, 1));
}

TEST_CASE("slices of channels are those of an array", "[view]") {
  const View level(std::make_shared<const Colours>());
  const auto all = all_voxels();
  CHECK((level.load() == all));
  CHECK((level.slice(1).load() == xt::view(all, 1)));
  CHECK((level.slice(-1, 2).load() == xt::view(all, 2, 2)));
  CHECK((level.slice(xt::range(_, _, 2), xt::range(_, _, -2), 3).load() ==
         xt::view(all, xt::range(_, _, 2), xt::range(_, _, -2), 3)));
  const auto turned = level.slice(xt::range(_, _, -1), xt::ellipsis(), xt::range(1, 6, 3));
  CHECK(turned.coords(0) == std::vector<double>{2, 1, 0});
  CHECK((turned.load() == xt::view(all, xt::range(_, _, -1), xt::all(), xt::all(), xt::range(1, 6, 3))));
  CHECK((level.slice(xt::all(), 1, 2, 3).load() == xt::view(all, xt::all(), 1, 2, 3)));
  CHECK((level.transpose({3, 0, 2, 1}).load() == xt::transpose(all, {3, 0, 2, 1})));
  CHECK((level.slice(xt::newaxis(), 1, 2).load() == xt::view(all, xt::newaxis(), 1, 2)));
  CHECK(level.transpose({1, 2, 3, 0}).dims() == std::array<std::string_view, 4>{"z", "y", "x", "c"});
  xt::xtensor<std::uint16_t, 4> last(std::array<std::size_t, 4>{5, 6, 7, 3}, 0);
  level.transpose({1, 2, 3, 0}).read_into(last);
  CHECK((last == xt::transpose(all, {1, 2, 3, 0})));
  CHECK(level.slice(xt::range(1, 1)).load().size() == 0);
  CHECK(std::string(error_of([&] { (void)level.slice(3); }).what()) ==
        "slice: index 3 is out of range for axis 0 with 3 voxels");
}

TEST_CASE("one channel is a view of three axes, and what is no channel is none", "[view]") {
  const auto source = std::make_shared<const Colours>();
  const ScaleView<std::uint16_t> green(source, 1);
  const auto all = all_voxels();
  CHECK(green.dims() == std::array<std::string_view, 3>{"z", "y", "x"});
  CHECK((green.load() == xt::view(all, 1)));
  CHECK((green.rescale(0).load() == xt::view(all, 1)));
  CHECK((green.cast<float>().load() == xt::view(all, 1)));
  CHECK(green.at(4, 5, 6) == value(1, 4, 5, 6));
  const ScaleView<std::uint16_t> plain(source);
  CHECK(plain.at(4, 5, 6) == 10 * value(0, 4, 5, 6));
  CHECK(error_of([&] { (void)ScaleView<std::uint16_t>(source, 3); }).code() == Errc::not_found);
  CHECK(std::string(error_of([&] { (void)ScaleView<std::uint16_t>(source, -1); }).what()) ==
        "level 0 has no channel -1, but 3 channels");
  CHECK(std::string(error_of([&] { (void)ScaleView<std::uint8_t, 4>(source); }).what()) ==
        "cannot view level 0 as uint8: its voxels are uint16");
}

TEST_CASE("windows of channels stick out of space alone", "[view]") {
  const View level(std::make_shared<const Colours>());
  const auto all = all_voxels();
  const auto window = level.slice(xt::range(1, 3)).window({.min = {-1, 4, 5}, .max = {2, 7, 9}}, 7);
  REQUIRE(window.shape() == std::array<std::size_t, 4>{2, 3, 3, 4});
  xt::xtensor<std::uint16_t, 4> expected(std::array<std::size_t, 4>{2, 3, 3, 4}, 7);
  xt::view(expected, xt::all(), xt::range(1, 3), xt::range(0, 2), xt::range(0, 2)) =
      xt::view(all, xt::range(1, 3), xt::range(0, 2), xt::range(4, 6), xt::range(5, 7));
  CHECK((window.load() == expected));
  const auto cube = level.cube_around({104, 205, 380}, {1, 3, 3}, 9);
  CHECK((cube.load() == xt::view(all, xt::all(), xt::range(2, 3), xt::range(0, 3), xt::range(0, 3))));
  CHECK(ScaleView<std::uint16_t>(std::make_shared<const Colours>(), 2)
            .window({{4, 5, 6}, {6, 6, 7}}, 3)
            .load()(1, 0, 0) == 3);
  CHECK(std::string(error_of([&] { (void)level.slice(1, xt::newaxis()).window({}); }).what()) ==
        "window: the view has 4 axes beside channels, a box is of 3");
}

TEST_CASE("expressions over channels read each view once", "[view]") {
  const auto source = std::make_shared<const Colours>();
  const View level(source);
  const auto all = all_voxels();
  CHECK((xt::xtensor<std::uint64_t, 3>(xt::sum(level, {0})) == xt::sum(xt::cast<std::uint64_t>(all), {0})));
  CHECK(source->reads == 1);
  xt::xtensor<float, 4> halves = xt::cast<float>(level) / 2.f;
  CHECK((halves == xt::cast<float>(all) / 2.f));
  CHECK(source->reads == 2);
  CHECK(std::equal(level.begin(), level.end(), all.begin()));
  CHECK(level(2, 4, 5, 6) == value(2, 4, 5, 6));
  CHECK(level.at(1, 0, 0, 3) == value(1, 0, 0, 3));
  CHECK((level.cast<double>().load() == all));
  const auto kept = xt::view(level, xt::keep(0, 2), 1, xt::all(), xt::all());
  CHECK((xt::xtensor<std::uint16_t, 3>(kept) == xt::view(all, xt::keep(0, 2), 1, xt::all(), xt::all())));
  std::stop_source stop;
  stop.request_stop();
  CHECK(error_of([&] { (void)level.with({.stop = stop.get_token()}).load(); }).code() == Errc::cancelled);
}

TEST_CASE("parts of a view keep its channels together", "[view]") {
  const View level(std::make_shared<const Colours>());
  CHECK(level.chunk_shape() == std::array<std::size_t, 4>{3, 2, 4, 4});
  xt::xtensor<std::uint16_t, 4> gathered(std::array<std::size_t, 4>{3, 5, 6, 7}, 0);
  std::size_t voxels = 0;
  for (const auto& block : level.blocks({5, 4, 4, 100})) {
    const auto at = block.coords(1)[0], row = block.coords(2)[0], column = block.coords(3)[0];
    const auto z = static_cast<std::size_t>((at - 300) / 40), y = static_cast<std::size_t>((row - 200) / 5),
               x = static_cast<std::size_t>((column - 100) / 4);
    xt::view(gathered, xt::all(), xt::range(z, z + block.shape()[1]), xt::range(y, y + block.shape()[2]),
             xt::range(x, x + block.shape()[3])) = block.load();
    voxels += block.size();
  }
  CHECK(voxels == 3 * 5 * 6 * 7);
  CHECK((gathered == all_voxels()));
  CHECK(level.part(0, 2).shape()[0] == 3);
  CHECK(std::string(error_of([&] {
                      (void)level.blocks({2, 4, 4, 4});
                    }).what()) ==
        "blocks: a block holds all of the view's 3 channels, 2 were asked for: slice() them first");
}
