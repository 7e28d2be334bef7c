#include "read/chunk_pool.hpp"

#include <algorithm>
#include <exception>
#include <iterator>
#include <utility>
#include <vector>

#include "read/chunk_fetch.hpp"

namespace catvox::detail {

void ChunkPool::get(const ChunkOrigin& origin, const std::shared_ptr<ChunkConsumer>& consumer, std::int64_t number) {
  const ChunkPart part = consumer->part(number);
  const ChunkKey key{origin.store_number, part.chunk()};
  const bool reads = consumer->purpose() == ChunkConsumer::Purpose::read;
  std::shared_ptr<EncodedChunk> encoded;
  std::shared_ptr<const DecodedChunk> decoded;
  std::shared_ptr<ChunkFetch> fetch;
  ByteResult known;
  bool stopped = false;
  bool at_hand = false;
  {
    const std::lock_guard lock(mutex_);
    // Under the mutex, so that drop() either comes later and finds the part or came before and is noticed.
    stopped = consumer->stopped();
    if (!stopped) {
      if (reads) decoded = decoded_.find(key);
      if (decoded && !decoded->holds(part.window())) decoded = nullptr;
      if (!decoded) encoded = encoded_.find(key);
      at_hand = decoded || (encoded && (encoded->missing || !reads));
    }
    if (!stopped && !at_hand) {
      auto& under_way = fetches_[key];
      if (under_way) {
        under_way->waiting.push_back({consumer, number, true});
        return;
      }
      fetch = under_way = std::make_shared<ChunkFetch>(shared_from_this(), origin, key, encoded.get());
      fetch->waiting.push_back({consumer, number, false});
      if (encoded) {
        known.body = std::move(encoded->body);
        encoded_.erase(key);
      }
    }
  }
  if (stopped) {
    consumer->dropped(number);
    return;
  }
  if (at_hand) {
    const bool missing = !decoded && encoded->missing;
    if (decoded) part.copy_from(decoded->voxels.data(), decoded->extent);
    if (missing && reads) part.fill();
    consumer->finished(number, {.missing = missing, .shared = true});
    return;
  }
  try {
    ByteRequest request = origin.store->request(key.chunk);
    // What the cache has encoded is decoded on the source's threads, as what they fetch is.
    const auto read = encoded ? origin.source->deliver(std::move(request), std::move(known), fetch)
                              : origin.source->read(std::move(request), fetch);
    const std::lock_guard lock(mutex_);
    fetch->read_id = read;
    if (!fetch->waiting.empty() || fetch->serving) return;
    origin.source->cancel(read);  // the read was stopped meanwhile, or all is done already
  } catch (const Error& error) {
    fetch->fail(error);
  } catch (const std::exception& error) {
    fetch->fail(Error(Errc::io, error.what()));
  }
}

void ChunkPool::forget(const ChunkKey& key, const ChunkFetch& fetch) {
  const auto found = fetches_.find(key);
  // A fetch that was dropped may end after another one for its chunk began.
  if (found != fetches_.end() && found->second.get() == &fetch) fetches_.erase(found);
}

void ChunkPool::drop(const ChunkConsumer& consumer, ByteSource& source) {
  std::vector<ChunkFetch::Subscriber> dropped;
  std::vector<std::shared_ptr<ChunkFetch>> ended;  // destroyed outside of the lock
  {
    const std::lock_guard lock(mutex_);
    for (auto it = fetches_.begin(); it != fetches_.end();) {
      ChunkFetch& fetch = *it->second;
      const auto others =
          std::stable_partition(fetch.waiting.begin(), fetch.waiting.end(),
                                [&](const auto& subscriber) { return subscriber.consumer.get() != &consumer; });
      std::move(others, fetch.waiting.end(), std::back_inserter(dropped));
      fetch.waiting.erase(others, fetch.waiting.end());
      if (fetch.waiting.empty() && !fetch.serving) {
        if (fetch.read_id) source.cancel(*fetch.read_id);
        ended.push_back(std::move(it->second));
        it = fetches_.erase(it);
      } else {
        ++it;
      }
    }
  }
  for (const auto& subscriber : dropped) subscriber.consumer->dropped(subscriber.number);
}

}  // namespace catvox::detail
