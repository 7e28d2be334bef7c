#pragma once

#include <array>
#include <catvox/core/box.hpp>
#include <cstddef>
#include <cstdint>

namespace catvox::detail {

/// The positions of a box in Morton order, within cubes whose corners are multiples of their side; the cubes one after the
/// other.
class MortonOrder {
 public:
  static constexpr std::int64_t largest_side = 8;  ///< of the cubes

  /// \param box   not empty
  /// \param axes  a permutation of 0, 1, 2: first the one that changes first
  MortonOrder(const Box& box, const std::array<std::size_t, 3>& axes) : box_(box), axes_(axes) {}

  /// \param number  in [0, volume of the box)
  [[nodiscard]] Index3 position(std::int64_t number) const noexcept;

  /// The inverse. \param position  in the box
  [[nodiscard]] std::int64_t number(const Index3& position) const noexcept;

 private:
  Box box_;
  std::array<std::size_t, 3> axes_;
};

}  // namespace catvox::detail
