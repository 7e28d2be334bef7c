#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "format/n5/n5_store.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/n5_fixtures.hpp"

using namespace catvox;
using namespace catvox::detail;
using catvox::test::error_of;
namespace fs = std::filesystem;

namespace {

constexpr const char* suffixes[] = {"0_1_2", "0_2_1", "1_0_2", "1_2_0", "2_0_1", "2_1_0"};

/// The dimensions that a suffix gives to x, y and z, read off its digits.
std::array<std::size_t, 3> digits(const std::string& suffix) {
  return {static_cast<std::size_t>(suffix[0] - '0'), static_cast<std::size_t>(suffix[2] - '0'),
          static_cast<std::size_t>(suffix[4] - '0')};
}

N5Store open(const fs::path& dataset, const std::string& suffix) {
  return N5Store(parse_n5_attributes(n5_fixtures::read_text(dataset / "attributes.json")),
                 parse_n5_location("file://" + dataset.string() + "/" + suffix), 0);
}

n5_fixtures::Bytes fetch(const N5Store& store, const Index3& chunk) {
  return n5_fixtures::read_bytes(store.request(chunk).key.substr(std::string("file://").size()));
}

/// The whole level, chunk by chunk, zyx.
template <class T>
std::vector<T> read_all(const N5Store& store) {
  const Shape3& shape = store.shape();
  const Shape3& chunk_shape = store.chunk_shape();
  std::vector<T> array(static_cast<std::size_t>(volume(shape)), T{77});
  constexpr std::int64_t item = sizeof(T);
  const Strides3 strides{shape[1] * shape[2] * item, shape[2] * item, item};
  Index3 chunk{};
  for (chunk[0] = 0; chunk[0] < ceil_div(shape[0], chunk_shape[0]); ++chunk[0]) {
    for (chunk[1] = 0; chunk[1] < ceil_div(shape[1], chunk_shape[1]); ++chunk[1]) {
      for (chunk[2] = 0; chunk[2] < ceil_div(shape[2], chunk_shape[2]); ++chunk[2]) {
        Index3 first{};
        Box window;
        std::int64_t offset = 0;
        for (std::size_t axis = 0; axis < 3; ++axis) {
          first[axis] = chunk[axis] * chunk_shape[axis];
          window.max[axis] = std::min(chunk_shape[axis], shape[axis] - first[axis]);
          offset += first[axis] * strides[axis];
        }
        store.decode(chunk, fetch(store, chunk), window,
                     {reinterpret_cast<std::byte*>(array.data()) + offset, strides});
      }
    }
  }
  return array;
}

/// What the writers put at stack voxel (x, y, z) of a three-dimensional dataset.
template <class T>
T written(const std::vector<std::int64_t>& dimensions, const std::array<std::size_t, 3>& xyz, std::int64_t z,
          std::int64_t y, std::int64_t x) {
  std::array<std::int64_t, 3> i{};
  i[xyz[0]] = x;
  i[xyz[1]] = y;
  i[xyz[2]] = z;
  return n5_fixtures::voxel<T>(i[0] + dimensions[0] * (i[1] + dimensions[1] * i[2]));
}

template <class T>
std::vector<T> written_volume(const std::vector<std::int64_t>& dimensions, const std::string& suffix) {
  const auto xyz = digits(suffix);
  std::vector<T> array;
  for (std::int64_t z = 0; z < dimensions[xyz[2]]; ++z) {
    for (std::int64_t y = 0; y < dimensions[xyz[1]]; ++y) {
      for (std::int64_t x = 0; x < dimensions[xyz[0]]; ++x) array.push_back(written<T>(dimensions, xyz, z, y, x));
    }
  }
  return array;
}

/// Datasets with attributes that parse and three dimensions: all but `lzma`, `four-dimensional` and `varlength`.
std::map<fs::path, N5Attributes> readable_datasets() {
  std::map<fs::path, N5Attributes> found;
  for (const char* writer : {"zarr", "tensorstore", "rust", "java"}) {
    for (const auto& entry : fs::directory_iterator(n5_fixtures::root() / writer)) {
      const std::string dataset = entry.path().filename().string();
      if (!entry.is_directory() || dataset == "lzma" || dataset == "four-dimensional" || dataset == "varlength")
        continue;
      try {
        found[entry.path()] = parse_n5_attributes(n5_fixtures::read_text(entry.path() / "attributes.json"));
      } catch (const Error& e) {
        if (e.code() != Errc::unsupported) throw;  // left out of this build
      }
    }
  }
  return found;
}

}  // namespace

