#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>

#include "bytes/shard_layout.hpp"

namespace catvox::detail {

/// Indices of shards that are kept, of all scales of a volume: one budget, the least recently used go first. That there is
/// no such shard or minishard is kept, too.
///
/// Thread-safe. Its mutex is a leaf.
class ShardIndices {
 public:
  /// A page of a shard's index, or a minishard's index, as ShardLayout parses them. Empty if there is nothing.
  using Table = std::shared_ptr<const ShardLayout::Numbers>;

  struct Key {
    std::uint64_t scale = 0;  ///< of add_scale()
    std::uint64_t shard = 0;
    bool of_minishard = false;
    std::uint64_t number = 0;
    friend auto operator<=>(const Key&, const Key&) = default;
  };

  explicit ShardIndices(std::size_t max_bytes = std::size_t{32} << 20) : max_bytes_(max_bytes) {}

  /// Tells the keys of one scale from those of the others.
  [[nodiscard]] std::uint64_t add_scale() noexcept;

  /// Null if it is not kept.
  [[nodiscard]] Table find(const Key& key);

  /// What is larger than all of the budget is not kept.
  void keep(const Key& key, Table table);

  [[nodiscard]] std::size_t bytes() const;

 private:
  struct Kept {
    Key key;
    Table table;
  };
  [[nodiscard]] static std::size_t bytes_of(const Table& table) noexcept;

  const std::size_t max_bytes_;
  mutable std::mutex mutex_;  // guards what follows
  std::list<Kept> order_;     // the most recently used first
  std::map<Key, std::list<Kept>::iterator> kept_;
  std::size_t bytes_ = 0;
  std::uint64_t scales_ = 0;
};

}  // namespace catvox::detail
