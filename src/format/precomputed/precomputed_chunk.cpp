#include "format/precomputed/precomputed_chunk.hpp"

#include <algorithm>
#include <bit>
#include <catvox/core/error.hpp>
#include <string>
#include <utility>

#include "codec/compressed_segmentation.hpp"
#include "codec/compresso.hpp"
#include "codec/image_samples.hpp"
#include "core/scratch.hpp"
#include "core/strided_copy.hpp"

namespace catvox::detail {
namespace {

using Bytes = std::span<const std::byte>;

/// Elements somewhere: the first, and the bytes from one to the next along each of the chunk's axes.
struct Source {
  const std::byte* data = nullptr;
  Strides3 strides{};
};

/// The task of one call.
struct Task {
  const PrecomputedChunk& chunk;
  const ChannelSelection& channels;
  Bytes encoded;
  const Box& window;
  const StridedBytes& out;
  std::size_t rows;

  /// Calls f(channel, where it goes) for each channel that is wanted.
  template <class F>
  void for_each_channel(const F& f) const {
    for (std::int64_t k = 0; k < channels.which.count; ++k) {
      f(channels.which.start + k * channels.which.step, StridedBytes{out.data + k * channels.stride, out.strides});
    }
  }

  [[nodiscard]] std::int64_t item() const { return static_cast<std::int64_t>(item_size(chunk.dtype)); }

