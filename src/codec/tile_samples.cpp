#include "codec/tile_samples.hpp"

#include <catvox/core/error.hpp>
#include <cstring>
#include <limits>
#include <optional>
#include <string>

#include "codec/image_decoder.hpp"
#include "core/scratch.hpp"

namespace catvox::detail {
namespace {

/// Of all samples of a window: what one of them takes is checked by whoever asks for it.
constexpr std::int64_t most_pixel_bytes = std::int64_t{1} << 30;

/// Position of a sample among those of a pixel; absent for alpha that the image does not have.
std::optional<int> position_of(Sample sample, int channels) {
  const bool colour = channels >= 3;
  switch (sample) {
    case Sample::luma:
    case Sample::red:
      return 0;
    case Sample::green:
      return colour ? 1 : 0;
    case Sample::blue:
      return colour ? 2 : 0;
    case Sample::alpha:
      break;
  }
  return channels % 2 == 0 ? std::optional(channels - 1) : std::nullopt;
}

/// The JPEG luma with Pillow's weights, rounded; of any number of bits.
std::uint64_t luma(std::uint64_t red, std::uint64_t green, std::uint64_t blue) noexcept {
  return (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16;
}

template <class Out, class In>
Out converted(In sample) noexcept {
  if constexpr (sizeof(In) <= sizeof(Out)) return sample;
  return static_cast<Out>((std::uint32_t{sample} * 255 + 32895) >> 16);  // round(sample / 257)
}

/// Pixels as they were decoded, row after row.
struct Pixels {
  const std::byte* data;
  ImageSize size;
  int channels;

  template <class In>
  [[nodiscard]] In at(std::int64_t pixel, int channel) const noexcept {
    In sample{};
    std::memcpy(&sample, data + (pixel * channels + channel) * static_cast<std::int64_t>(sizeof(In)), sizeof(In));
    return sample;
  }
};

template <class Out, class In>
void write(const Pixels& pixels, const SamplePlane& plane, const PixelStrides& strides) {
  const auto position = position_of(plane.sample, pixels.channels);
  const bool mixes = plane.sample == Sample::luma && pixels.channels >= 3;
  for (std::int64_t row = 0; row < pixels.size.height; ++row) {
    for (std::int64_t column = 0; column < pixels.size.width; ++column) {
      const std::int64_t pixel = row * pixels.size.width + column;
      In sample = std::numeric_limits<In>::max();
      if (mixes) {
        sample = static_cast<In>(luma(pixels.at<In>(pixel, 0), pixels.at<In>(pixel, 1), pixels.at<In>(pixel, 2)));
      } else if (position) {
        sample = pixels.at<In>(pixel, *position);
      }
      const Out out = converted<Out>(sample);
      std::memcpy(plane.out + row * strides.row + column * strides.column, &out, sizeof(Out));
    }
  }
}

void write_zeros(const SamplePlane& plane, const ImageWindow& window, const PixelStrides& strides,
                 std::size_t sample_bytes) {
  for (std::int64_t row = 0; row < window.height; ++row) {
    for (std::int64_t column = 0; column < window.width; ++column) {
      std::memset(plane.out + row * strides.row + column * strides.column, 0, sample_bytes);
    }
  }
}

}  // namespace

void decode_tile_samples(std::span<const std::byte> encoded, const ImageSize& cell, const ImageWindow& window,
                         int sample_bytes, std::span<const SamplePlane> planes, const PixelStrides& strides) {
  const ImageKind kind = image_kind(encoded, Transparency::as_alpha);
  check_size(kind.size, cell);
  if (kind.sample_bytes < sample_bytes) {
    throw Error(Errc::corrupt_data, "expected an image of 16 bits a sample, got 8: it is to be read as uint8");
  }
  const ImageSize part = part_in_image(window, kind.size);
  if (part != ImageSize{window.height, window.width}) {
    for (const SamplePlane& plane : planes) {
      write_zeros(plane, window, strides, static_cast<std::size_t>(sample_bytes));
    }
  }
  if (part.height == 0 || part.width == 0) return;

  const std::int64_t row_bytes = part.width * kind.channels * kind.sample_bytes;
  if (row_bytes * part.height > most_pixel_bytes) {  // sides are below 2^16: the product fits
    throw Error(Errc::too_large, "the image of " + std::to_string(kind.size.width) + " x " +
                                     std::to_string(kind.size.height) + " pixels of " + std::to_string(kind.channels) +
                                     " channels is too large to be taken apart");
  }
  Scratch scratch(static_cast<std::size_t>(part.height * row_bytes));
  // Of one channel nothing is transparent, and what is dropped takes the shorter way.
  decode_samples(encoded, kind, {window.row, window.column, part.height, part.width}, scratch.data(), row_bytes,
                 kind.channels == 1 ? Transparency::dropped : Transparency::as_alpha);
  const Pixels pixels{scratch.data(), part, kind.channels};
  for (const SamplePlane& plane : planes) {
    if (kind.sample_bytes == 1) {
      write<std::uint8_t, std::uint8_t>(pixels, plane, strides);
    } else if (sample_bytes == 1) {
      write<std::uint8_t, std::uint16_t>(pixels, plane, strides);
    } else {
      write<std::uint16_t, std::uint16_t>(pixels, plane, strides);
    }
  }
}

}  // namespace catvox::detail
