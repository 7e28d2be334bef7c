#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

namespace catvox::test {

/// A C-order array from a .npy file (numpy.lib.format, version 1 or 2).
struct NpyArray {
  std::string dtype;                ///< as numpy writes it: "|u1", "<u2", "<f4", …
  std::vector<std::int64_t> shape;  ///< slowest axis first
  std::string bytes;                ///< items as they are in the file

  /// The items, if they are of type T. \throws std::runtime_error otherwise
  template <class T>
  [[nodiscard]] std::vector<T> values() const {
    const char kind = std::is_floating_point_v<T> ? 'f' : std::is_signed_v<T> ? 'i' : 'u';
    const std::string wanted = (sizeof(T) == 1 ? "|" : "<") + std::string(1, kind) + std::to_string(sizeof(T));
    if (dtype != wanted) throw std::runtime_error("the .npy file holds " + dtype + ", expected " + wanted);
    std::vector<T> items(bytes.size() / sizeof(T));
    std::memcpy(items.data(), bytes.data(), items.size() * sizeof(T));
    return items;
  }
};

/// \throws std::runtime_error if the file is not what NpyArray holds
inline NpyArray read_npy(const std::filesystem::path& file) {
  const auto fail = [&](const std::string& why) { throw std::runtime_error(file.string() + ": " + why); };
  std::ifstream in(file, std::ios::binary);
  if (!in) fail("cannot be opened");
  const std::string all(std::istreambuf_iterator<char>(in), {});
  if (all.size() < 12 || all.compare(0, 6, "\x93NUMPY") != 0) fail("no .npy file");
  const auto byte = [&](std::size_t i) { return std::size_t{static_cast<unsigned char>(all[i])}; };
  const bool version_1 = byte(6) == 1;
  const std::size_t begin = version_1 ? 10 : 12;
  std::size_t length = byte(8) | byte(9) << 8;
  if (!version_1) length |= byte(10) << 16 | byte(11) << 24;
  if (length > all.size() - begin) fail("is cut short in its header");
  const std::string header = all.substr(begin, length);

  // The text between two marks in "{'descr': '<u2', 'fortran_order': False, 'shape': (4, 512, 512), }".
  const auto between = [&](const std::string& before, const std::string& after) {
    const std::size_t from = header.find(before);
    if (from == std::string::npos) fail("expected " + before + " in the header " + header);
    return header.substr(from + before.size(), header.find(after, from + before.size()) - from - before.size());
  };
  NpyArray array;
  array.dtype = between("'descr': '", "'");
  if (between("'fortran_order': ", ",") != "False") fail("not in C order");
  if (array.dtype.size() != 3) fail("unknown dtype " + array.dtype);
  std::size_t size = std::stoul(array.dtype.substr(2));
  std::istringstream extents(between("'shape': (", ")"));
  for (std::string extent; std::getline(extents, extent, ',');) {
    if (extent.find_first_not_of(' ') == std::string::npos) continue;  // (5,)
    array.shape.push_back(std::stoll(extent));
    size *= static_cast<std::size_t>(array.shape.back());
  }
  array.bytes = all.substr(begin + length);
  if (array.bytes.size() != size) {
    fail("expected " + std::to_string(size) + " bytes of items, got " + std::to_string(array.bytes.size()));
  }
  return array;
}

}  // namespace catvox::test
