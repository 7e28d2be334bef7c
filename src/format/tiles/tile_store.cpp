#include <bit>
#include <catvox/core/buffer.hpp>
#include <catvox/core/error.hpp>
#include <catvox/core/text.hpp>
#include <catvox/format/tiles/tile_store.hpp>
#include <utility>

#include "codec/image.hpp"
#include "core/strided_copy.hpp"
#include "format/body_limit.hpp"
#include "http/url_parts.hpp"

namespace catvox {
namespace {

std::string text(std::int64_t number) { return std::to_string(number); }

}  // namespace

TileStore::TileStore(Level level) : level_(std::move(level)), chunk_shape_{1, level_.tile_height, level_.tile_width} {
  level_.file_extension = detail::encode_url_tail(level_.image_base, level_.file_extension);
  if (chunk_shape_[1] <= 0 || chunk_shape_[2] <= 0) {
    throw Error(Errc::invalid_metadata, "mirror " + in_quotes(level_.mirror_title) + " has tiles of " +
                                            text(chunk_shape_[2]) + " x " + text(chunk_shape_[1]) + " pixels");
  }
}

ByteRequest TileStore::request(const Index3& chunk) const {
  return {.key = tile_url({level_.level, chunk[0], chunk[1], chunk[2]}),
          .max_bytes = detail::image_body_limit(chunk_shape_[1], chunk_shape_[2])};
}

std::string TileStore::describe(const Index3& chunk) const {
  return "tile (level " + text(level_.level) + ", slice " + text(chunk[0]) + ", row " + text(chunk[1]) + ", column " +
         text(chunk[2]) + ")";
}

void TileStore::decode(const Index3&, std::span<const std::byte> encoded, const Box& window,
                       const StridedBytes& out) const {
  const std::int64_t rows = window.max[1] - window.min[1];
  const std::int64_t columns = window.max[2] - window.min[2];
  if (!transposed()) {
    detail::decode_grey8(encoded, {.height = chunk_shape_[1], .width = chunk_shape_[2]},
                         {.row = window.min[1], .column = window.min[2], .height = rows, .width = columns}, 0,
                         reinterpret_cast<std::uint8_t*>(out.data), out.strides[1]);
    return;
  }
  Buffer image(static_cast<std::size_t>(rows * columns));
  detail::decode_grey8(encoded, {.height = chunk_shape_[2], .width = chunk_shape_[1]},
                       {.row = window.min[2], .column = window.min[1], .height = columns, .width = rows}, 0,
                       reinterpret_cast<std::uint8_t*>(image.data()), rows);
  detail::strided_copy(1, std::endian::native, image.data(), {rows * columns, 1, rows}, {1, rows, columns}, out);
}

}  // namespace catvox
