#include "format/n5/n5_store.hpp"

#include <algorithm>
#include <utility>

#include "format/body_limit.hpp"
#include "format/n5/n5_block.hpp"
#include "format/sizes.hpp"

namespace catvox::detail {

N5Store::N5Store(N5Attributes attributes, N5Location location, int level)
    : attributes_(std::move(attributes)), location_(std::move(location)), level_(level) {
  const auto& dimensions = attributes_.dimensions;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const std::size_t dimension = location_.axes[axis];
    if (dimension >= dimensions.size()) {
      throw Error(Errc::invalid_metadata, "image_base picks dimension " + std::to_string(dimension) +
                                              " of an N5 volume that has " + std::to_string(dimensions.size()));
    }
    shape_[axis] = dimensions[dimension];
    chunk_shape_[axis] = attributes_.block_size[dimension];
  }
  for (std::size_t dimension = 0; dimension < dimensions.size(); ++dimension) {
    const bool picked = std::ranges::find(location_.axes, dimension) != location_.axes.end();
    if (!picked && dimensions[dimension] != 1) {
      throw Error(Errc::unsupported, "dimension " + std::to_string(dimension) + " of the N5 volume has size " +
                                         std::to_string(dimensions[dimension]) +
                                         ", expected 1 as image_base does not pick it");
    }
  }
  const auto item = static_cast<std::int64_t>(item_size(attributes_.dtype));
  max_bytes_ = detail::block_body_limit(*detail::bounded_product(item, attributes_.block_size, n5_max_block_bytes));
}

std::vector<std::int64_t> N5Store::block_position(const Index3& chunk) const {
  std::vector<std::int64_t> position(attributes_.dimensions.size(), 0);
  for (std::size_t axis = 0; axis < 3; ++axis) position[location_.axes[axis]] = chunk[axis];
  return position;
}

ByteRequest N5Store::request(const Index3& chunk) const {
  return {.key = location_.block_url(level_, block_position(chunk)), .max_bytes = max_bytes_};
}

std::string N5Store::describe(const Index3& chunk) const {
  std::string text = "block ";
  const char* separator = "";
  for (const std::int64_t i : block_position(chunk)) {
    text += std::exchange(separator, "/") + std::to_string(i);
  }
  return text + " (level " + std::to_string(level_) + ")";
}

void N5Store::decode(const Index3& /*chunk*/, std::span<const std::byte> encoded, const Box& window,
                     const StridedBytes& out) const {
  decode_n5_block(attributes_, location_.axes, encoded, window, out);
}

}  // namespace catvox::detail
