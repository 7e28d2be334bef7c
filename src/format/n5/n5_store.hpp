#pragma once

#include <catvox/format/chunk_store.hpp>
#include <cstddef>
#include <span>
#include <string>

#include "format/n5/n5_attributes.hpp"
#include "format/n5/n5_location.hpp"

namespace catvox::detail {

/// One level of an N5 volume, its dimensions permuted to the stack's axes.
class N5Store final : public ChunkStore {
 public:
  /// \param attributes  the level's own
  /// \throws Error{invalid_metadata} if location.axes picks a dimension that the volume does not have;
  ///         Error{unsupported} if a dimension that it does not pick has a size other than 1
  N5Store(N5Attributes attributes, N5Location location, int level);

  [[nodiscard]] DType dtype() const noexcept override { return attributes_.dtype; }
  [[nodiscard]] const Shape3& shape() const noexcept override { return shape_; }
  [[nodiscard]] const Shape3& chunk_shape() const noexcept override { return chunk_shape_; }
  [[nodiscard]] ByteRequest request(const Index3& chunk) const override;

  /// The block's position is in N5's order, as in its URL.
  [[nodiscard]] std::string describe(const Index3& chunk) const override;

  void decode(const Index3& chunk, std::span<const std::byte> encoded, const Box& window,
              const StridedBytes& out) const override;

 private:
  [[nodiscard]] std::vector<std::int64_t> block_position(const Index3& chunk) const;

  N5Attributes attributes_;
  N5Location location_;
  int level_;
  Shape3 shape_{};
  Shape3 chunk_shape_{};
  std::size_t max_bytes_ = 0;  ///< of a block's body
};

}  // namespace catvox::detail
