#include "read/chunk_pool.hpp"

#include <algorithm>
#include <catvox/core/dtype.hpp>
#include <catvox/http/url.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "http/status.hpp"

namespace catvox::detail {
namespace {

using Clock = std::chrono::steady_clock;

// The chunk's voxels that lie in the level, relative to the chunk's first.
Box extent_in_level(const ChunkStore& store, const Index3& chunk) {
  Box box;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    box.max[axis] = std::min(store.chunk_shape()[axis], store.shape()[axis] - chunk[axis] * store.chunk_shape()[axis]);
  }
  return box;
}

// C order.
StridedBytes contiguous(std::byte* data, const Shape3& shape, std::size_t item) {
  const auto size = static_cast<std::int64_t>(item);
  return {data, {shape[1] * shape[2] * size, shape[2] * size, size}};
}

std::size_t bytes_of(const Shape3& shape, std::size_t item) {
  return static_cast<std::size_t>(checked_multiply(volume(shape), static_cast<std::int64_t>(item), "bytes of a chunk"));
}

// Reused from chunk to chunk: a fresh allocation of this size would be paid for in page faults each time.
std::byte* scratch(std::size_t bytes) {
  thread_local Buffer buffer;
  buffer.resize(bytes);
  return buffer.data();
}

std::string attempts_text(int attempts) {
  return attempts > 1 ? " (after " + std::to_string(attempts) + " attempts)" : "";
}

}  // namespace

/// One chunk on its way: its transfer's handler, and every part of every read that waits for it.
class ChunkFetch final : public TransferHandler {
 public:
  struct Subscriber {
    std::shared_ptr<ChunkConsumer> consumer;
    std::int64_t number = 0;
    bool joined = false;  // another read's part started the transfer
  };

  ChunkFetch(std::shared_ptr<ChunkPool> pool, const ChunkOrigin& origin, const ChunkKey& key)
      : pool_(std::move(pool)),
        store_(origin.store),
        forbidden_is_missing_(origin.forbidden_is_missing),
        key_(key),
        description_(store_->describe(key.chunk)) {}

  void on_response(Response& response) override {
    const bool missing = is_missing(response.status, forbidden_is_missing_);
    if (!missing && response.status != 200) throw status_error(response.status);
    ChunkCost cost{.requests = response.attempts, .bytes = static_cast<std::int64_t>(response.body.size())};
    // Parts that arrive while others are served are served from the same answer.
    for (auto subscribers = begin_serving(); !subscribers.empty(); subscribers = begin_serving()) {
      try {
        missing ? serve_missing(subscribers, cost) : serve(subscribers, response.body.bytes(), cost);
      } catch (...) {
        decode_failed_ = true;
        resume_waiting(std::move(subscribers));
        throw;  // the transport may fetch the body again
      }
      for (const Subscriber& subscriber : subscribers) {
        cost.shared = subscriber.joined;
        subscriber.consumer->finished(subscriber.number, cost);
        cost = {.missing = cost.missing};  // paid for once
      }
    }
  }

  void on_error(const Error& error) noexcept override {
    const auto& context = error.context();
    const Errc code = error.code();
    const bool decoding = code == Errc::corrupt_data || code == Errc::unsupported ||
                          (code == Errc::too_large && decode_failed_);  // a body may be too large, too
    fail(Error(error.code(),
               (decoding ? "cannot decode " : "cannot fetch ") + description_ + " from " + context.url + ": " +
                   error.what() + attempts_text(context.attempts),
               {context.url, context.http_status, context.attempts, description_}));
  }

  void fail(const Error& error) noexcept {
    std::vector<Subscriber> subscribers;
    {
      const std::lock_guard lock(pool_->mutex_);
      subscribers.swap(waiting);
      pool_->fetches_.erase(key_);
    }
    for (const Subscriber& subscriber : subscribers) subscriber.consumer->failed(subscriber.number, error);
  }

  // Guarded by the pool's mutex.
  std::vector<Subscriber> waiting;
  bool serving = false;
  std::optional<Transport::TransferId> transfer;

 private:
  // The parts to serve next. None left ends the fetch.
  std::vector<Subscriber> begin_serving() {
    std::vector<Subscriber> subscribers;
    const std::lock_guard lock(pool_->mutex_);
    subscribers.swap(waiting);
    serving = !subscribers.empty();
    if (!serving) pool_->fetches_.erase(key_);
    return subscribers;
  }

  void resume_waiting(std::vector<Subscriber> subscribers) {
    std::vector<Subscriber> dropped;
    {
      const std::lock_guard lock(pool_->mutex_);
      serving = false;
      for (Subscriber& subscriber : subscribers) {
        (subscriber.consumer->stopped() ? dropped : waiting).push_back(std::move(subscriber));
      }
    }
    for (const Subscriber& subscriber : dropped) subscriber.consumer->dropped(subscriber.number);
  }

