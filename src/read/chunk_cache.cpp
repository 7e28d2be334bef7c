#include "read/chunk_cache.hpp"

#include <iterator>
#include <utility>

namespace catvox::detail {
namespace {

std::size_t voxels_of(const KeptChunk& kept) { return kept.decoded ? kept.decoded->voxels.capacity() : 0; }

}  // namespace

std::size_t ChunkCache::Entry::ground_bytes() const {
  const std::size_t body = kept.body ? kept.body->capacity() : 0;
  return entry_bytes + body + (kept.needs_no_body ? voxels_of(kept) : 0);
}

Buffer ChunkCache::Removed::spare_body() noexcept {
  for (Entry& entry : entries) {
    if (!is_unshared(entry.kept.body)) continue;
    Buffer body = std::move(*entry.kept.body);
    entry.kept.body.reset();
    body.clear();
    return body;
  }
  return {};
}

Buffer ChunkCache::Removed::spare_voxels() noexcept {
  for (Extra& extra : extras) {
    if (!is_unshared(extra.decoded)) continue;
    Buffer voxels = std::move(extra.decoded->voxels);
    extra.decoded.reset();
    voxels.clear();
    return voxels;
  }
  return {};
}

std::optional<KeptChunk> ChunkCache::find(const ChunkKey& key) const {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return std::nullopt;
  KeptChunk kept = found->second->kept;
  if (found->second->has_extra) kept.decoded = found->second->extra->decoded;
  return kept;
}

void ChunkCache::touch(const ChunkKey& key) noexcept {
  const auto found = entries_.find(key);
  if (found != entries_.end()) make_newest(found->second);
}

void ChunkCache::make_newest(Place entry) noexcept {
  Entries& segment = entry->hot ? hot_ : cold_;
  segment.splice(segment.begin(), segment, entry);
  if (entry->has_extra) voxels_.splice(voxels_.begin(), voxels_, entry->extra);
}

void ChunkCache::read(const ChunkKey& key, const ChunkConsumer& reader, const Box& window) noexcept {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return;
  const Place entry = found->second;
  make_newest(entry);
  ChunkUse& use = entry->kept.use;
  if (!entry->hot && CachePolicy::is_hot(use, reader, window)) make_hot(entry);
  use.last_reader = reader.id();
  use.last_window = window;
}

void ChunkCache::insert(const ChunkKey& key, KeptChunk kept, std::uint64_t consumer, Removed& removed) {
  Entries fresh;
  std::list<Extra> extra;
  bool hot = false;
  if (const auto found = entries_.find(key); found != entries_.end()) {
    const Entry& before = *found->second;
    hot = before.hot;
    if (!kept.decoded && before.has_extra) kept.decoded = before.extra->decoded;
    unlink(found->second, removed);
  } else {
    policy_.brought(key);
  }
  fresh.push_back({.key = key, .kept = std::move(kept)});
  Entry& entry = fresh.front();
  if (entry.kept.decoded && !entry.kept.needs_no_body) extra.push_back({&entry, std::move(entry.kept.decoded)});
  entries_.emplace(key, fresh.begin());
  if (!make_room(entry.ground_bytes(), consumer, removed)) {
    entries_.erase(key);
    removed.entries.splice(removed.entries.end(), fresh);
    removed.extras.splice(removed.extras.end(), extra);
    return;
  }
  link(fresh, hot);
  if (extra.empty()) return;
  if (make_voxel_room(entry, extra.front().decoded->voxels.capacity(), consumer, removed)) {
    link_voxels(extra);
  } else {
    removed.extras.splice(removed.extras.end(), extra);
  }
}

void ChunkCache::erase(const ChunkKey& key, Removed& removed) noexcept {
  const auto found = entries_.find(key);
  if (found != entries_.end()) unlink(found->second, removed);
}

void ChunkCache::demote(std::uint64_t consumer) noexcept {
  auto entry = cold_.begin();
  for (std::size_t left = cold_.size(); left > 0; --left) {
    const auto next = std::next(entry);
    const ChunkUse& use = entry->kept.use;
    if (use.brought_by == consumer && (use.last_reader == 0 || use.last_reader == consumer)) {
      cold_.splice(cold_.end(), cold_, entry);
    }
    entry = next;
  }
}

void ChunkCache::clear(Removed& removed) noexcept {
  entries_.clear();
  removed.entries.splice(removed.entries.end(), cold_);
  removed.entries.splice(removed.entries.end(), hot_);
  removed.extras.splice(removed.extras.end(), voxels_);
  ground_bytes_ = voxel_bytes_ = hot_bytes_ = 0;
  policy_.clear();
}

// Room for a ground form: extra voxels go first, but for their share.
bool ChunkCache::make_room(std::size_t bytes, std::uint64_t consumer, Removed& removed) noexcept {
  if (bytes > policy_.max_bytes()) return false;
  while (bytes > policy_.max_bytes() - this->bytes()) {
    if (voxel_bytes_ <= policy_.voxel_share() && evict_one(nullptr, consumer, voxel_bytes_, removed)) continue;
    if (voxels_.empty()) return false;
    unlink_voxels(*voxels_.back().owner, removed);
  }
  return true;
}

// Room for extra voxels of a chunk: older ones go, and ground forms of others within the share.
bool ChunkCache::make_voxel_room(const Entry& owner, std::size_t bytes, std::uint64_t consumer,
                                 Removed& removed) noexcept {
  const std::size_t room = voxel_room();
  if (bytes > room) return false;
  while (bytes > room - voxel_bytes_) unlink_voxels(*voxels_.back().owner, removed);
  while (bytes > policy_.max_bytes() - this->bytes()) {
    if (!evict_one(&owner, consumer, voxel_bytes_ + bytes, removed)) return false;
  }
  return true;
}

// Removes the ground form that was used longest ago among those that may go. Those that may not count as just used, so
// that the next search does not begin with them.
bool ChunkCache::evict_one(const Entry* but, std::uint64_t consumer, std::size_t voxels, Removed& removed) noexcept {
  int tries = CachePolicy::eviction_tries;
  for (Entries* segment : {&cold_, &hot_}) {
    for (std::size_t left = segment->size(); left > 0 && tries > 0; --left, --tries) {
      const Place last = std::prev(segment->end());
      if (&*last != but && policy_.may_evict(last->key, last->kept.use, consumer)) {
        policy_.evicted(last->key, voxels);
        ++evictions_;
        unlink(last, removed);
        return true;
      }
      segment->splice(segment->begin(), *segment, last);
    }
  }
  return false;
}

void ChunkCache::link(Entries& fresh, bool hot) noexcept {
  const std::size_t bytes = fresh.front().ground_bytes();
  ground_bytes_ += bytes;
  cold_.splice(cold_.begin(), fresh);
  if (hot) make_hot(cold_.begin());
}

void ChunkCache::unlink(Place entry, Removed& removed) noexcept {
  if (entry->has_extra) unlink_voxels(*entry, removed);
  const std::size_t bytes = entry->ground_bytes();
  ground_bytes_ -= bytes;
  if (entry->hot) hot_bytes_ -= bytes;
  entries_.erase(entry->key);
  removed.entries.splice(removed.entries.end(), entry->hot ? hot_ : cold_, entry);
}

void ChunkCache::link_voxels(std::list<Extra>& fresh) noexcept {
  Extra& extra = fresh.front();
  voxel_bytes_ += extra.decoded->voxels.capacity();
  extra.owner->has_extra = true;
  extra.owner->extra = fresh.begin();
  voxels_.splice(voxels_.begin(), fresh);
}

void ChunkCache::unlink_voxels(Entry& entry, Removed& removed) noexcept {
  voxel_bytes_ -= entry.extra->decoded->voxels.capacity();
  entry.has_extra = false;
  removed.extras.splice(removed.extras.end(), voxels_, entry.extra);
}

void ChunkCache::make_hot(Place entry) noexcept {
  hot_bytes_ += entry->ground_bytes();
  entry->hot = true;
  hot_.splice(hot_.begin(), cold_, entry);
  while (hot_bytes_ > policy_.max_hot_bytes()) {
    const Place last = std::prev(hot_.end());
    hot_bytes_ -= last->ground_bytes();
    last->hot = false;
    cold_.splice(cold_.begin(), hot_, last);
  }
}

}  // namespace catvox::detail
