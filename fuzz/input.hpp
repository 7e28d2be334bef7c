#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>

namespace catvox::fuzz {

/// Ends the program, which the fuzzer takes for a finding.
inline void require(bool holds) {
  if (!holds) std::abort();
}

/// Takes an input apart. What lies beyond its end is zeros.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}

  [[nodiscard]] bool empty() const { return size_ == 0; }

  template <class T>
  T take() {
    T value{};
    const std::size_t bytes = std::min(sizeof value, size_);
    std::memcpy(&value, data_, bytes);
    skip(bytes);
    return value;
  }

  /// A number from `low` to `high`, from one byte.
  std::int64_t within(std::int64_t low, std::int64_t high) { return low + take<std::uint8_t>() % (high - low + 1); }

  /// The next `size` bytes, as many as there are.
  std::string text(std::size_t size) {
    const std::size_t bytes = std::min(size, size_);
    std::string text(reinterpret_cast<const char*>(data_), bytes);
    skip(bytes);
    return text;
  }

  std::string rest() { return text(size_); }

 private:
  void skip(std::size_t bytes) {
    data_ += bytes;
    size_ -= bytes;
  }

  const std::uint8_t* data_;
  std::size_t size_;
};

}  // namespace catvox::fuzz
