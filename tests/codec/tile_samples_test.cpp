#include "codec/tile_samples.hpp"

#include <array>
#include <catvox/core/error.hpp>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "codec/image_samples.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"

// What other decoders make of the images, and the command that wrote it: tests/data/channels/make.py.

using namespace catvox;
using namespace catvox::detail;
using catvox::test::error_of;

namespace {

std::string file(const std::string& name) {
  std::ifstream in(std::string(CATVOX_TEST_DATA) + "/" + name, std::ios::binary);
  INFO(name);
  REQUIRE(in);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::span<const std::byte> bytes(const std::string& text) { return std::as_bytes(std::span(text)); }

constexpr Sample rgba[] = {Sample::red, Sample::green, Sample::blue, Sample::alpha};

// A window's samples, plane by plane; 0xEE where nothing was written.
std::string decode(const std::string& encoded, const ImageSize& cell, const ImageWindow& window, int sample_bytes,
                   std::span<const Sample> samples) {
  const auto plane_bytes = window.height * window.width * sample_bytes;
  std::string out(samples.size() * static_cast<std::size_t>(plane_bytes), '\xEE');
  std::vector<SamplePlane> planes;
  for (const Sample sample : samples) {
    planes.push_back(
        {sample, reinterpret_cast<std::byte*>(out.data()) + static_cast<std::int64_t>(planes.size()) * plane_bytes});
  }
  decode_tile_samples(bytes(encoded), cell, window, sample_bytes, planes,
                      {.row = window.width * sample_bytes, .column = sample_bytes});
  return out;
}

// One plane of a window out of pixels of four samples each; 0 beyond the image.
std::string plane_of(const std::string& pixels, const ImageSize& size, const ImageWindow& window, std::size_t sample,
                     std::size_t item) {
  std::string plane;
  for (auto row = window.row; row < window.row + window.height; ++row) {
    for (auto column = window.column; column < window.column + window.width; ++column) {
      const bool inside = row < size.height && column < size.width;
      const auto pixel = static_cast<std::size_t>(row * size.width + column);
      plane += inside ? pixels.substr((pixel * 4 + sample) * item, item) : std::string(item, '\0');
    }
  }
  return plane;
}

}  // namespace

TEST_CASE("red, green, blue and alpha of a tile are what Pillow's RGBA has", "[codec]") {
  const std::string name =
      GENERATE(as<std::string>(), "images/rgb.jpg", "images/ycbcr_420.jpg", "images/ycbcr_444_progressive.jpg",
               "images/grey.jpg", "images/grey8.png", "images/grey4.png", "images/grey_alpha8.png", "images/rgb8.png",
               "images/rgba8.png", "images/rgba8_interlaced.png", "images/palette4.png",
               "channels/palette_transparent.png", "channels/grey_transparent.png", "channels/rgb_transparent.png");
  CAPTURE(name);
  const std::string encoded = file(name);
  const std::string expected = file("channels/" + name.substr(name.find('/') + 1) + ".rgba");
  const ImageSize size = image_kind(bytes(encoded)).size;
  REQUIRE(expected.size() == static_cast<std::size_t>(size.height * size.width * 4));
  const ImageSize cell{size.height + 5, size.width + 3};
  for (const ImageWindow& window :
       {ImageWindow{0, 0, size.height, size.width}, ImageWindow{3, 5, 4, 6}, ImageWindow{0, 0, cell.height, cell.width},
        ImageWindow{size.height - 2, size.width - 1, 7, 4}, ImageWindow{size.height, 0, 2, 2}}) {
    CAPTURE(window.row, window.column, window.height, window.width);
    const std::string all = decode(encoded, cell, window, 1, rgba);
    std::string wanted;
    for (std::size_t sample = 0; sample < 4; ++sample) {
      const std::string plane = plane_of(expected, size, window, sample, 1);
      CHECK((decode(encoded, cell, window, 1, std::span(rgba).subspan(sample, 1)) == plane));
      wanted += plane;
    }
    CHECK((all == wanted));
  }
}

TEST_CASE("16-bit samples of a tile are as they are stored, and their eighths rounded", "[codec]") {
  const std::string name =
      GENERATE(as<std::string>(), "grey16.png", "grey_alpha16.png", "rgb16.png", "rgba16.png", "rgba16_interlaced.png");
  CAPTURE(name);
  const std::string encoded = file("images/" + name);
  const std::string expected = file("channels/" + name + ".rgba16");
  const ImageSize size = image_kind(bytes(encoded)).size;
  const ImageWindow whole{0, 0, size.height, size.width};
  const ImageWindow part{2, 3, 5, 7};
  std::string planes, eight;
  for (std::size_t sample = 0; sample < 4; ++sample) {
    planes += plane_of(expected, size, whole, sample, 2);
    CHECK((decode(encoded, size, part, 2, std::span(rgba).subspan(sample, 1)) ==
           plane_of(expected, size, part, sample, 2)));
  }
  CHECK((decode(encoded, size, whole, 2, rgba) == planes));
  for (std::size_t i = 0; i < planes.size(); i += 2) {
    std::uint16_t value = 0;
    std::memcpy(&value, planes.data() + i, 2);
    eight += static_cast<char>((value + 128) / 257);
  }
  CHECK((decode(encoded, size, whole, 1, rgba) == eight));

  // Grey is grey, colour 0.299 R + 0.587 G + 0.114 B.
  constexpr Sample luma[] = {Sample::luma};
  const std::string grey = decode(encoded, size, whole, 2, luma);
  for (std::size_t pixel = 0; pixel < grey.size() / 2; ++pixel) {
    std::array<std::uint16_t, 4> p{};
    std::uint16_t value = 0;
    std::memcpy(p.data(), expected.data() + pixel * 8, 8);
    std::memcpy(&value, grey.data() + pixel * 2, 2);
    REQUIRE(std::abs(value - (0.299 * p[0] + 0.587 * p[1] + 0.114 * p[2])) <= 1.5);
    if (name.starts_with("grey")) REQUIRE(value == p[0]);
  }
}

TEST_CASE("8-bit images are not taken for 16-bit ones, nor larger ones for tiles", "[codec]") {
  const std::string encoded = file("images/rgb8.png");
  const ImageSize size = image_kind(bytes(encoded)).size;
  const Error narrow = error_of([&] { (void)decode(encoded, size, {0, 0, 1, 1}, 2, rgba); });
  CHECK(narrow.code() == Errc::corrupt_data);
  CHECK(std::string(narrow.what()) == "expected an image of 16 bits a sample, got 8: it is to be read as uint8");
  const Error large = error_of([&] { (void)decode(encoded, {20, 27}, {0, 0, 1, 1}, 1, rgba); });
  CHECK(std::string(large.what()) == "expected at most 27 x 20, got 27 x 21");
  for (std::size_t cut : {std::size_t{0}, std::size_t{20}, encoded.size() / 2}) {
    const Error error = error_of([&] {
      (void)decode(encoded.substr(0, cut), size, {0, 0, size.height, size.width}, 1, rgba);
    });
    CHECK(error.code() == Errc::corrupt_data);
  }
}

TEST_CASE("a transposed tile goes where its columns are rows", "[codec]") {
  const std::string encoded = file("images/rgb8.png");
  const std::string expected = file("channels/rgb8.png.rgba");
  const ImageSize size = image_kind(bytes(encoded)).size;
  std::string out(static_cast<std::size_t>(size.height * size.width), '\0');
  const SamplePlane green{Sample::green, reinterpret_cast<std::byte*>(out.data())};
  decode_tile_samples(bytes(encoded), size, {0, 0, size.height, size.width}, 1, {&green, 1},
                      {.row = 1, .column = size.height});
  std::string wanted;
  for (std::int64_t column = 0; column < size.width; ++column) {
    wanted += plane_of(expected, size, {0, column, size.height, 1}, 1, 1);
  }
  CHECK((out == wanted));
}
