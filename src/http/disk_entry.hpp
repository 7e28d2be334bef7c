#pragma once

#include <catvox/core/buffer.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "http/digest.hpp"

namespace catvox::detail {

/// An answer as it is kept in a file of its own.
struct DiskEntry {
  Digest key{};              ///< of the request that it answers
  bool missing = false;      ///< there was nothing
  std::int64_t stored = 0;   ///< seconds since 1970, by now_in_seconds()
  std::string generation{};  ///< what tells this content from a later one; empty: unknown
  Buffer body{};
};

/// The clock that entries are dated by and that their age is judged by. Not std::time(), which may lag behind others:
/// they would come from the future.
std::int64_t now_in_seconds();

/// What a file begins with, before the body. Little-endian: "catvoxde", u32 version, u32 whether it is missing, key, i64
/// stored, u32 size of the generation, u32 0, u64 size of the body, u64 XXH3-64 of all that is before and after it; then
/// the generation. Empty if that is too long to be kept.
std::string entry_head(const DiskEntry& entry);

/// Whether an open file begins as an entry does.
bool is_entry(int file);

/// Reads an open file from its beginning. Null if it is not, to the bit, what was written for that key.
/// \param body  memory to use for the body
std::optional<DiskEntry> read_entry(int file, const Digest& key, std::size_t max_body_bytes, Buffer body);

}  // namespace catvox::detail
