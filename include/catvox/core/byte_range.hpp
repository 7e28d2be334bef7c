#pragma once

#include <cstdint>

namespace catvox {

/// A stretch of an object, in bytes.
struct ByteRange {
  std::uint64_t begin = 0;  ///< the first byte, from 0
  std::uint64_t size = 0;   ///< how many bytes
  friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

}  // namespace catvox
