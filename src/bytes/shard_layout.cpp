// https://github.com/google/neuroglancer/blob/master/src/datasource/precomputed/sharded.md

#include "bytes/shard_layout.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <catvox/core/error.hpp>
#include <charconv>
#include <tuple>

#include "core/endian.hpp"
#include "core/inflate.hpp"

namespace catvox::detail {
namespace {

constexpr std::uint64_t page_entries = 4096;                      // of a shard's index that are read together
constexpr std::uint64_t largest_index = std::uint64_t{64} << 20;  // bytes, of a minishard
constexpr std::uint64_t largest = ~std::uint64_t{0};

std::uint64_t low_bits(std::uint64_t value, int bits) noexcept {
  return bits >= 64 ? value : value & ((std::uint64_t{1} << bits) - 1);
}
std::uint64_t shifted(std::uint64_t value, int bits) noexcept { return bits >= 64 ? 0 : value >> bits; }

// MurmurHash3_x86_128, seed 0, of the eight little-endian bytes of a key: the low half of the result.
std::uint64_t murmur(std::uint64_t key) noexcept {
  constexpr std::uint32_t c1 = 0x239b961b, c2 = 0xab0e9789, c3 = 0x38b34ae5;
  const auto mix = [](std::uint32_t h) {
    h = (h ^ (h >> 16)) * 0x85ebca6bU;
    h = (h ^ (h >> 13)) * 0xc2b2ae35U;
    return h ^ (h >> 16);
  };
  constexpr std::uint32_t length = 8;
  std::uint32_t h1 = (std::rotl(static_cast<std::uint32_t>(key) * c1, 15) * c2) ^ length;
  std::uint32_t h2 = (std::rotl(static_cast<std::uint32_t>(key >> 32) * c2, 16) * c3) ^ length;
  std::uint32_t h3 = length, h4 = length;
  const auto add = [&] {
    h1 += h2 + h3 + h4;
    h2 += h1;
    h3 += h1;
    h4 += h1;
  };
  add();
  h1 = mix(h1);
  h2 = mix(h2);
  h3 = mix(h3);
  h4 = mix(h4);
  add();
  return std::uint64_t{h2} << 32 | h1;
}

[[noreturn]] void throw_corrupt(const std::string& what) { throw Error(Errc::corrupt_data, what); }

ShardLayout::Numbers numbers_in(std::span<const std::byte> bytes) {
  ShardLayout::Numbers numbers(bytes.size() / 8);
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = load_le<std::uint64_t>(bytes.data() + 8 * i);
  return numbers;
}

}  // namespace

ShardLayout::ShardLayout(ShardingSpec spec) : spec_(spec) {
  const auto check = [](const char* name, int bits, int most) {
    if (bits >= 0 && bits <= most) return;
    throw Error(Errc::invalid_metadata, "sharding: \"" + std::string(name) + "\" is " + std::to_string(bits) +
                                            ", not 0 to " + std::to_string(most));
  };
  check("preshift_bits", spec.preshift_bits, 64);
  check("minishard_bits", spec.minishard_bits, 32);
  check("shard_bits", spec.shard_bits, 64 - spec.minishard_bits);
}

ShardLayout::Place ShardLayout::place_of(std::uint64_t chunk) const noexcept {
  std::uint64_t hash = shifted(chunk, spec_.preshift_bits);
  if (spec_.hash == ShardingSpec::Hash::murmurhash3_x86_128) hash = murmur(hash);
  return {low_bits(shifted(hash, spec_.minishard_bits), spec_.shard_bits), low_bits(hash, spec_.minishard_bits)};
}

std::string ShardLayout::file_of(std::uint64_t shard) const {
  std::array<char, 16> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), shard, 16).ptr;
  const std::string text(digits.data(), end);
  const auto width = static_cast<std::size_t>((spec_.shard_bits + 3) / 4);
  return std::string(width - std::min(width, text.size()), '0') + text + ".shard";
}

std::uint64_t ShardLayout::page_of(std::uint64_t minishard) noexcept { return minishard / page_entries; }

ByteRange ShardLayout::page_range(std::uint64_t page) const noexcept {
  const std::uint64_t begin = page * page_entries * 16;
  return {begin, std::min(page_entries * 16, index_end() - begin)};
}

ShardLayout::Numbers ShardLayout::parse_page(std::span<const std::byte> page) { return numbers_in(page); }

std::optional<ByteRange> ShardLayout::minishard_range(const Numbers& page, std::uint64_t minishard) const {
  if (page.empty()) return {};
  const std::size_t at = static_cast<std::size_t>(minishard % page_entries) * 2;
  const std::uint64_t start = page.at(at), end = page.at(at + 1);
  if (start == end) return {};
  if (start > end || end > largest - index_end() || end - start > largest_index) {
    throw_corrupt("the shard's index has a minishard from " + std::to_string(start) + " to " + std::to_string(end));
  }
  return ByteRange{index_end() + start, end - start};
}

ShardLayout::Numbers ShardLayout::parse_minishard(std::span<const std::byte> index) const {
  Buffer plain;
  if (spec_.minishard_index_encoding == ShardingSpec::Encoding::gzip) {
    plain = gunzip(index, largest_index);
    index = plain.bytes();
  }
  if (index.size() % 24 != 0) {
    throw_corrupt("the index of a minishard has " + std::to_string(index.size()) + " bytes, no multiple of 24");
  }
  const Numbers rows = numbers_in(index);
  const std::size_t count = rows.size() / 3;
  std::vector<std::tuple<std::uint64_t, std::uint64_t, std::uint64_t>> chunks;
  chunks.reserve(count);
  std::uint64_t id = 0, end = index_end();
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t gap = rows[count + i], size = rows[2 * count + i];
    if (gap > largest - end || size > largest - end - gap) {
      throw_corrupt("the index of a minishard has a chunk beyond 2^64 bytes");
    }
    id += rows[i];
    chunks.emplace_back(id, end + gap, size);
    end += gap + size;
  }
  std::sort(chunks.begin(), chunks.end());
  Numbers table;
  table.reserve(3 * count);
  for (const auto& [number, begin, size] : chunks) table.insert(table.end(), {number, begin, size});
  return table;
}

std::optional<ByteRange> ShardLayout::chunk_range(const Numbers& minishard, std::uint64_t chunk) noexcept {
  std::size_t first = 0, last = minishard.size() / 3;
  while (first < last) {
    const std::size_t middle = first + (last - first) / 2;
    (minishard[3 * middle] < chunk ? first : last) = minishard[3 * middle] < chunk ? middle + 1 : middle;
  }
  if (3 * first == minishard.size() || minishard[3 * first] != chunk) return {};
  return ByteRange{minishard[3 * first + 1], minishard[3 * first + 2]};
}

}  // namespace catvox::detail
