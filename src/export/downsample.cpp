#include "export/downsample.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>

namespace catvox::detail {
namespace {

/// Coarse voxels are made of at most 2 x 2 x 2.
constexpr std::size_t most = 8;

/// The mean, a half to the even number; in 128 bits, so that eight of 64 add up.
template <class T>
T average(std::span<const T> voxels) {
  if constexpr (std::is_floating_point_v<T>) {
    double sum = 0;
    for (const T voxel : voxels) sum += static_cast<double>(voxel);
    return static_cast<T>(sum / static_cast<double>(voxels.size()));
  } else {
    __extension__ using Wide = __int128;
    Wide sum = 0;
    for (const T voxel : voxels) sum += voxel;
    const auto count = static_cast<Wide>(voxels.size());
    Wide mean = sum / count;
    Wide rest = sum % count;
    if (rest < 0) {  // floor
      --mean;
      rest += count;
    }
    if (2 * rest > count || (2 * rest == count && mean % 2 != 0)) ++mean;
    return static_cast<T>(mean);
  }
}

/// The most frequent, the lowest among equals.
template <class T>
T mode(std::span<const T> voxels) {
  T best = voxels.front();
  std::ptrdiff_t best_count = 0;
  for (const T voxel : voxels) {
    const auto count = std::count(voxels.begin(), voxels.end(), voxel);
    if (count > best_count || (count == best_count && voxel < best)) {
      best = voxel;
      best_count = count;
    }
  }
  return best;
}

template <class T>
void run(Downsampling how, const StridedBytes& fine, const Shape3& shape, const Shape3& factors,
         const StridedBytes& coarse) {
  const auto at = [](const StridedBytes& array, std::int64_t z, std::int64_t y, std::int64_t x) {
    return array.data + z * array.strides[0] + y * array.strides[1] + x * array.strides[2];
  };
  Shape3 out{};
  for (std::size_t axis = 0; axis < 3; ++axis) out[axis] = ceil_div(shape[axis], factors[axis]);
  std::array<T, most> cell{};
  for (std::int64_t z = 0; z < out[0]; ++z) {
    for (std::int64_t y = 0; y < out[1]; ++y) {
      for (std::int64_t x = 0; x < out[2]; ++x) {
        std::size_t count = 0;
        for (std::int64_t fz = z * factors[0]; fz < std::min((z + 1) * factors[0], shape[0]); ++fz) {
          for (std::int64_t fy = y * factors[1]; fy < std::min((y + 1) * factors[1], shape[1]); ++fy) {
            for (std::int64_t fx = x * factors[2]; fx < std::min((x + 1) * factors[2], shape[2]); ++fx) {
              std::memcpy(&cell[count++], at(fine, fz, fy, fx), sizeof(T));
            }
          }
        }
        const std::span<const T> voxels(cell.data(), count);
        const T value = how == Downsampling::average ? average(voxels) : mode(voxels);
        std::memcpy(at(coarse, z, y, x), &value, sizeof(T));
      }
    }
  }
}

}  // namespace

void downsample(Downsampling how, DType dtype, const StridedBytes& fine, const Shape3& shape, const Shape3& factors,
                const StridedBytes& coarse) {
  visit_dtype(dtype, [&]<class T>(std::type_identity<T>) { run<T>(how, fine, shape, factors, coarse); });
}

}  // namespace catvox::detail
