#pragma once

#include <array>
#include <catvox/core/box.hpp>
#include <catvox/core/dtype.hpp>
#include <cstddef>
#include <span>

namespace tools {

/// Voxels in memory, and where they lie: what the writers of this folder take.
struct Volume {
  std::span<const std::byte> voxels;          ///< C order, channel by channel, in the machine's byte order
  catvox::DType dtype{};                      ///< of one voxel
  catvox::Shape3 shape{};                     ///< voxels per axis, zyx, each > 0
  std::int64_t channels = 1;                  ///< of such voxels, one after the other
  std::array<double, 3> voxel_size{1, 1, 1};  ///< nm per voxel, zyx
  std::array<double, 3> origin{};             ///< world coordinate of the corner of the first voxel, nm, zyx

  [[nodiscard]] std::size_t slice_bytes() const {
    return static_cast<std::size_t>(shape[1] * shape[2]) * catvox::item_size(dtype);
  }
  [[nodiscard]] std::span<const std::byte> slice(std::int64_t z, std::int64_t channel = 0) const {
    return voxels.subspan(static_cast<std::size_t>(channel * shape[0] + z) * slice_bytes(), slice_bytes());
  }
};

}  // namespace tools
