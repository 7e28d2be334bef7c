#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>
#include <span>
#include <utility>

namespace catvox {

/// Bytes that grow without being zero-filled: a vector's memset of a body that is then overwritten
/// costs as much as fetching it.
class Buffer {
 public:
  Buffer() = default;
  /// Uninitialised bytes.
  explicit Buffer(std::size_t size) { resize(size); }
  /// Leaves `other` empty.
  Buffer(Buffer&& other) noexcept
      : data_(std::move(other.data_)),
        size_(std::exchange(other.size_, 0)),
        capacity_(std::exchange(other.capacity_, 0)) {}
  /// Leaves `other` empty.
  Buffer& operator=(Buffer&& other) noexcept {
    data_ = std::move(other.data_);
    size_ = std::exchange(other.size_, 0);
    capacity_ = std::exchange(other.capacity_, 0);
    return *this;
  }

  /// The first byte; null where there is none.
  [[nodiscard]] std::byte* data() noexcept { return data_.get(); }
  /// The first byte; null where there is none.
  [[nodiscard]] const std::byte* data() const noexcept { return data_.get(); }
  /// Bytes held.
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  /// Bytes that there is room for.
  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
  /// All bytes held.
  [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return {data_.get(), size_}; }

  /// Holds nothing afterwards; keeps the memory.
  void clear() noexcept { size_ = 0; }

  /// Makes room for `capacity` bytes in all; keeps the content.
  void reserve(std::size_t capacity) {
    if (capacity <= capacity_) return;
    auto* grown = static_cast<std::byte*>(std::realloc(data_.get(), capacity));
    if (grown == nullptr) throw std::bad_alloc();
    (void)data_.release();
    data_.reset(grown);
    capacity_ = capacity;
  }

  /// Bytes that this adds are uninitialised.
  void resize(std::size_t size) {
    reserve(size);
    size_ = size;
  }

  /// Gives back what is not used, as far as that can be had without a copy.
  void shrink_to_fit() noexcept {
    if (size_ == capacity_ || size_ == 0) return;
    auto* shrunk = static_cast<std::byte*>(std::realloc(data_.get(), size_));
    if (shrunk == nullptr) return;
    (void)data_.release();
    data_.reset(shrunk);
    capacity_ = size_;
  }

  /// Adds bytes at the end, with room for as many again.
  void append(std::span<const std::byte> more) {
    if (more.empty()) return;
    if (more.size() > capacity_ - size_) reserve(std::max(size_ + more.size(), 2 * capacity_));
    std::copy(more.begin(), more.end(), data_.get() + size_);
    size_ += more.size();
  }

 private:
  struct Free {
    void operator()(std::byte* p) const noexcept { std::free(p); }
  };
  std::unique_ptr<std::byte[], Free> data_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace catvox
