#pragma once

#include <catvox/core/dtype.hpp>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <vector>

/// The datasets of tests/data/n5; see the README there.
namespace n5_fixtures {

using Bytes = std::vector<std::byte>;

inline std::filesystem::path root() { return std::filesystem::path(CATVOX_TEST_DATA) / "n5"; }

inline std::string read_text(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("no fixture " + path.string());
  return {std::istreambuf_iterator<char>(file), {}};
}

inline Bytes read_bytes(const std::filesystem::path& path) {
  const std::string text = read_text(path);
  const auto* data = reinterpret_cast<const std::byte*>(text.data());
  return {data, data + text.size()};
}

/// The compressed part of a three-dimensional block of mode 0.
inline Bytes payload(const std::string& block) {
  const Bytes bytes = read_bytes(root() / block);
  return {bytes.begin() + 16, bytes.end()};
}

/// The voxel at position n, the first N5 dimension fastest: writers/values.py.
template <class T>
T voxel(std::int64_t n) {
  using catvox::DType;
  const auto u = static_cast<std::uint64_t>(n);
  switch (catvox::dtype_of<T>) {
    case DType::uint8:
      return static_cast<T>((n * 7 + 1) % 251);
    case DType::uint16:
      return static_cast<T>(0x4321 + n * 3);
    case DType::uint32:
      return static_cast<T>(0x87654321 + n * 5);
    case DType::uint64:
      return static_cast<T>(0x8765432101234567 + u * 0x100000001);
    case DType::int8:
      return static_cast<T>((n * 7 + 1) % 251 - 125);
    case DType::int16:
      return static_cast<T>(1000 - 77 * n);
    case DType::int32:
      return static_cast<T>(100000 - 1234567 * n);
    case DType::int64:
      return static_cast<T>(5 - 1234567890123 * n);
    case DType::float32:
      return static_cast<T>(0.25 * static_cast<double>(n) - 40.5);
    case DType::float64:
      return static_cast<T>(0.0009765625 * static_cast<double>(n) - 1e9);
  }
  return T{};
}

/// The first `count` voxels as an N5 block holds them: big-endian.
template <class T>
Bytes big_endian_voxels(std::int64_t count) {
  Bytes bytes;
  for (std::int64_t n = 0; n < count; ++n) {
    const T value = voxel<T>(n);
    const auto native = std::as_bytes(std::span(&value, 1));
    bytes.insert(bytes.end(), native.rbegin(), native.rend());
  }
  return bytes;
}

}  // namespace n5_fixtures
