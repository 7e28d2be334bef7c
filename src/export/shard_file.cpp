// https://github.com/google/neuroglancer/blob/master/src/datasource/precomputed/sharded.md
#include "export/shard_file.hpp"

#include <algorithm>
#include <bit>
#include <catvox/core/error.hpp>
#include <utility>
#include <vector>

#include "core/endian.hpp"

namespace catvox::detail {
namespace {

constexpr std::size_t number = 8;

void put(Buffer& out, std::uint64_t value) {
  if constexpr (std::endian::native == std::endian::big) value = swap_bytes(value);
  out.append(std::as_bytes(std::span(&value, 1)));
}

std::uint64_t minishard_of(const ShardingSpec& sharding, std::uint64_t chunk) {
  return chunk >> sharding.preshift_bits & ((std::uint64_t{1} << sharding.minishard_bits) - 1);
}

}  // namespace

ShardGrid plan_shards(const VolumeVector& grid, std::int64_t chunk_bytes, std::int64_t most_bytes) {
  ShardGrid shards;
  shards.chunks = {1, 1, 1};
  int bits = 0, in_shard = 0;
  bool full = false;
  for (unsigned bit = 0; bit < 63; ++bit) {
    for (std::size_t d = 0; d < 3; ++d) {
      if (std::int64_t{1} << bit >= grid[d]) continue;
      ++bits;
      full = full || (chunk_bytes << (in_shard + 1)) > most_bytes;
      if (full) continue;
      ++in_shard;
      shards.chunks[d] *= 2;
    }
  }
  if (bits > 64) throw Error(Errc::too_large, "so many chunks that their numbers exceed 64 bits");
  shards.sharding.preshift_bits = std::min(in_shard, 6);
  shards.sharding.minishard_bits = in_shard - shards.sharding.preshift_bits;
  shards.sharding.shard_bits = bits - in_shard;
  return shards;
}

std::string shard_name(const ShardingSpec& sharding, std::uint64_t shard) {
  std::string name;
  for (int digit = std::max(1, (sharding.shard_bits + 3) / 4); digit-- > 0;) {
    name += "0123456789abcdef"[shard >> (4 * digit) & 15];
  }
  return name + ".shard";
}

Buffer encode_shard(const ShardingSpec& sharding, const std::map<std::uint64_t, Buffer>& chunks) {
  Buffer data;
  struct Minishard {
    std::vector<std::uint64_t> ids, gaps, sizes;
    std::uint64_t last_id = 0, end = 0;
  };
  std::vector<Minishard> minishards(std::size_t{1} << sharding.minishard_bits);
  for (const auto& [id, content] : chunks) {  // ascending, as each minishard wants its own
    Minishard& minishard = minishards[minishard_of(sharding, id)];
    minishard.ids.push_back(id - std::exchange(minishard.last_id, id));
    minishard.gaps.push_back(data.size() - minishard.end);
    minishard.sizes.push_back(content.size());
    data.append(content.bytes());
    minishard.end = data.size();
  }
  Buffer index, tables;
  for (const Minishard& minishard : minishards) {
    const std::uint64_t begin = data.size() + tables.size();
    for (const auto* column : {&minishard.ids, &minishard.gaps, &minishard.sizes}) {
      for (const std::uint64_t value : *column) put(tables, value);
    }
    put(index, begin);
    put(index, data.size() + tables.size());
  }
  index.append(data.bytes());
  index.append(tables.bytes());
  return index;
}

std::span<const std::byte> find_in_shard(const ShardingSpec& sharding, std::span<const std::byte> shard,
                                         std::uint64_t chunk) {
  const std::size_t index_bytes = 2 * number << sharding.minishard_bits;
  const auto part = [&](std::uint64_t begin, std::uint64_t size) {
    if (shard.size() < index_bytes || begin > shard.size() - index_bytes || size > shard.size() - index_bytes - begin) {
      throw Error(Errc::corrupt_data, "a shard is cut short");
    }
    return shard.subspan(index_bytes + begin, size);
  };
  (void)part(0, 0);
  const std::byte* entry = shard.data() + 2 * number * minishard_of(sharding, chunk);
  const std::uint64_t table_begin = load_le<std::uint64_t>(entry);
  const auto table = part(table_begin, load_le<std::uint64_t>(entry + number) - table_begin);
  const std::size_t count = table.size() / (3 * number);
  std::uint64_t id = 0, begin = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const auto value = [&](std::size_t column) {
      return load_le<std::uint64_t>(table.data() + (column * count + i) * number);
    };
    id += value(0);
    begin += value(1);
    if (id == chunk) return part(begin, value(2));
    begin += value(2);
  }
  return {};
}

}  // namespace catvox::detail
