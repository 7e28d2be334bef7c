// Tests code that reads a stack without a server: its view stands on a level of one's own.
//
//   test_without_server

#include <catvox/catvox.hpp>
#include <cstdio>
#include <memory>
#include <xtensor/xmath.hpp>
#include <xtensor/xsort.hpp>

// The code under test: the brightest section of a level.
template <class View>
std::size_t brightest_section(const View& level) {
  const xt::xtensor<double, 1> means = xt::mean(level, {1, 2});
  return xt::argmax(means)();
}

// 3 x 4 x 5 voxels of 40 x 4 x 4 nm; section 1 has the value 200, the others 100.
class ThreeSections final : public catvox::LevelSource {
 public:
  int level() const noexcept override { return 0; }
  catvox::DType dtype() const noexcept override { return catvox::DType::uint8; }
  const catvox::LevelGeometry& geometry() const noexcept override { return geometry_; }
  const catvox::Shape3& chunk_shape() const noexcept override { return geometry_.shape(); }
  std::shared_ptr<const catvox::LevelSource> at_level(int) const override {
    throw catvox::Error(catvox::Errc::not_found, "there is level 0 only");
  }

  // Voxel (i, j, k) of the selection goes to data + i * strides[0] + j * strides[1] + k * strides[2].
  catvox::ReadStatistics read(const catvox::Selection3& selection, const catvox::StridedBytes& out,
                              const catvox::ReadOptions&) const override {
    const auto& [z, y, x] = selection;
    for (std::int64_t i = 0; i < z.count; ++i) {
      const std::byte value{z.start + i * z.step == 1 ? std::uint8_t{200} : std::uint8_t{100}};
      for (std::int64_t j = 0; j < y.count; ++j) {
        for (std::int64_t k = 0; k < x.count; ++k) {
          out.data[i * out.strides[0] + j * out.strides[1] + k * out.strides[2]] = value;
        }
      }
    }
    return {.chunks = 1};
  }

 private:
  catvox::LevelGeometry geometry_{{.resolution = {4, 4, 40}}, {1, 1, 1}, {3, 4, 5}};
};

int main() {
  const catvox::ScaleView<std::uint8_t> level(std::make_shared<ThreeSections>());
  const std::size_t found = brightest_section(level);
  std::printf("the brightest section is %zu: %s\n", found, found == 1 ? "passed" : "FAILED");
  return found == 1 ? 0 : 1;
}
