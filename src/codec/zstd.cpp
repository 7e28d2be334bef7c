#include <zstd.h>
#include <zstd_errors.h>

#include <memory>
#include <new>

#include "codec/decompressors.hpp"
#include "core/endian.hpp"

namespace catvox::detail {
namespace {

struct Free {
  void operator()(ZSTD_DCtx* context) const noexcept { ZSTD_freeDCtx(context); }
};

ZSTD_DCtx* thread_context() {
  thread_local const std::unique_ptr<ZSTD_DCtx, Free> context(ZSTD_createDCtx());
  if (!context) throw std::bad_alloc();
  return context.get();
}

/// A frame, or a skippable frame (which holds no data).
bool starts_frame(Input payload) noexcept {
  if (payload.size() < 4) return false;
  const std::uint32_t magic = load_le<std::uint32_t>(payload.data());
  return magic == ZSTD_MAGICNUMBER || (magic & ZSTD_MAGIC_SKIPPABLE_MASK) == ZSTD_MAGIC_SKIPPABLE_START;
}

}  // namespace

std::size_t decompress_zstd(Input& payload, Output out) {
  if (!starts_frame(payload)) throw_corrupt("zstd", "does not start as a zstd frame");
  std::size_t written = 0;
  do {
    // The frame's extent first: ZSTD_decompressDCtx takes whatever follows for a further frame.
    const std::size_t frame = ZSTD_findFrameCompressedSize(payload.data(), payload.size());
    if (ZSTD_isError(frame)) throw_corrupt("zstd", "damaged or cut short");
    const std::size_t produced =
        ZSTD_decompressDCtx(thread_context(), out.data() + written, out.size() - written, payload.data(), frame);
    if (ZSTD_isError(produced)) {
      if (ZSTD_getErrorCode(produced) == ZSTD_error_dstSize_tooSmall) throw_too_long("zstd", out);
      throw_corrupt("zstd", ZSTD_getErrorName(produced));
    }
    payload = payload.subspan(frame);
    written += produced;
  } while (starts_frame(payload));
  return written;
}

}  // namespace catvox::detail
