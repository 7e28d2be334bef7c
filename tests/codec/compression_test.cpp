#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <future>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "codec/compression.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/n5_fixtures.hpp"

using namespace catvox;
using namespace catvox::detail;
using catvox::test::error_of;
using n5_fixtures::Bytes;

namespace {

constexpr std::size_t large_size = 64 * 64 * 40;

Bytes decompressed(Compression compression, const Bytes& payload, std::size_t size) {
  Bytes out(size, std::byte{0xee});
  decompress(compression, payload, out);
  return out;
}

Bytes joined(Bytes first, const Bytes& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

Bytes bytes_of(std::initializer_list<int> values) {
  Bytes bytes;
  for (const int value : values) bytes.push_back(static_cast<std::byte>(value));
  return bytes;
}

/// A small payload (36 uint8 voxels, x < 3 of a row of 5) of every kind, with what it must decode to.
struct Sample {
  const char* block;
  Compression compression;
  bool checksum;  ///< whether the format notices every damaged byte
};

constexpr Sample samples[] = {
    {"zarr/uint8-gzip/0/0/0", Compression::gzip, true},
    {"zarr/uint8-zlib/0/0/0", Compression::gzip, true},
    {"rust/uint8-gzip/0/0/0", Compression::gzip, true},
    {"java/uint8-gzip/0/0/0", Compression::gzip, true},
    {"zarr/uint8-bzip2/0/0/0", Compression::bzip2, true},
    {"java/uint8-bzip2/0/0/0", Compression::bzip2, true},
    {"zarr/uint8-xz/0/0/0", Compression::xz, true},
    {"java/uint8-xz/0/0/0", Compression::xz, true},
    {"java/uint8-lz4/0/0/0", Compression::lz4, true},
    {"rust/uint8-lz4/0/0/0", Compression::lz4, true},
    {"zarr/uint8-lz4/0/0/0", Compression::lz4, false},
    {"zarr/uint8-zstd/0/0/0", Compression::zstd, false},
    {"java/uint8-zstd/0/0/0", Compression::zstd, false},
    {"tensorstore/uint8-zstd/0/0/0", Compression::zstd, false},
    {"zarr/uint8-blosc/0/0/0", Compression::blosc, false},
    {"tensorstore/uint8-blosc/0/0/0", Compression::blosc, false},
    {"tensorstore/uint8-raw/0/0/0", Compression::raw, false},
};
constexpr std::size_t sample_size = 3 * 4 * 3;

Bytes sample_voxels() {
  Bytes voxels;
  for (std::int64_t row = 0; row < 12; ++row) {
    for (std::int64_t i = 0; i < 3; ++i) {
      voxels.push_back(static_cast<std::byte>(n5_fixtures::voxel<std::uint8_t>(i + 5 * row)));
    }
  }
  return voxels;
}

}  // namespace

TEST_CASE("compression names are those of N5", "[codec]") {
  const auto [name_in_n5, compression, option] =
      GENERATE(table<std::string, Compression, std::string>({{"raw", Compression::raw, ""},
                                                             {"gzip", Compression::gzip, "CATVOX_WITH_GZIP"},
                                                             {"bzip2", Compression::bzip2, "CATVOX_WITH_BZIP2"},
                                                             {"xz", Compression::xz, "CATVOX_WITH_XZ"},
                                                             {"lz4", Compression::lz4, "CATVOX_WITH_LZ4"},
                                                             {"zstd", Compression::zstd, "CATVOX_WITH_ZSTD"},
                                                             {"blosc", Compression::blosc, "CATVOX_WITH_BLOSC"}}));
  CHECK(name(compression) == name_in_n5);
  if (is_available(compression)) {
    CHECK(compression_from_name(name_in_n5) == compression);
    return;
  }
  const std::string left_out =
      "compression \"" + name_in_n5 + "\" was left out of this build of catvox: configure it with " + option + "=ON";
  const Error by_name = error_of([&, &n = name_in_n5] { compression_from_name(n); });
  CHECK(by_name.code() == Errc::unsupported);
  CHECK(by_name.what() == left_out);
  const Error by_use = error_of([c = compression] { decompressed(c, Bytes(20), 20); });
  CHECK(by_use.code() == Errc::unsupported);
  CHECK(by_use.what() == left_out);
}

TEST_CASE("a compression that nobody knows is named, whatever it is", "[codec]") {
  const auto [type, text] = GENERATE(table<std::string, std::string>({
      {"jpeg", "unknown compression \"jpeg\""},
      {"", "unknown compression \"\""},
      {"GZIP", "unknown compression \"GZIP\""},
      {"a\nb\x1b[31m\xff", R"(unknown compression "a\x0ab\x1b[31m\xff")"},
      {std::string(1000, 'x'), "unknown compression \"" + std::string(60, 'x') + "…\""},
  }));
  const Error error = error_of([&t = type] { compression_from_name(t); });
  CHECK(error.code() == Errc::unsupported);
  CHECK(error.what() == text);
}

TEST_CASE("payloads larger than the codecs' buffers decode as their writers meant", "[codec]") {
  const auto [block, compression] = GENERATE(table<std::string, Compression>({
      {"zarr/large-gzip", Compression::gzip},
      {"zarr/large-zlib", Compression::gzip},
      {"tensorstore/large-gzip", Compression::gzip},
      {"tensorstore/large-zlib", Compression::gzip},
      {"rust/large-gzip", Compression::gzip},
      {"java/large-gzip", Compression::gzip},
      {"zarr/large-bzip2", Compression::bzip2},
      {"tensorstore/large-bzip2", Compression::bzip2},
      {"rust/large-bzip2", Compression::bzip2},
      {"java/large-bzip2", Compression::bzip2},
      {"zarr/large-xz", Compression::xz},
      {"tensorstore/large-xz", Compression::xz},
      {"rust/large-xz", Compression::xz},
      {"java/large-xz", Compression::xz},
      {"zarr/large-lz4", Compression::lz4},
      {"rust/large-lz4", Compression::lz4},
      {"java/large-lz4", Compression::lz4},
      {"zarr/large-zstd", Compression::zstd},
      {"tensorstore/large-zstd", Compression::zstd},
      {"java/large-zstd", Compression::zstd},
      {"zarr/large-blosc", Compression::blosc},
      {"tensorstore/large-blosc", Compression::blosc},
  }));
  CAPTURE(block);
  if (!is_available(compression)) return;
  const Bytes out = decompressed(compression, n5_fixtures::payload(block + "/0/0/0"), large_size);
  CHECK(out == n5_fixtures::big_endian_voxels<std::uint8_t>(large_size));
}

TEST_CASE("blosc frames decode with every inner codec and shuffle", "[codec]") {
  if (!is_available(Compression::blosc)) return;
  const std::string codec = GENERATE("blosclz", "lz4", "lz4hc", "snappy", "zlib", "zstd");
  const std::string shuffle = GENERATE("plain", "shuffle", "bitshuffle");
  CAPTURE(codec, shuffle);
  const Bytes payload = n5_fixtures::payload("zarr/blosc-" + codec + "-" + shuffle + "/0/0/0");
  constexpr std::int64_t count = 64 * 32 * 5;
  const Bytes expected = shuffle == "plain" ? n5_fixtures::big_endian_voxels<std::uint8_t>(count)
                                            : n5_fixtures::big_endian_voxels<std::uint16_t>(count);
  CHECK(decompressed(Compression::blosc, payload, expected.size()) == expected);
}

TEST_CASE("a bare LZ4 block decodes without numcodecs' size before it", "[codec]") {
  if (!is_available(Compression::lz4)) return;
  Bytes payload = n5_fixtures::payload("zarr/large-lz4/0/0/0");
  payload.erase(payload.begin(), payload.begin() + 4);
  const auto expected = n5_fixtures::big_endian_voxels<std::uint8_t>(large_size);
  CHECK(decompressed(Compression::lz4, payload, large_size) == expected);
  payload.push_back(std::byte{0});
  CHECK(error_of([&] { decompressed(Compression::lz4, payload, large_size); }).what() ==
        std::string("lz4 payload: neither LZ4Block records nor a frame, and no bare block of 163840 bytes"));
}

TEST_CASE("streams one after the other are one payload", "[codec]") {
  const auto [first, second, compression] = GENERATE(table<std::string, std::string, Compression>({
      {"zarr/large-gzip", "java/large-gzip", Compression::gzip},
      {"zarr/large-bzip2", "java/large-bzip2", Compression::bzip2},
      {"zarr/large-xz", "java/large-xz", Compression::xz},
      {"rust/large-lz4", "rust/large-lz4", Compression::lz4},
      {"zarr/large-zstd", "java/large-zstd", Compression::zstd},
  }));
  CAPTURE(first);
  if (!is_available(compression)) return;
  const Bytes payload = joined(n5_fixtures::payload(first + "/0/0/0"), n5_fixtures::payload(second + "/0/0/0"));
  const auto once = n5_fixtures::big_endian_voxels<std::uint8_t>(large_size);
  CHECK(decompressed(compression, payload, 2 * large_size) == joined(once, once));
  // The first stream fills the block, but there is more of it.
  const Error error = error_of([&, c = compression] { decompressed(c, payload, large_size); });
  CHECK(error.what() == std::string(name(compression)) + " payload: decodes to more than the expected 163840 bytes");
}

TEST_CASE("xz streams may be padded with zeros, a multiple of four", "[codec]") {
  if (!is_available(Compression::xz)) return;
  const Bytes one = n5_fixtures::payload("zarr/large-xz/0/0/0");
  const auto once = n5_fixtures::big_endian_voxels<std::uint8_t>(large_size);
  const Bytes two = joined(joined(one, Bytes(8)), one);
  CHECK(decompressed(Compression::xz, two, 2 * large_size) == joined(once, once));
  CHECK(decompressed(Compression::xz, joined(two, Bytes(4)), 2 * large_size) == joined(once, once));
  const Error error = error_of([&] { decompressed(Compression::xz, joined(joined(one, Bytes(6)), one), large_size); });
  CHECK(error.what() == "xz payload: " + std::to_string(2 + one.size()) + " bytes follow its end");
}

TEST_CASE("a payload cut short anywhere is an error", "[codec]") {
  const Sample sample = GENERATE(from_range(std::begin(samples), std::end(samples)));
  CAPTURE(sample.block);
  if (!is_available(sample.compression)) return;
  const Bytes payload = n5_fixtures::payload(sample.block);
  REQUIRE(decompressed(sample.compression, payload, sample_size) == sample_voxels());
  for (std::size_t length = 0; length < payload.size(); ++length) {
    CAPTURE(length);
    // A copy of exactly that length, so that the sanitizer sees a read beyond it.
    const Bytes cut(payload.begin(), payload.begin() + static_cast<std::ptrdiff_t>(length));
    CHECK(error_of([&] { decompressed(sample.compression, cut, sample_size); }).code() == Errc::corrupt_data);
  }
}

TEST_CASE("bytes behind the end of a stream are an error, zeros included", "[codec]") {
  const Sample sample = GENERATE(from_range(std::begin(samples), std::end(samples)));
  CAPTURE(sample.block);
  if (!is_available(sample.compression)) return;
  const Bytes trailing = GENERATE(bytes_of({0}), Bytes(101), bytes_of({0xde, 0xad, 0xbe, 0xef, 1, 2, 3}));
  const Bytes whole = n5_fixtures::payload(sample.block);
  const Error error = error_of([&] { decompressed(sample.compression, joined(whole, trailing), sample_size); });
  CHECK(error.code() == Errc::corrupt_data);
  std::string text =
      std::string(name(sample.compression)) + " payload: " + std::to_string(trailing.size()) + " bytes follow its end";
  if (sample.compression == Compression::raw) {
    text = "raw payload: " + std::to_string(whole.size() + trailing.size()) + " bytes, expected 36";
  } else if (sample.compression == Compression::xz && trailing.size() == 101) {
    text = "xz payload: 1 bytes follow its end";                     // the others pad it
  } else if (sample.block == std::string("zarr/uint8-lz4/0/0/0")) {  // bare: it has no end mark
    text = "lz4 payload: neither LZ4Block records nor a frame, and no bare block of 36 bytes";
  }
  CHECK(error.what() == text);
}

TEST_CASE("a damaged byte is never a wrong voxel where the format has a checksum", "[codec]") {
  const Sample sample = GENERATE(from_range(std::begin(samples), std::end(samples)));
  CAPTURE(sample.block);
  if (!is_available(sample.compression)) return;
  const Bytes payload = n5_fixtures::payload(sample.block);
  const Bytes expected = sample_voxels();
  for (std::size_t i = 0; i < payload.size(); ++i) {
    for (const int flip : {0x01, 0x10, 0x80, 0xff}) {
      Bytes damaged = payload;
      damaged[i] ^= static_cast<std::byte>(flip);
      Bytes out(sample_size);
      std::optional<Errc> code;
      try {
        decompress(sample.compression, damaged, out);
      } catch (const Error& e) {
        code = e.code();
      }
      CAPTURE(i, flip, code);
      // Unsupported and too large come from damage to the fields that say so.
      if (code) {
        CHECK((code == Errc::corrupt_data || code == Errc::unsupported || code == Errc::too_large));
      } else if (sample.checksum) {
        CHECK(out == expected);
      }
    }
  }
}

TEST_CASE("a payload of another size is an error that gives the sizes", "[codec]") {
  const auto [block, compression, shorter, longer] =
      GENERATE(table<std::string, Compression, std::string, std::string>({
          {"tensorstore/uint8-raw", Compression::raw, "raw payload: 36 bytes, expected 35",
           "raw payload: 36 bytes, expected 37"},
          {"zarr/uint8-gzip", Compression::gzip, "gzip payload: decodes to more than the expected 35 bytes",
           "gzip payload: decodes to 36 bytes, expected 37"},
          {"zarr/uint8-zlib", Compression::gzip, "gzip payload: decodes to more than the expected 35 bytes",
           "gzip payload: decodes to 36 bytes, expected 37"},
          {"zarr/uint8-bzip2", Compression::bzip2, "bzip2 payload: decodes to more than the expected 35 bytes",
           "bzip2 payload: decodes to 36 bytes, expected 37"},
          {"zarr/uint8-xz", Compression::xz, "xz payload: decodes to more than the expected 35 bytes",
           "xz payload: decodes to 36 bytes, expected 37"},
          {"java/uint8-lz4", Compression::lz4, "lz4 payload: decodes to more than the expected 35 bytes",
           "lz4 payload: decodes to 36 bytes, expected 37"},
          {"rust/uint8-lz4", Compression::lz4, "lz4 payload: decodes to more than the expected 35 bytes",
           "lz4 payload: decodes to 36 bytes, expected 37"},
          {"zarr/uint8-lz4", Compression::lz4,
           "lz4 payload: neither LZ4Block records nor a frame, and no bare block of 35 bytes",
           "lz4 payload: neither LZ4Block records nor a frame, and no bare block of 37 bytes"},
          {"zarr/uint8-zstd", Compression::zstd, "zstd payload: decodes to more than the expected 35 bytes",
           "zstd payload: decodes to 36 bytes, expected 37"},
          {"zarr/uint8-blosc", Compression::blosc, "blosc payload: decodes to 36 bytes, expected 35",
           "blosc payload: decodes to 36 bytes, expected 37"},
      }));
  CAPTURE(block);
  if (!is_available(compression)) return;
  const Bytes payload = n5_fixtures::payload(block + "/0/0/0");
  const auto error_for = [&, c = compression](std::size_t size) {
    return error_of([&] { decompressed(c, payload, size); });
  };
  CHECK(error_for(37).what() == longer);
  CHECK(error_for(37).code() == Errc::corrupt_data);
  CHECK(error_for(35).what() == shorter);
  CHECK(error_for(35).code() == Errc::corrupt_data);
}

TEST_CASE("bytes that are no such stream are an error that says so", "[codec]") {
  const auto [compression, payload, text] = GENERATE(table<Compression, Bytes, std::string>({
      {Compression::raw, {}, "raw payload: 0 bytes, expected 36"},
      {Compression::gzip, {}, "gzip payload: starts neither as gzip nor as zlib"},
      {Compression::gzip, bytes_of({0x78, 0x9d, 3, 0}), "gzip payload: starts neither as gzip nor as zlib"},
      {Compression::gzip, bytes_of({0x1f, 0x8b, 8, 0}), "gzip payload: damaged or cut short"},
      {Compression::bzip2, {}, "bzip2 payload: cut short"},
      {Compression::bzip2, Bytes(30), "bzip2 payload: damaged"},
      {Compression::xz, {}, "xz payload: damaged or cut short"},
      {Compression::xz, Bytes(30), "xz payload: does not start as xz"},
      {Compression::lz4, {}, "lz4 payload: neither LZ4Block records nor a frame, and no bare block of 36 bytes"},
      {Compression::lz4, bytes_of({'L', 'Z', '4', 'B', 'l', 'o', 'c', 'k', 0x16}), "lz4 payload: cut short"},
      {Compression::lz4, bytes_of({4, 0x22, 0x4d, 0x18, 0, 0, 0}), "lz4 payload: ERROR_headerVersion_wrong"},
      {Compression::zstd, {}, "zstd payload: does not start as a zstd frame"},
      {Compression::zstd, bytes_of({0x28, 0xb5, 0x2f, 0xfd}), "zstd payload: damaged or cut short"},
      {Compression::blosc, Bytes(15), "blosc payload: cut short"},
      {Compression::blosc, Bytes(16), "blosc payload: header is damaged"},
  }));
  if (!is_available(compression)) return;
  const Error error = error_of([&, c = compression, &p = payload] { decompressed(c, p, sample_size); });
  CHECK(error.code() == Errc::corrupt_data);
  CHECK(error.what() == text);
}

TEST_CASE("LZ4Block records are checked one by one", "[codec]") {
  if (!is_available(Compression::lz4)) return;
  // One stored record of 36 bytes and the empty one: magic 8, token 1, sizes 4 + 4, checksum 4, data.
  const Bytes payload = n5_fixtures::payload("java/uint8-lz4/0/0/0");
  REQUIRE(payload.size() == 21 + 36 + 21);
  const auto [at, value, text] = GENERATE(table<std::size_t, int, std::string>({
      {8, 0x36, "lz4 payload: damaged"},     // neither stored nor LZ4
      {8, 0x26, "lz4 payload: damaged"},     // LZ4, but it is not
      {9, 35, "lz4 payload: damaged"},       // stored, but compressed size != original size
      {9, 200, "lz4 payload: cut short"},    // compressed size beyond the payload
      {12, 0x80, "lz4 payload: cut short"},  // compressed size of 2^31
      {16, 0x80, "lz4 payload: decodes to more than the expected 36 bytes"},  // original size of 2^31
      {17, 0, "lz4 payload: wrong checksum"},
      {21, 0, "lz4 payload: wrong checksum"},  // first voxel
      {57, 'M', "lz4 payload: damaged: a record without \"LZ4Block\""},
      {57 + 9, 1, "lz4 payload: damaged"},   // the empty record is not empty
      {57 + 17, 1, "lz4 payload: damaged"},  // the empty record has a checksum
  }));
  CAPTURE(at, value);
  Bytes damaged = payload;
  damaged[at] = static_cast<std::byte>(value);
  CHECK(error_of([&] { decompressed(Compression::lz4, damaged, sample_size); }).what() == text);
}

TEST_CASE("sizes that a header claims take no memory", "[codec]") {
  SECTION("blosc: 2 GiB decoded") {
    if (!is_available(Compression::blosc)) return;
    Bytes payload = n5_fixtures::payload("zarr/uint8-blosc/0/0/0");
    payload[7] = std::byte{0x7f};
    CHECK(error_of([&] { decompressed(Compression::blosc, payload, sample_size); }).what() ==
          std::string("blosc payload: decodes to 2130706468 bytes, expected 36"));
  }
  SECTION("blosc: a frame longer than the payload") {
    if (!is_available(Compression::blosc)) return;
    Bytes payload = n5_fixtures::payload("zarr/uint8-blosc/0/0/0");
    payload[13] = std::byte{0x01};
    const std::string size = std::to_string(payload.size());
    CHECK(error_of([&] { decompressed(Compression::blosc, payload, sample_size); }).what() ==
          "blosc payload: " + size + " bytes, expected " + std::to_string(payload.size() + 256));
  }
  SECTION("blosc: an inner codec that does not exist") {
    if (!is_available(Compression::blosc)) return;
    Bytes payload = n5_fixtures::payload("zarr/blosc-zstd-plain/0/0/0");
    payload[2] |= std::byte{0xe0};
    CHECK(error_of([&] { decompressed(Compression::blosc, payload, std::size_t{64 * 32 * 5}); }).what() ==
          std::string("blosc payload: unknown inner codec 7"));
  }
  SECTION("xz: a dictionary of 512 MiB") {
    if (!is_available(Compression::xz)) return;
    // printf abc | xz --lzma2=dict=512MiB
    const Bytes payload =
        bytes_of({0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00, 0x00, 0x04, 0xe6, 0xd6, 0xb4, 0x46, 0x02, 0x00, 0x21,
                  0x01, 0x22, 0x00, 0x00, 0x00, 0x82, 0x40, 0xac, 0xdc, 0x01, 0x00, 0x02, 0x61, 0x62, 0x63,
                  0x00, 0x00, 0x27, 0x76, 0x27, 0x1a, 0x4a, 0x09, 0xd8, 0x2c, 0x00, 0x01, 0x1b, 0x03, 0x0b,
                  0x2f, 0xb9, 0x10, 0x1f, 0xb6, 0xf3, 0x7d, 0x01, 0x00, 0x00, 0x00, 0x00, 0x04, 0x59, 0x5a});
    const Error error = error_of([&] { decompressed(Compression::xz, payload, 3); });
    CHECK(error.code() == Errc::too_large);
    CHECK(error.what() == std::string("xz payload: needs 512 MiB to decompress, at most 128 MiB are allowed"));
  }
  SECTION("anything beyond what the codecs' interfaces count in") {
    const std::size_t size = std::size_t{1} << 31;
    const auto huge = std::make_unique_for_overwrite<std::byte[]>(size);
    const Error out = error_of([&] { decompress(Compression::raw, {}, {huge.get(), size}); });
    CHECK(out.code() == Errc::too_large);
    CHECK(out.what() ==
          std::string("decompressed block: 2147483648 bytes, at most 2147483647 are decompressed at a time"));
    const Error in = error_of([&] { decompress(Compression::raw, {huge.get(), size}, {}); });
    CHECK(in.what() ==
          std::string("compressed block: 2147483648 bytes, at most 2147483647 are decompressed at a time"));
  }
}

TEST_CASE("a damaged payload leaves the thread's codec fit for the next", "[codec]") {
  const Sample sample = GENERATE(from_range(std::begin(samples), std::end(samples)));
  CAPTURE(sample.block);
  if (!is_available(sample.compression)) return;
  const Bytes payload = n5_fixtures::payload(sample.block);
  const Bytes cut(payload.begin(), payload.begin() + static_cast<std::ptrdiff_t>(payload.size() / 2));
  CHECK(error_of([&] { decompressed(sample.compression, cut, sample_size); }).code() == Errc::corrupt_data);
  CHECK(decompressed(sample.compression, payload, sample_size) == sample_voxels());
}

TEST_CASE("threads decompress side by side", "[codec]") {
  const auto run = [] {
    int right = 0;
    for (const Sample& sample : samples) {
      if (!is_available(sample.compression)) continue;
      right += decompressed(sample.compression, n5_fixtures::payload(sample.block), sample_size) == sample_voxels();
    }
    return right;
  };
  const int expected = run();
  std::vector<std::future<int>> threads;
  for (int i = 0; i < 4; ++i) threads.push_back(std::async(std::launch::async, run));
  for (auto& thread : threads) CHECK(thread.get() == expected);
}