  void serve_missing(const std::vector<Subscriber>& subscribers, ChunkCost& cost) {
    cost.missing = true;
    keep(std::make_shared<const CachedChunk>());
    for (const Subscriber& subscriber : subscribers) subscriber.consumer->part(subscriber.number).fill();
  }

  void serve(const std::vector<Subscriber>& subscribers, std::span<const std::byte> encoded, ChunkCost& cost) {
    const auto item = item_size(store_->dtype());
    const Box all = extent_in_level(*store_, key_.chunk);
    std::vector<ChunkPart> parts;
    for (const Subscriber& subscriber : subscribers) parts.push_back(subscriber.consumer->part(subscriber.number));
    // A chunk that a read needs a part of is likely to be asked for the rest; one that it needs whole is not.
    const bool whole = std::all_of(parts.begin(), parts.end(), [&](const auto& part) { return part.window() == all; });
    const bool worth_keeping = !whole && bytes_of(all.shape(), item) <= pool_->cache_.max_bytes() / 4;

    const auto start = Clock::now();
    if (worth_keeping) {
      auto chunk = std::make_shared<CachedChunk>();
      chunk->extent = all;
      chunk->voxels.resize(bytes_of(all.shape(), item));
      store_->decode(key_.chunk, encoded, all, contiguous(chunk->voxels.data(), all.shape(), item));
      for (const ChunkPart& part : parts) part.copy_from(chunk->voxels.data(), all);
      keep(std::move(chunk));
    } else if (parts.size() == 1 && parts[0].fits_in_place()) {
      store_->decode(key_.chunk, encoded, parts[0].window(), parts[0].in_place());
    } else {
      const Box window = parts.size() == 1 ? parts[0].window() : all;
      std::byte* voxels = scratch(bytes_of(window.shape(), item));
      store_->decode(key_.chunk, encoded, window, contiguous(voxels, window.shape(), item));
      for (const ChunkPart& part : parts) part.copy_from(voxels, window);
    }
    cost.decode_seconds = std::chrono::duration<double>(Clock::now() - start).count();
  }

  void keep(std::shared_ptr<const CachedChunk> chunk) {
    const std::lock_guard lock(pool_->mutex_);
    pool_->cache_.insert(key_, std::move(chunk));
  }

  const std::shared_ptr<ChunkPool> pool_;
  const std::shared_ptr<const ChunkStore> store_;
  const bool forbidden_is_missing_;
  const ChunkKey key_;
  const std::string description_;
  bool decode_failed_ = false;  // of the transfer's thread
};

void ChunkPool::get(const ChunkOrigin& origin, const std::shared_ptr<ChunkConsumer>& consumer, std::int64_t number) {
  const ChunkPart part = consumer->part(number);
  const ChunkKey key{origin.store_number, part.chunk()};
  std::shared_ptr<const CachedChunk> cached;
  std::shared_ptr<ChunkFetch> fetch;
  bool stopped = false;
  {
    const std::lock_guard lock(mutex_);
    // Under the mutex, so that drop() either comes later and finds the part or came before and is noticed.
    stopped = consumer->stopped();
    cached = stopped ? nullptr : cache_.find(key);
    if (!stopped && !cached) {
      auto& under_way = fetches_[key];
      if (under_way) {
        under_way->waiting.push_back({consumer, number, true});
        return;
      }
      fetch = under_way = std::make_shared<ChunkFetch>(shared_from_this(), origin, key);
      fetch->waiting.push_back({consumer, number, false});
    }
  }
  if (stopped) {
    consumer->dropped(number);
    return;
  }
  if (cached) {
    cached->missing() ? part.fill() : part.copy_from(cached->voxels.data(), cached->extent);
    consumer->finished(number, {.missing = cached->missing(), .shared = true});
    return;
  }
  try {
    const auto transfer = origin.transport->start(origin.store->request(key.chunk), fetch);
    const std::lock_guard lock(mutex_);
    fetch->transfer = transfer;
    if (!fetch->waiting.empty() || fetch->serving) return;
    origin.transport->cancel(transfer);  // the read was stopped meanwhile, or all is done already
  } catch (const Error& error) {
    fetch->fail(error);
  } catch (const std::exception& error) {
    fetch->fail(Error(Errc::io, error.what()));
  }
}

void ChunkPool::drop(const ChunkConsumer& consumer, Transport& transport) {
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
        if (fetch.transfer) transport.cancel(*fetch.transfer);
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
