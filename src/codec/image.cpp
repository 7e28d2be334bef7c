#include "codec/image.hpp"

#include <algorithm>
#include <catvox/core/text.hpp>
#include <string>
#include <string_view>

#include "codec/image_decoder.hpp"

namespace catvox::detail {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t shown_bytes = 32;

enum class Format { jpeg, png, other };

std::string_view as_text(std::span<const std::byte> bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Format sniff(std::string_view encoded) noexcept {
  if (encoded.starts_with("\xFF\xD8\xFF"sv)) return Format::jpeg;
  if (encoded.starts_with("\x89PNG\r\n\x1A\n"sv)) return Format::png;
  return Format::other;
}

/// The name of an image format that is recognised to be refused; empty for anything else.
std::string_view refused_format(std::string_view encoded) noexcept {
  if (encoded.starts_with("GIF87a"sv) || encoded.starts_with("GIF89a"sv)) return "GIF";
  if (encoded.starts_with("II*\0"sv) || encoded.starts_with("MM\0*"sv)) return "TIFF";
  if (encoded.starts_with("RIFF"sv) && encoded.substr(4).substr(0, 8).ends_with("WEBP"sv)) return "WebP";
  // "BM" alone could be the start of a text: the four bytes after the file's size are reserved as 0.
  if (encoded.starts_with("BM"sv) && encoded.size() > 10 && encoded.substr(6, 4) == "\0\0\0\0"sv) return "BMP";
  return {};
}

[[noreturn]] void refuse(std::string_view encoded) {
  const std::string expected = "expected a JPEG or PNG image, got ";
  if (const std::string_view format = refused_format(encoded); !format.empty()) {
    throw Error(Errc::unsupported, expected + "a " + std::string(format) + " image, which is not supported");
  }
  std::string got = std::to_string(encoded.size()) + " bytes";
  if (!encoded.empty()) got += " that start with " + in_quotes(encoded.substr(0, shown_bytes));
  throw Error(Errc::corrupt_data, expected + got);
}

void check_window(const ImageWindow& window, const ImageSize& cell) {
  const auto inside = [](std::int64_t first, std::int64_t extent, std::int64_t limit) {
    return first >= 0 && extent >= 0 && first <= limit && extent <= limit - first;
  };
  if (inside(window.row, window.height, cell.height) && inside(window.column, window.width, cell.width)) return;
  throw Error(Errc::invalid_argument, "expected a window inside " + std::to_string(cell.width) + " x " +
                                          std::to_string(cell.height) + " pixels, got " + std::to_string(window.width) +
                                          " x " + std::to_string(window.height) + " at column " +
                                          std::to_string(window.column) + ", row " + std::to_string(window.row));
}

void fill_rest(const detail::PixelRequest& request, const ImageSize& written, std::uint8_t fill) {
  for (std::int64_t row = 0; row < request.window.height; ++row) {
    const std::int64_t first = row < written.height ? written.width : 0;
    std::fill(request.row(row) + first, request.row(row) + request.window.width, fill);
  }
}

}  // namespace

void check_size(const ImageSize& image, const ImageSize& cell) {
  if (image.height <= cell.height && image.width <= cell.width) return;
  throw Error(Errc::corrupt_data, "expected at most " + std::to_string(cell.width) + " x " +
                                      std::to_string(cell.height) + ", got " + std::to_string(image.width) + " x " +
                                      std::to_string(image.height));
}

namespace {

PixelFormat format_of(Transparency transparency) {
  return transparency == Transparency::as_alpha ? PixelFormat::with_alpha : PixelFormat::as_stored;
}

}  // namespace

ImageKind image_kind(std::span<const std::byte> encoded, Transparency transparency) {
  const Format format = sniff(as_text(encoded));
  if (format == Format::other) refuse(as_text(encoded));
  return format == Format::jpeg ? jpeg_kind(encoded) : png_kind(encoded, format_of(transparency));
}

void decode_samples(std::span<const std::byte> encoded, const ImageKind& kind, const ImageWindow& window,
                    std::byte* out, std::ptrdiff_t row_stride, Transparency transparency) {
  check_window(window, kind.size);
  const PixelRequest request{kind.size, window, reinterpret_cast<std::uint8_t*>(out), row_stride,
                             format_of(transparency)};
  sniff(as_text(encoded)) == Format::jpeg ? decode_jpeg(encoded, request) : decode_png(encoded, request);
}

void decode_grey8(std::span<const std::byte> encoded, const ImageSize& cell, const ImageWindow& window,
                  std::uint8_t fill, std::uint8_t* out, std::ptrdiff_t row_stride) {
  check_window(window, cell);
  const detail::PixelRequest request{cell, window, out, row_stride};
  const Format format = sniff(as_text(encoded));
  if (format == Format::other) refuse(as_text(encoded));
  const ImageSize written =
      format == Format::jpeg ? detail::decode_jpeg(encoded, request) : detail::decode_png(encoded, request);
  if (written != ImageSize{window.height, window.width}) fill_rest(request, written, fill);
}

}  // namespace catvox::detail