TEST_CASE("every element type, compression and order of axes reads as it was written", "[format]") {
  std::set<std::pair<DType, Compression>> seen;
  for (const auto& [dataset, attributes] : readable_datasets()) {
    seen.emplace(attributes.dtype, attributes.compression);
    for (const std::string suffix : suffixes) {
      CAPTURE(dataset, suffix);
      const N5Store store = open(dataset, suffix);
      visit_dtype(store.dtype(), [&, &a = attributes]<class T>(std::type_identity<T>) {
        const bool same = read_all<T>(store) == written_volume<T>(a.dimensions, suffix);
        CHECK(same);
      });
    }
  }
  std::size_t compressions = 0;
  for (const auto compression : {Compression::raw, Compression::gzip, Compression::bzip2, Compression::xz,
                                 Compression::lz4, Compression::zstd, Compression::blosc}) {
    compressions += is_available(compression);
  }
  CHECK(seen.size() == 10 * compressions);
}

TEST_CASE("shapes, blocks and addresses follow the suffix", "[format]") {
  const N5Attributes attributes{{11, 7, 5}, {4, 3, 2}, DType::uint16, Compression::raw};
  const auto [suffix, shape, chunk_shape, path] = GENERATE(table<std::string, Shape3, Shape3, std::string>({
      {"0_1_2", {5, 7, 11}, {2, 3, 4}, "/30/20/10"},
      {"0_2_1", {7, 5, 11}, {3, 2, 4}, "/30/10/20"},
      {"1_0_2", {5, 11, 7}, {2, 4, 3}, "/20/30/10"},
      {"1_2_0", {11, 5, 7}, {4, 2, 3}, "/10/30/20"},
      {"2_0_1", {7, 11, 5}, {3, 4, 2}, "/20/10/30"},
      {"2_1_0", {11, 7, 5}, {4, 3, 2}, "/10/20/30"},
  }));
  CAPTURE(suffix);
  const N5Store store(attributes, parse_n5_location("https://h/v/%SCALE_DATASET%/" + suffix + "?k=1"), 2);
  CHECK(store.shape() == shape);
  CHECK(store.chunk_shape() == chunk_shape);
  CHECK(store.dtype() == DType::uint16);
  CHECK(store.request({10, 20, 30}).key == "https://h/v/s2" + path + "?k=1");
  CHECK(store.describe({10, 20, 30}) == "block " + path.substr(1) + " (level 2)");
}

TEST_CASE("a block's body is bounded by what its cell can need", "[format]") {
  const auto [cell, dtype, bytes] = GENERATE(table<std::int64_t, DType, std::size_t>({
      {64, DType::uint8, 3 * 1048576 + 65536},       // 1.5 times 8 cells of 256 KiB
      {64, DType::uint64, 24 * 1048576 + 65536},     // of 2 MiB
      {1, DType::uint8, 1048576 + 524288 + 65536},   // 1.5 times 1 MiB
      {512, DType::uint64, 12884901888ULL + 65536},  // the largest that there is
  }));
  const N5Store store({{512, 512, 512}, {cell, cell, cell}, dtype, Compression::raw},
                      parse_n5_location("https://h/v/0_1_2"), 0);
  CHECK(store.request({0, 0, 0}).max_bytes == bytes);
}

