#include <bit>
#include <catvox/core/buffer.hpp>
#include <catvox/core/error.hpp>
#include <catvox/core/text.hpp>
#include <catvox/format/tiles/tile_store.hpp>
#include <utility>
#include <vector>

#include "codec/image.hpp"
#include "codec/tile_samples.hpp"
#include "core/strided_copy.hpp"
#include "format/body_limit.hpp"
#include "http/url_parts.hpp"

namespace catvox {
namespace {

std::string text(std::int64_t number) { return std::to_string(number); }

// Where images are transposed, their rows are the level's columns.
void decode_planes(const TileStore& store, std::span<const std::byte> encoded, const Box& window,
                   std::span<const detail::SamplePlane> planes, const Strides3& strides) {
  const std::size_t row = store.transposed() ? 2 : 1;
  const std::size_t column = 3 - row;
  const Shape3& cell = store.chunk_shape();
  const Shape3 wanted = window.shape();
  detail::decode_tile_samples(
      encoded, {.height = cell[row], .width = cell[column]},
      {.row = window.min[row], .column = window.min[column], .height = wanted[row], .width = wanted[column]},
      static_cast<int>(item_size(store.dtype())), planes, {.row = strides[row], .column = strides[column]});
}

}  // namespace

TileStore::TileStore(Level level) : level_(std::move(level)), chunk_shape_{1, level_.tile_height, level_.tile_width} {
  level_.file_extension = detail::encode_url_tail(level_.image_base, level_.file_extension);
  if (chunk_shape_[1] <= 0 || chunk_shape_[2] <= 0) {
    throw Error(Errc::invalid_metadata, "mirror " + in_quotes(level_.mirror_title) + " has tiles of " +
                                            text(chunk_shape_[2]) + " x " + text(chunk_shape_[1]) + " pixels");
  }
  if (level_.dtype != DType::uint8 && level_.dtype != DType::uint16) {
    throw Error(Errc::unsupported, "tiles hold uint8 or uint16, not " + std::string(name(level_.dtype)));
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
  if (dtype() == DType::uint16) {
    const detail::SamplePlane grey{detail::Sample::luma, out.data};
    return decode_planes(*this, encoded, window, {&grey, 1}, out.strides);
  }
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

void TileStore::decode_channels(const Index3&, std::span<const std::byte> encoded, const ChannelSelection& channels,
                                const Box& window, const StridedBytes& out) const {
  using detail::Sample;
  constexpr Sample samples[] = {Sample::red, Sample::green, Sample::blue, Sample::alpha};
  std::vector<detail::SamplePlane> planes;
  for (std::int64_t k = 0; k < channels.which.count; ++k) {
    planes.push_back({samples[channels.which.start + k * channels.which.step], out.data + k * channels.stride});
  }
  decode_planes(*this, encoded, window, planes, out.strides);
}

}  // namespace catvox
