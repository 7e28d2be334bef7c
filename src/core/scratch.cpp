#include "core/scratch.hpp"

#include <array>
#include <utility>

namespace catvox::detail {
namespace {

/// A stack: scopes nest, so that the use which returns a buffer last is the first to ask for it again.
struct Kept {
  std::array<Buffer, 4> buffers;
  std::size_t count = 0;
  std::size_t bytes = 0;
};

Kept& kept() noexcept {
  thread_local Kept kept;
  return kept;
}

}  // namespace

Scratch::Scratch(std::size_t size) {
  if (Kept& k = kept(); k.count > 0) {
    buffer_ = std::move(k.buffers[--k.count]);
    k.bytes -= buffer_.capacity();
    // What is too small would be copied to grow.
    if (buffer_.capacity() < size) buffer_ = Buffer();
  }
  buffer_.resize(size);
}

Scratch::~Scratch() {
  Kept& k = kept();
  if (k.count == k.buffers.size() || buffer_.capacity() > most_kept_scratch_bytes - k.bytes) return;
  buffer_.clear();
  k.bytes += buffer_.capacity();
  k.buffers[k.count++] = std::move(buffer_);
}

std::size_t kept_scratch_bytes() noexcept { return kept().bytes; }

}  // namespace catvox::detail
