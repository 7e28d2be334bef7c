#include "read/chunk_pool.hpp"

#include <iterator>
#include <new>
#include <utility>

#include "bytes/read_error.hpp"
#include "core/fork.hpp"
#include "read/chunk_fetch.hpp"

namespace catvox::detail {
namespace {

// Made before memory runs out: copies of an Error share their text.
const Error& out_of_memory() {
  static const Error error(Errc::too_large, "not enough memory");
  return error;
}

// What is here already, as a source takes it: the fetch has the body, but for a source that is to store it.
ByteResult known(const KeptChunk& kept) {
  ByteResult result{.may_store = kept.may_store, .attempts = 0};
  if (kept.may_store) result.body.append(kept.body->bytes());
  return result;
}

}  // namespace

Error caught_error() noexcept {
  try {
    return current_error({});
  } catch (...) {
    return out_of_memory();
  }
}

ChunkPool::ChunkPool(std::size_t cache_bytes)
    : cache_bytes_(cache_bytes), fork_generation_(fork_generation()), cache_(cache_bytes) {
  (void)out_of_memory();
}

// Of the same data chunks of another shape or type are other chunks: a volume may be written anew.
void ChunkPool::enlist(ChunkOrigin& origin) {
  const ChunkStore& store = *origin.store;
  std::string name = std::to_string(static_cast<int>(store.dtype()));
  for (const Shape3& shape : {store.shape(), store.chunk_shape()}) {
    for (const std::int64_t extent : shape) name += ' ' + std::to_string(extent);
  }
  name += ' ' + origin.data;
  const std::lock_guard lock(mutex_);
  origin.number = numbers_.try_emplace(std::move(name), numbers_.size() + 1).first->second;
}

bool ChunkPool::in_own_process() const noexcept { return fork_generation() == fork_generation_; }

void ChunkPool::check_process() const {
  if (in_own_process()) return;
  throw Error(Errc::refused,
              "this stack was opened before the process was forked, and its threads stayed behind: open it anew, with "
              "a new client, in the child process");
}

void ChunkPool::begin_plan(const PendingChunks& plan) {
  const std::lock_guard lock(mutex_);
  cache_.policy().begin_plan(plan);
}

void ChunkPool::end_plan(const PendingChunks& plan) noexcept {
  if (!in_own_process()) return;
  const std::lock_guard lock(mutex_);
  cache_.policy().end_plan(plan);
}

void ChunkPool::demote(std::uint64_t consumer) noexcept {
  if (!in_own_process()) return;
  const std::lock_guard lock(mutex_);
  cache_.demote(consumer);
}

void ChunkPool::get(const ChunkOrigin& origin, const std::shared_ptr<ChunkConsumer>& consumer,
                    std::int64_t number) noexcept {
  try {
    find_or_fetch(origin, consumer, number);
  } catch (...) {
    consumer->failed(number, caught_error());
  }
}

// Throws only if no subscriber was made.
void ChunkPool::find_or_fetch(const ChunkOrigin& origin, const std::shared_ptr<ChunkConsumer>& consumer,
                              std::int64_t number) {
  const ChunkPart part = consumer->part(number);
  const Box window = part.window();
  const ChunkKey key{origin.number, part.chunk()};
  const bool reads = consumer->purpose() == ChunkConsumer::Purpose::read;
  std::optional<KeptChunk> kept;
  std::shared_ptr<ChunkFetch> fetch;
  bool stopped = false;
  bool at_hand = false;
  {
    const std::lock_guard lock(mutex_);
    // Under the mutex, so that drop() either comes later and finds the part or came before and is noticed.
    stopped = consumer->stopped();
    if (!stopped) {
      kept = cache_.find(key);
      at_hand = kept && (!reads || kept->missing || (kept->decoded && kept->decoded->holds(window, part.channels)));
      if (kept && reads) cache_.read(key, *consumer, window);
      if (kept && !reads) cache_.touch(key);
      if (kept && reads && (at_hand || kept->body)) ++counted_.cache_hits;
    }
    if (!stopped && !at_hand) {
      Subscribers subscriber;
      const auto found = in_flight_.find(key);
      if (found != in_flight_.end()) {
        subscriber.push_back({consumer, number, true});
        if (reads && !(kept && kept->body)) ++counted_.cache_hits;
        auto& waiting = found->second->waiting;
        waiting.splice(waiting.end(), subscriber);
        return;
      }
      subscriber.push_back({consumer, number, false});
      fetch = std::make_shared<ChunkFetch>(shared_from_this(), origin, key, consumer->id(), kept);
      in_flight_.emplace(key, std::shared_ptr<Flight>(fetch, &fetch->flight));
      fetch->flight.waiting.swap(subscriber);
    }
  }
  if (stopped) return consumer->dropped(number);
  if (at_hand) {
    if (reads && kept->missing) part.fill();
    if (reads && !kept->missing) {
      part.copy_from(kept->decoded->voxels.data(), kept->decoded->extent, kept->decoded->channels);
    }
    return consumer->finished(number, {.missing = kept->missing, .shared = true}, false);
  }
  launch(origin, fetch, kept && kept->body ? &*kept : nullptr);
}

// Asks the source. What the cache has encoded is decoded on the source's threads, as what they fetch is.
void ChunkPool::launch(const ChunkOrigin& origin, const std::shared_ptr<ChunkFetch>& fetch,
                       const KeptChunk* from_memory) noexcept {
  Flight& flight = fetch->flight;
  try {
    ByteRequest request = origin.store->request(flight.key.chunk);
    const auto read = from_memory != nullptr ? origin.source->deliver(std::move(request), known(*from_memory), fetch)
                                             : origin.source->read(std::move(request), fetch);
    {
      const std::lock_guard lock(mutex_);
      flight.read_id = read;
      if (!flight.waiting.empty() || flight.serving) return;
    }
    origin.source->cancel(read);  // the consumer was stopped meanwhile, or all is done already
  } catch (...) {
    fetch->on_error(caught_error());
  }
}

void ChunkPool::drop(const ChunkConsumer& consumer, ByteSource& source) noexcept {
  Subscribers dropped;
  std::shared_ptr<Flight> ended;
  {
    const std::lock_guard lock(mutex_);
    for (auto it = in_flight_.begin(); it != in_flight_.end();) {
      Flight& flight = *it->second;
      for (auto subscriber = flight.waiting.begin(); subscriber != flight.waiting.end();) {
        const auto next = std::next(subscriber);
        if (subscriber->consumer.get() == &consumer) dropped.splice(dropped.end(), flight.waiting, subscriber);
        subscriber = next;
      }
      if (!flight.waiting.empty() || flight.serving) {
        ++it;
        continue;
      }
      flight.to_cancel = flight.read_id.has_value();  // else launch() finds that nobody waits, and cancels
      flight.next = std::move(ended);
      ended = std::move(it->second);
      it = in_flight_.erase(it);
    }
  }
  while (ended) {
    if (ended->to_cancel) source.cancel(*ended->read_id);
    ended = std::exchange(ended->next, nullptr);
  }
  for (const Subscriber& subscriber : dropped) subscriber.consumer->dropped(subscriber.number);
}

void ChunkPool::clear() noexcept {
  ChunkCache::Removed removed;
  const std::lock_guard lock(mutex_);
  cache_.clear(removed);
}

CacheStatistics ChunkPool::statistics() const {
  const std::lock_guard lock(mutex_);
  CacheStatistics now = counted_;
  now.max_bytes = cache_bytes_;
  now.bytes = cache_.bytes();
  now.voxel_bytes = cache_.voxel_bytes();
  now.chunks = static_cast<std::int64_t>(cache_.size());
  now.evictions = cache_.evictions();
  return now;
}

ChunkPool::Turn ChunkPool::next_turn(Flight& flight, KeptChunk* kept, std::uint64_t consumer) noexcept {
  Turn turn;
  const std::lock_guard lock(mutex_);
  turn.subscribers.swap(flight.waiting);
  turn.voxel_room = cache_.voxel_room();
  flight.serving = !turn.subscribers.empty();
  if (flight.serving) return turn;
  if (kept != nullptr) {
    try {
      cache_.insert(flight.key, std::move(*kept), consumer, turn.removed);
    } catch (const std::bad_alloc&) {  // then it is not kept
    }
  }
  forget(flight);
  return turn;
}

bool ChunkPool::give_back(Flight& flight, Subscribers subscribers, bool forget_kept) noexcept {
  ChunkCache::Removed removed;
  Subscribers dropped;
  bool wanted = false;
  {
    const std::lock_guard lock(mutex_);
    flight.serving = false;
    while (!subscribers.empty()) {
      Subscribers& list = subscribers.front().consumer->stopped() ? dropped : flight.waiting;
      list.splice(list.end(), subscribers, subscribers.begin());
    }
    if (forget_kept) cache_.erase(flight.key, removed);
    wanted = !flight.waiting.empty();
    if (!wanted) forget(flight);
  }
  for (const Subscriber& subscriber : dropped) subscriber.consumer->dropped(subscriber.number);
  return wanted;
}

void ChunkPool::fail(Flight& flight, const Error& error) noexcept {
  Subscribers subscribers;
  {
    const std::lock_guard lock(mutex_);
    subscribers.swap(flight.waiting);
    forget(flight);
  }
  for (const Subscriber& subscriber : subscribers) subscriber.consumer->failed(subscriber.number, error);
}

void ChunkPool::count(std::int64_t requests, std::int64_t bytes, bool from_disk, bool missing) noexcept {
  const std::lock_guard lock(mutex_);
  counted_.requests += requests;
  counted_.bytes_received += bytes;
  counted_.disk_hits += from_disk ? 1 : 0;
  counted_.missing += missing ? 1 : 0;
}

// A flight that was dropped may end after another one for its chunk began.
void ChunkPool::forget(const Flight& flight) noexcept {
  const auto found = in_flight_.find(flight.key);
  if (found != in_flight_.end() && found->second.get() == &flight) in_flight_.erase(found);
}

}  // namespace catvox::detail