TEST_CASE("every window of every block reads as it was written", "[format]") {
  const std::string writer = GENERATE("zarr", "rust", "java");  // full-size end blocks, short ones, short ones
  const std::string suffix = GENERATE(from_range(std::begin(suffixes), std::end(suffixes)));
  const fs::path dataset = n5_fixtures::root() / writer / "odd";
  CAPTURE(writer, suffix);
  if (!is_available(writer == "zarr" ? Compression::gzip : Compression::lz4)) return;
  const N5Store store = open(dataset, suffix);
  const Shape3& shape = store.shape();
  const Shape3& cell = store.chunk_shape();
  const auto xyz = digits(suffix);

  const auto check_window = [&](const Index3& chunk, const n5_fixtures::Bytes& block, const Box& window) {
    const Shape3 extent = window.shape();
    std::vector<std::uint16_t> out(static_cast<std::size_t>(volume(extent)), 77);
    store.decode(chunk, block, window,
                 {reinterpret_cast<std::byte*>(out.data()), {extent[1] * extent[2] * 2, extent[2] * 2, 2}});
    std::vector<std::uint16_t> expected;
    for (std::int64_t z = chunk[0] * cell[0] + window.min[0]; z < chunk[0] * cell[0] + window.max[0]; ++z) {
      for (std::int64_t y = chunk[1] * cell[1] + window.min[1]; y < chunk[1] * cell[1] + window.max[1]; ++y) {
        for (std::int64_t x = chunk[2] * cell[2] + window.min[2]; x < chunk[2] * cell[2] + window.max[2]; ++x) {
          // Past the volume's end both kinds of end block hold, or leave, zeros.
          const bool inside = z < shape[0] && y < shape[1] && x < shape[2];
          expected.push_back(inside ? written<std::uint16_t>({11, 7, 5}, xyz, z, y, x) : std::uint16_t{0});
        }
      }
    }
    return out == expected;
  };

  std::vector<Box> windows;  // every one, from one voxel to the whole cell
  Box w;
  for (w.min[0] = 0; w.min[0] < cell[0]; ++w.min[0]) {
    for (w.max[0] = w.min[0] + 1; w.max[0] <= cell[0]; ++w.max[0]) {
      for (w.min[1] = 0; w.min[1] < cell[1]; ++w.min[1]) {
        for (w.max[1] = w.min[1] + 1; w.max[1] <= cell[1]; ++w.max[1]) {
          for (w.min[2] = 0; w.min[2] < cell[2]; ++w.min[2]) {
            for (w.max[2] = w.min[2] + 1; w.max[2] <= cell[2]; ++w.max[2]) windows.push_back(w);
          }
        }
      }
    }
  }
  REQUIRE(windows.size() == 10 * 6 * 3);

  Index3 chunk{};
  for (chunk[0] = 0; chunk[0] < ceil_div(shape[0], cell[0]); ++chunk[0]) {
    for (chunk[1] = 0; chunk[1] < ceil_div(shape[1], cell[1]); ++chunk[1]) {
      for (chunk[2] = 0; chunk[2] < ceil_div(shape[2], cell[2]); ++chunk[2]) {
        const n5_fixtures::Bytes block = fetch(store, chunk);
        const auto wrong =
            std::ranges::find_if_not(windows, [&](const Box& window) { return check_window(chunk, block, window); });
        CAPTURE(chunk);
        CHECK(wrong == windows.end());
      }
    }
  }
}

TEST_CASE("a fourth dimension of size 1 may be left out by the suffix", "[format]") {
  if (!is_available(Compression::gzip)) return;
  // Dimensions 5 x 4 x 1 x 3 in full-size blocks of 3 x 4 x 2 x 3: dropping the third, it is 5 x 4 x 3.
  const std::string suffix = GENERATE("0_1_3", "0_3_1", "1_0_3", "1_3_0", "3_0_1", "3_1_0");
  CAPTURE(suffix);
  const N5Store store = open(n5_fixtures::root() / "zarr" / "four-dimensional", suffix);
  std::string same = suffix;
  std::ranges::replace(same, '3', '2');
  CHECK(read_all<std::uint32_t>(store) == written_volume<std::uint32_t>({5, 4, 3}, same));
  CHECK(store.describe({0, 0, 0}) == "block 0/0/0/0 (level 0)");
}

TEST_CASE("dimensions that do not fit the suffix are an error", "[format]") {
  const auto [dimensions, suffix, code, text] =
      GENERATE(table<std::vector<std::int64_t>, std::string, Errc, std::string>({
          {{5, 4}, "0_1_2", Errc::invalid_metadata, "image_base picks dimension 2 of an N5 volume that has 2"},
          {{5, 4, 3}, "0_1_3", Errc::invalid_metadata, "image_base picks dimension 3 of an N5 volume that has 3"},
          {{5, 4, 3, 2},
           "0_1_2",
           Errc::unsupported,
           "dimension 3 of the N5 volume has size 2, expected 1 as image_base does not pick it"},
          {{5, 4, 1, 3},
           "0_1_2",
           Errc::unsupported,
           "dimension 3 of the N5 volume has size 3, expected 1 as image_base does not pick it"},
      }));
  const Error error = error_of([&, &d = dimensions, &s = suffix] {
    N5Store({d, d, DType::uint8, Compression::raw}, parse_n5_location("file:///v/" + s), 0);
  });
  CHECK(error.code() == code);
  CHECK(error.what() == text);
}
