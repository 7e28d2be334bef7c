#pragma once

#include <algorithm>
#include <catvox/core/box.hpp>
#include <cstddef>
#include <cstdint>

// How large a chunk's body can be: what a store puts into ByteRequest::max_bytes, so that no server makes a reader take
// more memory than the grid that it declared can need.
namespace catvox::detail {

/// What a block may decode to: writers may make one larger than its cell, at most twice along each of three axes.
/// \param cell_bytes  of a cell, decoded, 0 to 2^59
constexpr std::int64_t largest_decoded_bytes(std::int64_t cell_bytes) noexcept {
  constexpr std::int64_t always_allowed = std::int64_t{1} << 20;
  return std::max(8 * cell_bytes, always_allowed);
}

/// Encoded voxels that do not compress take more bytes than they decode to: half as much again in the worst of the
/// encodings, a compressed_segmentation with a table for each block. And a header.
constexpr std::size_t block_body_limit(std::int64_t cell_bytes) noexcept {
  constexpr std::int64_t header = std::int64_t{64} << 10;
  return static_cast<std::size_t>(largest_decoded_bytes(cell_bytes) / 2 * 3 + header);
}

/// An image of up to 8 bytes a pixel (16-bit RGBA, not compressed), and 1 MiB for profiles and texts.
/// \param height, width  of a tile, in pixels, >= 0; as a server declares them, so they may be anything
constexpr std::size_t image_body_limit(std::int64_t height, std::int64_t width) noexcept {
  constexpr std::int64_t beside_pixels = std::int64_t{1} << 20;
  constexpr std::int64_t most_pixels = std::int64_t{1} << 40;  // far more than JPEG's 65 535 squared
  const std::int64_t pixels = height > 0 && width > most_pixels / height ? most_pixels : height * width;
  return static_cast<std::size_t>(8 * pixels + beside_pixels);
}

}  // namespace catvox::detail
