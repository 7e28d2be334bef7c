#pragma once

#include <libdeflate.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace catvox::test {

inline std::string little_endian(const std::vector<std::uint64_t>& numbers) {
  std::string out;
  for (const auto number : numbers) {
    for (int b = 0; b < 8; ++b) out += static_cast<char>(number >> (8 * b) & 0xff);
  }
  return out;
}

inline std::string gzip(const std::string& plain) {
  libdeflate_compressor* compressor = libdeflate_alloc_compressor(6);
  std::string out(libdeflate_gzip_compress_bound(compressor, plain.size()), '\0');
  out.resize(libdeflate_gzip_compress(compressor, plain.data(), plain.size(), out.data(), out.size()));
  libdeflate_free_compressor(compressor);
  return out;
}

/// One shard: chunks of each minishard in order, then their indices, as the format's description has it.
/// \param minishards  2^minishard_bits of them: a chunk's bytes by its number
inline std::string shard(const std::vector<std::map<std::uint64_t, std::string>>& minishards, bool gzip_index = false,
                         bool gzip_data = false) {
  std::string data, index;
  std::vector<std::string> tables;
  for (const auto& chunks : minishards) {
    std::vector<std::uint64_t> ids, gaps, sizes;
    std::uint64_t last = 0, begin = data.size();
    for (const auto& [id, plain] : chunks) {
      const auto body = gzip_data ? gzip(plain) : plain;
      ids.push_back(id - last);
      last = id;
      gaps.push_back(std::exchange(begin, 0));
      sizes.push_back(body.size());
      data += body;
    }
    const auto table = little_endian(ids) + little_endian(gaps) + little_endian(sizes);
    tables.push_back(chunks.empty() ? "" : gzip_index ? gzip(table) : table);
  }
  std::uint64_t at = data.size();
  for (const auto& table : tables) {
    index += little_endian({at, at + table.size()});
    at += table.size();
    data += table;
  }
  return index + data;
}

}  // namespace catvox::test
