#include "bytes/gunzip.hpp"

#include <algorithm>
#include <catvox/core/error.hpp>
#include <string>

#ifdef CATVOX_WITH_GZIP
#include "core/libdeflate_decompressor.hpp"
#endif

namespace catvox::detail {

#ifdef CATVOX_WITH_GZIP
Buffer gunzip(std::span<const std::byte> encoded, std::size_t max_bytes) {
  Buffer decoded;
  decoded.reserve(std::min(max_bytes, std::max<std::size_t>(4 * encoded.size(), 4096)));
  do {
    std::size_t consumed = 0, produced = 0;
    const auto result = libdeflate_gzip_decompress_ex(thread_decompressor(), encoded.data(), encoded.size(),
                                                      decoded.data() + decoded.size(),
                                                      decoded.capacity() - decoded.size(), &consumed, &produced);
    if (result == LIBDEFLATE_INSUFFICIENT_SPACE) {
      if (decoded.capacity() >= max_bytes) {
        throw Error(Errc::too_large, "gzip: more than the limit of " + std::to_string(max_bytes) + " bytes");
      }
      decoded.reserve(std::min(max_bytes, 2 * decoded.capacity()));
      continue;
    }
    if (result != LIBDEFLATE_SUCCESS) throw Error(Errc::corrupt_data, "gzip: damaged or cut short");
    encoded = encoded.subspan(consumed);
    decoded.resize(decoded.size() + produced);
  } while (!encoded.empty());
  return decoded;
}
#else
Buffer gunzip(std::span<const std::byte>, std::size_t) {
  throw Error(Errc::unsupported, "gzip is not part of this build (CATVOX_WITH_GZIP)");
}
#endif

}  // namespace catvox::detail
