// The second translation unit: what is not inline shows when they are linked.
#include <catvox/array.hpp>
#include <cstdint>

std::int64_t sum_of_slice(const catvox::ScaleView<std::uint8_t>& level, int slice) {
  const catvox::LevelGeometry geometry({}, {2, 2, 1}, catvox::tile_level_shape({64, 32, 5}, {2, 2, 1}));
  return geometry.shape() == catvox::Shape3{5, 16, 32} ? xt::sum(level.slice(slice))() : -1;
}
