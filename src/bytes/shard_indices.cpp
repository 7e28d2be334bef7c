#include "bytes/shard_indices.hpp"

#include <iterator>
#include <utility>

namespace catvox::detail {

std::uint64_t ShardIndices::add_scale() noexcept {
  const std::lock_guard lock(mutex_);
  return ++scales_;
}

ShardIndices::Table ShardIndices::find(const Key& key) {
  const std::lock_guard lock(mutex_);
  const auto found = kept_.find(key);
  if (found == kept_.end()) return nullptr;
  order_.splice(order_.begin(), order_, found->second);
  return found->second->table;
}

void ShardIndices::keep(const Key& key, Table table) {
  std::list<Kept> fresh, dropped;  // made and destroyed outside of the lock
  const std::size_t added = bytes_of(table);
  fresh.push_back({key, std::move(table)});
  const std::lock_guard lock(mutex_);
  if (added > max_bytes_ || !kept_.try_emplace(key, fresh.begin()).second) return;
  order_.splice(order_.begin(), fresh);
  bytes_ += added;
  while (bytes_ > max_bytes_) {
    bytes_ -= bytes_of(order_.back().table);
    kept_.erase(order_.back().key);
    dropped.splice(dropped.begin(), order_, std::prev(order_.end()));
  }
}

std::size_t ShardIndices::bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

std::size_t ShardIndices::bytes_of(const Table& table) noexcept {
  constexpr std::size_t beside = 256;  // that keeping one costs, about
  return table->size() * sizeof(ShardLayout::Numbers::value_type) + beside;
}

}  // namespace catvox::detail
