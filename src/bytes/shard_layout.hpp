#pragma once

#include <catvox/core/byte_range.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace catvox::detail {

/// How chunks lie in shards, as an `info` says it (`neuroglancer_uint64_sharded_v1`).
struct ShardingSpec {
  enum class Hash : std::uint8_t { identity, murmurhash3_x86_128 };
  enum class Encoding : std::uint8_t { raw, gzip };

  int preshift_bits = 0;   ///< 0 to 64
  int minishard_bits = 0;  ///< 0 to 32; with shard_bits at most 64
  int shard_bits = 0;
  Hash hash = Hash::identity;
  Encoding minishard_index_encoding = Encoding::raw;
  Encoding data_encoding = Encoding::raw;
};

/// Where a chunk lies, and what the indices of shards say. Knows numbers only; those of an index are not trusted.
///
/// A shard is its index (the range of each minishard's index), then chunks and minishards' indices in any order. The
/// shard's index is read in pages, as it may have 2^32 entries.
class ShardLayout {
 public:
  using Numbers = std::vector<std::uint64_t>;

  /// \throws Error{invalid_metadata} naming the number of bits that is out of range
  explicit ShardLayout(ShardingSpec spec);

  struct Place {
    std::uint64_t shard = 0, minishard = 0;
  };
  [[nodiscard]] Place place_of(std::uint64_t chunk) const noexcept;

  /// "1f.shard"
  [[nodiscard]] std::string file_of(std::uint64_t shard) const;

  [[nodiscard]] static std::uint64_t page_of(std::uint64_t minishard) noexcept;
  [[nodiscard]] ByteRange page_range(std::uint64_t page) const noexcept;

  /// A page as it is in the file: (start, end) of each minishard's index.
  [[nodiscard]] static Numbers parse_page(std::span<const std::byte> page);

  /// Of a minishard's index. Nothing if the minishard is empty.
  /// \param page  what parse_page() gave for page_of(minishard); empty: there is no such shard
  /// \throws Error{corrupt_data} for a range that cannot be
  [[nodiscard]] std::optional<ByteRange> minishard_range(const Numbers& page, std::uint64_t minishard) const;

  /// (number, begin, size) of each chunk of a minishard, in order of numbers.
  /// \param index  as it is in the file
  /// \throws Error{corrupt_data} for what is no index; Error{too_large} for one that decompresses to too much
  [[nodiscard]] Numbers parse_minishard(std::span<const std::byte> index) const;

  /// Of a chunk. Nothing if the minishard does not list it. May lie beyond the file.
  [[nodiscard]] static std::optional<ByteRange> chunk_range(const Numbers& minishard, std::uint64_t chunk) noexcept;

  [[nodiscard]] const ShardingSpec& spec() const noexcept { return spec_; }

 private:
  [[nodiscard]] std::uint64_t index_end() const noexcept { return std::uint64_t{16} << spec_.minishard_bits; }

  ShardingSpec spec_;
};

}  // namespace catvox::detail