  /// Copies elements from the window's first on. strided_copy() wants the axis of `to`'s rows last.
  void place(const Source& source, std::endian order, StridedBytes to) const {
    Strides3 from = source.strides;
    Shape3 shape = window.shape();
    std::swap(from[rows], from[2]);
    std::swap(shape[rows], shape[2]);
    std::swap(to.strides[rows], to.strides[2]);
    strided_copy(static_cast<std::size_t>(item()), order, source.data, from, shape, to);
  }
};

/// C order, the last axis fastest.
Strides3 contiguous(const Shape3& shape, std::int64_t step) noexcept {
  return {shape[1] * shape[2] * step, shape[2] * step, step};
}

std::int64_t offset_of(const Index3& at, const Strides3& strides) noexcept {
  return at[0] * strides[0] + at[1] * strides[1] + at[2] * strides[2];
}

void decode_raw(const Task& task) {
  const Shape3& shape = task.chunk.shape;
  const std::int64_t channel_bytes = volume(shape) * task.item();
  if (const std::int64_t expected = channel_bytes * task.chunk.channels;
      task.encoded.size() != static_cast<std::size_t>(expected)) {
    throw Error(Errc::corrupt_data,
                "raw chunk: " + std::to_string(task.encoded.size()) + " bytes, expected " + std::to_string(expected));
  }
  const Strides3 strides = contiguous(shape, task.item());
  const std::byte* const first = task.encoded.data() + offset_of(task.window.min, strides);
  task.for_each_channel([&](std::int64_t channel, const StridedBytes& out) {
    task.place({first + channel * channel_bytes, strides}, std::endian::little, out);
  });
}

/// An image's pixels, row by row, are the chunk's voxels, x fastest; its channels are the chunk's.
void decode_image(const Task& task) {
  const ImageKind kind = image_kind(task.encoded);
  const Shape3& shape = task.chunk.shape;
  if (kind.channels != task.chunk.channels || kind.sample_bytes != task.item()) {
    throw Error(Errc::corrupt_data, "an image of " + std::to_string(kind.channels) + " channels of " +
                                        std::to_string(8 * kind.sample_bytes) + " bits, expected " +
                                        std::to_string(task.chunk.channels) + " of " + std::to_string(8 * task.item()));
  }
  const std::int64_t voxels = volume(shape);
  if (kind.size.width > voxels || kind.size.height != voxels / kind.size.width || voxels % kind.size.width != 0) {
    throw Error(Errc::corrupt_data, "an image of " + std::to_string(kind.size.width) + " x " +
                                        std::to_string(kind.size.height) + " pixels, expected " +
                                        std::to_string(voxels) + " in all");
  }
  const std::int64_t pixel = kind.channels * task.item();
  // Where the image is as wide as the chunk, only the rows and columns that are wanted are decoded.
  ImageWindow part{0, 0, kind.size.height, kind.size.width};
  Index3 first = task.window.min;
  Strides3 strides = contiguous(shape, pixel);
  if (kind.size.width == shape[2]) {
    const auto row_of = [&](std::int64_t z, std::int64_t y) { return z * shape[1] + y; };
    part.row = row_of(task.window.min[0], task.window.min[1]);
    part.column = task.window.min[2];
    part.height = row_of(task.window.max[0] - 1, task.window.max[1] - 1) + 1 - part.row;
    part.width = task.window.max[2] - part.column;
    first = {0, 0, 0};
    strides = contiguous({1, shape[1], part.width}, pixel);
  }
  Scratch scratch(static_cast<std::size_t>(part.height * part.width * pixel));
  decode_samples(task.encoded, kind, part, scratch.data(), part.width * pixel);
  const std::byte* const pixels = scratch.data() + offset_of(first, strides);
  task.for_each_channel([&](std::int64_t channel, const StridedBytes& out) {
    task.place({pixels + channel * task.item(), strides}, std::endian::native, out);
  });
}

/// Calls `decode(window, where)` for a part of the chunk whose rows are along x: straight into place where `out`'s are,
/// too.
template <class Decode>
void decode_rows(const Task& task, const Box& part, const StridedBytes& out, const Decode& decode) {
  if (task.rows == 2 && part == task.window) return decode(part, out);
  const Shape3 shape = part.shape();
  Scratch scratch(static_cast<std::size_t>(volume(shape) * task.item()));
  const Strides3 strides = contiguous(shape, task.item());
  decode(part, StridedBytes{scratch.data(), strides});
  Index3 first{};
  for (std::size_t axis = 0; axis < 3; ++axis) first[axis] = task.window.min[axis] - part.min[axis];
  task.place({scratch.data() + offset_of(first, strides), strides}, std::endian::native, out);
}

void decode_segmentation(const Task& task) {
  const SegmentationChunk chunk{item_size(task.chunk.dtype), task.chunk.channels, task.chunk.shape,
                                task.chunk.segmentation_block};
  task.for_each_channel([&](std::int64_t channel, const StridedBytes& out) {
    decode_rows(task, task.window, out, [&](const Box& window, const StridedBytes& where) {
      decode_compressed_segmentation(task.encoded, chunk, static_cast<int>(channel), window, where);
    });
  });
}

void decode_whole_compresso(const Task& task) {
  decode_rows(task, Box{{0, 0, 0}, task.chunk.shape}, task.out, [&](const Box&, const StridedBytes& out) {
    decode_compresso(task.encoded, item_size(task.chunk.dtype), task.chunk.shape, out);
  });
}

}  // namespace

std::string_view contradiction(ChunkEncoding encoding, DType dtype, int channels) noexcept {
  const bool is_unsigned = dtype <= DType::uint64;
  switch (encoding) {
    case ChunkEncoding::raw:
      return "";
    case ChunkEncoding::jpeg:
      return dtype == DType::uint8 && (channels == 1 || channels == 3) ? "" : "uint8 with 1 or 3 channels";
    case ChunkEncoding::png:
      return dtype <= DType::uint16 && channels <= 4 ? "" : "uint8 and uint16 with 1 to 4 channels";
    case ChunkEncoding::compressed_segmentation:
      return dtype == DType::uint32 || dtype == DType::uint64 ? "" : "uint32 and uint64";
    case ChunkEncoding::compresso:
      return is_unsigned && channels == 1 ? "" : "unsigned integers with 1 channel";
  }
  return "";
}

void decode_precomputed_chunk(const PrecomputedChunk& chunk, const ChannelSelection& channels, Bytes encoded,
                              const Box& window, const StridedBytes& out, std::size_t rows) {
  const Task task{chunk, channels, encoded, window, out, rows};
  switch (chunk.encoding) {
    case ChunkEncoding::raw:
      return decode_raw(task);
    case ChunkEncoding::jpeg:
    case ChunkEncoding::png:
      return decode_image(task);
    case ChunkEncoding::compressed_segmentation:
      return decode_segmentation(task);
    case ChunkEncoding::compresso:
      return decode_whole_compresso(task);
  }
}

}  // namespace catvox::detail
