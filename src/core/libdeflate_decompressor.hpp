#pragma once

#include <libdeflate.h>

#include <memory>
#include <new>

namespace catvox::detail {

struct FreeDecompressor {
  void operator()(libdeflate_decompressor* d) const noexcept { libdeflate_free_decompressor(d); }
};

/// The calling thread's decompressor, kept for its next call: each is 11 KB of tables.
inline libdeflate_decompressor* thread_decompressor() {
  thread_local const std::unique_ptr<libdeflate_decompressor, FreeDecompressor> decompressor(
      libdeflate_alloc_decompressor());
  if (!decompressor) throw std::bad_alloc();
  return decompressor.get();
}

}  // namespace catvox::detail
