#include "codec/compression.hpp"

#include <algorithm>
#include <array>
#include <catvox/core/text.hpp>
#include <cctype>
#include <limits>
#include <string>

#include "codec/decompressors.hpp"

namespace catvox::detail {
namespace {

constexpr std::array<std::string_view, 7> names{"raw", "gzip", "bzip2", "xz", "lz4", "zstd", "blosc"};

std::size_t copy_raw(detail::Input& payload, detail::Output out) {
  if (payload.size() != out.size()) {
    detail::throw_corrupt("raw", std::to_string(payload.size()) + " bytes, expected " + std::to_string(out.size()));
  }
  std::copy(payload.begin(), payload.end(), out.begin());
  payload = {};
  return out.size();
}

using Decompressor = std::size_t (*)(detail::Input&, detail::Output);

/// nullptr for what the build left out.
Decompressor decompressor(Compression compression) noexcept {
  switch (compression) {
    case Compression::raw:
      return copy_raw;
#ifdef CATVOX_WITH_GZIP
    case Compression::gzip:
      return detail::decompress_gzip;
#endif
#ifdef CATVOX_WITH_BZIP2
    case Compression::bzip2:
      return detail::decompress_bzip2;
#endif
#ifdef CATVOX_WITH_XZ
    case Compression::xz:
      return detail::decompress_xz;
#endif
#ifdef CATVOX_WITH_LZ4
    case Compression::lz4:
      return detail::decompress_lz4;
#endif
#ifdef CATVOX_WITH_ZSTD
    case Compression::zstd:
      return detail::decompress_zstd;
#endif
#ifdef CATVOX_WITH_BLOSC
    case Compression::blosc:
      return detail::decompress_blosc;
#endif
    default:
      return nullptr;
  }
}

[[noreturn]] void throw_left_out(Compression compression) {
  std::string option = "CATVOX_WITH_";
  for (const char c : name(compression)) option += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  throw Error(Errc::unsupported, "compression " + in_quotes(name(compression)) +
                                     " was left out of this build of catvox: configure it with " + option + "=ON");
}

void check_size(const char* what, std::size_t size) {
  // The codecs' own interfaces count in int; N5 blocks are far smaller.
  constexpr std::size_t largest = std::numeric_limits<std::int32_t>::max();
  if (size > largest) {
    throw Error(Errc::too_large, std::string(what) + ": " + std::to_string(size) + " bytes, at most " +
                                     std::to_string(largest) + " are decompressed at a time");
  }
}

}  // namespace

Compression compression_from_name(std::string_view type) {
  const auto found = std::find(names.begin(), names.end(), type);
  if (found == names.end()) throw Error(Errc::unsupported, "unknown compression " + in_quotes(type, 60));
  const auto compression = static_cast<Compression>(found - names.begin());
  if (!is_available(compression)) throw_left_out(compression);
  return compression;
}

std::string_view name(Compression compression) noexcept { return names[static_cast<std::size_t>(compression)]; }

bool is_available(Compression compression) noexcept { return decompressor(compression) != nullptr; }

void decompress(Compression compression, std::span<const std::byte> payload, std::span<std::byte> out) {
  check_size("compressed block", payload.size());
  check_size("decompressed block", out.size());
  const Decompressor run = decompressor(compression);
  if (run == nullptr) throw_left_out(compression);
  const std::size_t written = run(payload, out);
  detail::require_full(name(compression), written, out);
  if (!payload.empty()) {
    detail::throw_corrupt(name(compression), std::to_string(payload.size()) + " bytes follow its end");
  }
}

}  // namespace catvox::detail
