// A program of someone who uses catvox::array: two translation units, a level of their own, and no library to link.
#include <array>
#include <catvox/array.hpp>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <memory>

std::int64_t sum_of_slice(const catvox::ScaleView<std::uint8_t>& level, int slice);

namespace {

/// Voxel (z, y, x) is x + y: a level that has no image anywhere.
class Ramp : public catvox::LevelSource {
 public:
  [[nodiscard]] int level() const noexcept override { return 0; }
  [[nodiscard]] catvox::DType dtype() const noexcept override { return catvox::DType::uint8; }
  [[nodiscard]] const catvox::LevelGeometry& geometry() const noexcept override { return geometry_; }
  [[nodiscard]] const catvox::Shape3& chunk_shape() const noexcept override { return chunk_shape_; }
  [[nodiscard]] std::shared_ptr<const LevelSource> at_level(int) const override {
    throw catvox::Error(catvox::Errc::not_found, "a ramp has one level");
  }
  catvox::ReadStatistics read(const catvox::Selection3& s, const catvox::StridedBytes& out,
                              const catvox::ReadOptions&) const override {
    for (std::int64_t z = 0; z < s[0].count; ++z) {
      for (std::int64_t y = 0; y < s[1].count; ++y) {
        for (std::int64_t x = 0; x < s[2].count; ++x) {
          out.data[z * out.strides[0] + y * out.strides[1] + x * out.strides[2]] =
              static_cast<std::byte>(s[1].start + y * s[1].step + s[2].start + x * s[2].step);
        }
      }
    }
    return {};
  }

 private:
  catvox::LevelGeometry geometry_{{.resolution = {4, 4, 40}, .translation = {100, 0, 0}}, {1, 1, 1}, {5, 16, 32}};
  catvox::Shape3 chunk_shape_{1, 8, 8};
};

}  // namespace

int main() {
  const catvox::ScaleView<std::uint8_t> ramp(std::make_shared<Ramp>());
  const xt::xtensor<float, 3> scaled = xt::cast<float>(ramp) / 2.f;
  const auto box = ramp.world({.min = {108, 0, 0}, .max = {116, 8, 40}});
  const auto memory = catvox::array_source(xt::xtensor<std::uint8_t, 3>(ramp));
  const bool right = scaled(4, 15, 31) == 23.f && box.coords(2) == std::vector<double>{108, 112} &&
                     ramp.cast<double>()(0, 1, 2) == 3 && sum_of_slice(ramp, 2) == 16 * 32 * 23 &&
                     sum_of_slice(memory, 4) == 16 * 32 * 23;
  std::cout << "catvox " << CATVOX_VERSION << " read " << ramp.size() << " voxels of its own\n";
  return right ? EXIT_SUCCESS : EXIT_FAILURE;
}
