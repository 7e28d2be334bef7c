#include "codec/compress.hpp"

#include <algorithm>
#include <catvox/core/error.hpp>
#include <catvox/core/text.hpp>
#include <limits>
#include <memory>
#include <new>

#ifdef CATVOX_WITH_GZIP
#include <libdeflate.h>
#endif
#ifdef CATVOX_WITH_ZSTD
#include <zstd.h>
#endif
#ifdef CATVOX_WITH_BLOSC
#include <blosc.h>
#endif

namespace catvox::detail {
namespace {

// Each fills `out`, which has room for the worst case, and returns the bytes used; 0: the codec failed.

#ifdef CATVOX_WITH_GZIP
struct FreeGzip {
  void operator()(libdeflate_compressor* c) const noexcept { libdeflate_free_compressor(c); }
};

Buffer compress_gzip(int level, std::span<const std::byte> payload) {
  thread_local std::unique_ptr<libdeflate_compressor, FreeGzip> compressor;
  thread_local int compressor_level = 0;
  if (!compressor || compressor_level != level) {
    compressor.reset(libdeflate_alloc_compressor(level));
    compressor_level = level;
  }
  if (!compressor) throw std::bad_alloc();
  Buffer out;
  out.resize(libdeflate_gzip_compress_bound(compressor.get(), payload.size()));
  out.resize(libdeflate_gzip_compress(compressor.get(), payload.data(), payload.size(), out.data(), out.size()));
  return out;
}
#endif

#ifdef CATVOX_WITH_ZSTD
Buffer compress_zstd(int level, std::span<const std::byte> payload) {
  Buffer out;
  out.resize(ZSTD_compressBound(payload.size()));
  const std::size_t used = ZSTD_compress(out.data(), out.size(), payload.data(), payload.size(), level);
  out.resize(ZSTD_isError(used) != 0 ? 0 : used);
  return out;
}
#endif

#ifdef CATVOX_WITH_BLOSC
Buffer compress_blosc(const Compressor& compressor, std::span<const std::byte> payload, std::size_t item_size) {
  Buffer out;
  out.resize(payload.size() + BLOSC_MAX_OVERHEAD);
  // The context variant: the plain one serialises all threads on a lock.
  const int used = blosc_compress_ctx(compressor.level, BLOSC_SHUFFLE, item_size, payload.size(), payload.data(),
                                      out.data(), out.size(), compressor.blosc_codec.c_str(), 0, 1);
  out.resize(static_cast<std::size_t>(std::max(used, 0)));
  return out;
}
#endif

Buffer copy_raw(std::span<const std::byte> payload) {
  Buffer out;
  out.append(payload);
  return out;
}

void check_level(const Compressor& compressor, int most) {
  if (compressor.level >= 1 && compressor.level <= most) return;
  throw Error(Errc::invalid_argument, std::string(name(compressor.compression)) + " has the levels 1 to " +
                                          std::to_string(most) + ", got " + std::to_string(compressor.level));
}

}  // namespace

void check_compressor(const Compressor& compressor) {
  (void)compression_from_name(name(compressor.compression));  // is in this build
  switch (compressor.compression) {
    case Compression::raw:
      return;
    case Compression::gzip:
      return check_level(compressor, 9);
    case Compression::zstd:
      return check_level(compressor, 19);
    case Compression::blosc: {
      constexpr std::string_view codecs[] = {"blosclz", "lz4", "lz4hc", "zlib", "zstd"};
      if (std::ranges::find(codecs, compressor.blosc_codec) == std::end(codecs)) {
        throw Error(Errc::invalid_argument, "blosc has no codec " + in_quotes(compressor.blosc_codec, 60) +
                                                ", only blosclz, lz4, lz4hc, zlib and zstd");
      }
      return check_level(compressor, 9);
    }
    default:
      throw Error(Errc::unsupported, "blocks are written raw or in gzip, zstd or blosc, not in " +
                                         std::string(name(compressor.compression)));
  }
}

Buffer compress(const Compressor& compressor, std::span<const std::byte> payload, std::size_t item_size) {
  // The codecs' own interfaces count in int, and so do readers'.
  constexpr std::size_t largest = std::numeric_limits<std::int32_t>::max();
  if (payload.size() > largest) {
    throw Error(Errc::too_large, "a block of " + std::to_string(payload.size()) + " bytes; at most " +
                                     std::to_string(largest) + " can be compressed at a time");
  }
  Buffer out;
  switch (compressor.compression) {
    case Compression::raw:
      return copy_raw(payload);
#ifdef CATVOX_WITH_GZIP
    case Compression::gzip:
      out = compress_gzip(compressor.level, payload);
      break;
#endif
#ifdef CATVOX_WITH_ZSTD
    case Compression::zstd:
      out = compress_zstd(compressor.level, payload);
      break;
#endif
#ifdef CATVOX_WITH_BLOSC
    case Compression::blosc:
      out = compress_blosc(compressor, payload, item_size);
      break;
#endif
    default:
      check_compressor(compressor);
  }
  (void)item_size;
  if (out.size() == 0) {
    throw Error(Errc::io, "cannot compress a block of " + std::to_string(payload.size()) + " bytes in " +
                              std::string(name(compressor.compression)));
  }
  return out;
}

}  // namespace catvox::detail
