#include <lz4.h>
#include <lz4frame.h>
#include <xxhash.h>

#include <algorithm>
#include <memory>
#include <new>

#include "codec/decompressors.hpp"
#include "core/endian.hpp"

namespace catvox::detail {
namespace {

// No bare block starts with either: as a block, both refer to bytes before the output's first.
constexpr std::uint8_t frame_magic[] = {0x04, 0x22, 0x4d, 0x18};
constexpr std::uint8_t record_magic[] = {'L', 'Z', '4', 'B', 'l', 'o', 'c', 'k'};

/// Decodes a bare block; true if it gives exactly `out`.
bool decode_bare(Input block, Output out) noexcept {
  const int written =
      LZ4_decompress_safe(reinterpret_cast<const char*>(block.data()), reinterpret_cast<char*>(out.data()),
                          static_cast<int>(block.size()), static_cast<int>(out.size()));
  return written >= 0 && static_cast<std::size_t>(written) == out.size();
}

struct RecordHeader {
  static constexpr std::size_t size = 21;

  unsigned method;  ///< 0x10 stored, 0x20 LZ4
  std::uint32_t compressed;
  std::uint32_t original;
  std::uint32_t checksum;  ///< of the original bytes; all numbers little-endian
};

RecordHeader read_record_header(Input payload) {
  if (payload.size() < RecordHeader::size) throw_corrupt("lz4", "cut short");
  if (!starts_with(payload, record_magic)) throw_corrupt("lz4", "damaged: a record without \"LZ4Block\"");
  return {std::to_integer<unsigned>(payload[8]) & 0xf0, load_le<std::uint32_t>(payload.data() + 9),
          load_le<std::uint32_t>(payload.data() + 13), load_le<std::uint32_t>(payload.data() + 17)};
}

void decode_record(const RecordHeader& header, Input data, Output out) {
  constexpr unsigned stored = 0x10;
  constexpr unsigned compressed = 0x20;
  bool decoded = false;
  if (header.method == stored && data.size() == out.size()) {
    std::copy(data.begin(), data.end(), out.begin());
    decoded = true;
  } else if (header.method == compressed) {
    decoded = decode_bare(data, out);
  }
  if (!decoded) throw_corrupt("lz4", "damaged");
  // lz4-java keeps 28 bits of the hash.
  constexpr std::uint32_t seed = 0x9747b28c;
  if ((XXH32(out.data(), out.size(), seed) & 0x0fffffff) != header.checksum) throw_corrupt("lz4", "wrong checksum");
}

/// lz4-java's LZ4BlockOutputStream: records up to one that is empty.
std::size_t decode_records(Input& payload, Output out) {
  std::size_t written = 0;
  for (;;) {
    const RecordHeader header = read_record_header(payload);
    payload = payload.subspan(RecordHeader::size);
    if (header.original == 0) {
      if (header.compressed != 0 || header.checksum != 0) throw_corrupt("lz4", "damaged");
      break;
    }
    if (header.compressed > payload.size()) throw_corrupt("lz4", "cut short");
    if (header.original > out.size() - written) throw_too_long("lz4", out);
    decode_record(header, payload.first(header.compressed), out.subspan(written, header.original));
    payload = payload.subspan(header.compressed);
    written += header.original;
  }
  return written;
}

struct FreeFrameContext {
  void operator()(LZ4F_dctx* context) const noexcept { LZ4F_freeDecompressionContext(context); }
};

LZ4F_dctx* thread_frame_context() {
  thread_local const std::unique_ptr<LZ4F_dctx, FreeFrameContext> context([] {
    LZ4F_dctx* created = nullptr;
    return LZ4F_isError(LZ4F_createDecompressionContext(&created, LZ4F_VERSION)) ? nullptr : created;
  }());
  if (!context) throw std::bad_alloc();
  LZ4F_resetDecompressionContext(context.get());  // whatever a damaged frame left
  return context.get();
}

std::size_t decode_frames(Input& payload, Output out) {
  LZ4F_decompressOptions_t options{};
  options.stableDst = 1;  // `out` keeps what was decoded, so that linked blocks need no second copy
  std::size_t written = 0;
  do {
    LZ4F_dctx* const context = thread_frame_context();
    for (std::size_t hint = 1; hint != 0;) {
      std::size_t produced = out.size() - written;
      std::size_t consumed = payload.size();
      hint = LZ4F_decompress(context, out.data() + written, &produced, payload.data(), &consumed, &options);
      if (LZ4F_isError(hint)) throw_corrupt("lz4", LZ4F_getErrorName(hint));
      payload = payload.subspan(consumed);
      written += produced;
      if (hint != 0 && payload.empty()) throw_corrupt("lz4", "cut short");
      if (hint != 0 && consumed == 0 && produced == 0) throw_too_long("lz4", out);
    }
  } while (starts_with(payload, frame_magic));
  return written;
}

/// numcodecs puts the decoded size, as a little-endian number, before a bare block.
bool decode_with_size(Input payload, Output out) noexcept {
  return payload.size() > 4 && load_le<std::uint32_t>(payload.data()) == out.size() &&
         decode_bare(payload.subspan(4), out);
}

}  // namespace

std::size_t decompress_lz4(Input& payload, Output out) {
  if (starts_with(payload, record_magic)) return decode_records(payload, out);
  if (starts_with(payload, frame_magic)) return decode_frames(payload, out);
  if (decode_with_size(payload, out) || decode_bare(payload, out)) {
    payload = {};  // LZ4 takes a bare block to its last byte
    return out.size();
  }
  throw_corrupt("lz4",
                "neither LZ4Block records nor a frame, and no bare block of " + std::to_string(out.size()) + " bytes");
}

}  // namespace catvox::detail
