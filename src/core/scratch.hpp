#pragma once

#include <catvox/core/buffer.hpp>
#include <cstddef>
#include <span>

namespace catvox::detail {

/// What a thread keeps of its scratch memory from one use to the next, at most.
inline constexpr std::size_t most_kept_scratch_bytes = std::size_t{8} << 20;

/// Memory for the length of a scope, not initialised. A thread keeps what it has used for its next Scratch, because the
/// page faults of fresh memory cost as much as many a decoder; but it does not keep what is large, so that one odd
/// chunk does not stay with every thread that has met one.
class Scratch {
 public:
  explicit Scratch(std::size_t size = 0);
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  [[nodiscard]] std::byte* data() noexcept { return buffer_.data(); }
  [[nodiscard]] std::span<std::byte> bytes() noexcept { return {buffer_.data(), buffer_.size()}; }
  [[nodiscard]] Buffer& buffer() noexcept { return buffer_; }

 private:
  Buffer buffer_;
};

/// What the calling thread keeps at the moment.
std::size_t kept_scratch_bytes() noexcept;

}  // namespace catvox::detail
