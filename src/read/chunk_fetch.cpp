#include "read/chunk_fetch.hpp"

#include <algorithm>
#include <catvox/core/detail/checked.hpp>
#include <catvox/core/dtype.hpp>
#include <chrono>
#include <string>
#include <utility>

#include "core/ready_memory.hpp"
#include "core/scratch.hpp"

namespace catvox::detail {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t largest_spare = std::size_t{4} << 20;

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

// Of the channels that a part needs.
std::size_t bytes_of(const Box& box, const ChunkPart& part) {
  const std::int64_t voxel = checked_multiply(part.channel_count(), static_cast<std::int64_t>(part.item), "bytes");
  return static_cast<std::size_t>(checked_multiply(volume(box.shape()), voxel, "bytes of a chunk"));
}

std::optional<AxisSelection> channels_of(const ChunkPart& part) {
  return part.channels ? std::optional(part.channels->which) : std::nullopt;
}

// Voxels that had to go from the cache, for the next that this thread keeps.
Buffer& spare_voxels() {
  thread_local Buffer buffer;
  return buffer;
}

// The cache pays for what a buffer occupies, not for what it holds.
bool wastes(const Buffer& buffer, std::size_t bytes) { return buffer.capacity() > bytes + bytes / 4 + 1024; }

std::string attempts_text(int attempts) {
  return attempts > 1 ? " (after " + std::to_string(attempts) + " attempts)" : "";
}

bool is_decoding_error(const Error& error, bool decode_failed) {
  const Errc code = error.code();
  if (code == Errc::corrupt_data || code == Errc::unsupported) return true;
  return code == Errc::too_large && decode_failed;  // a body may be too large, too
}

bool reads(const Subscriber& subscriber) { return subscriber.consumer->purpose() == ChunkConsumer::Purpose::read; }

bool agree_on_channels(const Subscribers& subscribers) {
  std::optional<std::optional<AxisSelection>> first;
  return std::all_of(subscribers.begin(), subscribers.end(), [&first](const Subscriber& each) {
    if (!reads(each)) return true;
    const auto channels = channels_of(each.consumer->part(each.number));
    if (!first) first = channels;
    return channels == *first;
  });
}

}  // namespace

ChunkFetch::ChunkFetch(std::shared_ptr<ChunkPool> pool, const ChunkOrigin& origin, const ChunkKey& key,
                       std::uint64_t consumer, std::optional<KeptChunk> kept)
    : flight{.key = key, .waiting = {}, .read_id = {}, .next = {}},
      pool_(std::move(pool)),
      store_(origin.store),
      consumer_(consumer),
      all_(extent_in_level(*store_, key.chunk)) {
  if (kept) {
    kept_ = std::move(*kept);
  } else {
    kept_.use.brought_by = consumer;
  }
}

void ChunkFetch::on_bytes(ByteResult& result) {
  try {
    accept(result);
    serve_all(result);
    if (kept_.may_store) result.may_store = false;  // nobody has decoded it
  } catch (...) {
    if (kept_.body && !from_memory_) result.body = std::move(*kept_.body);
    kept_.body.reset();
    kept_.decoded.reset();
    throw caught_error();  // whatever a store or memory throws is an Error from here on
  }
}

// Takes the body over, or goes on with the one that the cache had.
void ChunkFetch::accept(ByteResult& result) {
  from_memory_ = kept_.body && result.attempts == 0 && !result.from_disk;
  if (from_memory_) return;
  const bool received = result.attempts > 0 && !result.from_disk;
  const int requests = uncounted(result.attempts);
  pool_->count(result.with_another ? 0 : requests, received ? static_cast<std::int64_t>(result.body.size()) : 0,
               result.from_disk, result.missing());
  kept_.missing = result.missing();
  kept_.may_store = result.may_store && !result.from_disk && !kept_.missing;
  keep_body_ = !result.local;
  kept_.body = std::make_shared<Buffer>(std::move(result.body));
}

// Attempts add up from one answer of a chunk to the next.
int ChunkFetch::uncounted(int attempts) noexcept {
  return std::max(0, attempts - std::exchange(counted_requests_, attempts));
}

void ChunkFetch::serve_all(ByteResult& result) {
  const bool received = !from_memory_ && !result.from_disk;
  ChunkCost cost{.requests = from_memory_ || result.with_another ? 0 : result.attempts,
                 .bytes = received ? static_cast<std::int64_t>(kept_.body->size()) : 0,
                 .first_byte_seconds = result.first_byte_seconds,
                 .fetch_seconds = result.seconds,
                 .missing = kept_.missing,
                 .from_disk = result.from_disk,
                 .url = result.url};
  auto turn = pool_->next_turn(flight, nullptr, consumer_);
  while (!turn.subscribers.empty()) {
    const auto start = Clock::now();
    for (const Subscriber& subscriber : turn.subscribers) subscriber.consumer->decoding();
    try {
      serve(turn.subscribers, turn.voxel_room);
    } catch (...) {
      decode_failed_ = true;
      for (const Subscriber& subscriber : turn.subscribers) subscriber.consumer->decoding_failed();
      if (pool_->give_back(flight, std::move(turn.subscribers), from_memory_)) throw;  // the source may fetch it again
      return;
    }
    cost.decode_seconds = std::chrono::duration<double>(Clock::now() - start).count();
    // Parts that arrived while others were served are served from the same answer. What is kept is in the cache before
    // anybody hears that its part is done: a read that has returned leaves nothing on its way there.
    KeptChunk keep = for_cache();
    auto next = pool_->next_turn(flight, pool_->cache_bytes() > 0 ? &keep : nullptr, consumer_);
    for (const Subscriber& subscriber : turn.subscribers) {
      cost.shared = subscriber.joined || from_memory_;
      subscriber.consumer->finished(subscriber.number, cost, true);
      cost = {.missing = cost.missing, .url = cost.url};  // paid for once
    }
    turn = std::move(next);
  }
  recycle(turn.removed, result);
}

KeptChunk ChunkFetch::for_cache() {
  if (!from_memory_ && keep_body_ && wastes(*kept_.body, kept_.body->size())) kept_.body->shrink_to_fit();
  KeptChunk keep = kept_;
  if (!keep_body_ || keep.missing) keep.body.reset();
  // Of several channels the others may be asked for yet.
  const bool all = keep.decoded && keep.decoded->extent == all_ && store_->channels() == 1;
  if (all && keep.body && keep.body->capacity() >= keep.decoded->voxels.capacity()) {
    keep.needs_no_body = true;
    keep.body.reset();
  }
  return keep;
}

// Memory of what had to go serves what comes next: fresh memory costs page faults.
void ChunkFetch::recycle(ChunkCache::Removed& removed, ByteResult& result) noexcept {
  kept_.decoded.reset();
  if (is_unshared(kept_.body)) {
    result.body = std::move(*kept_.body);
  } else {
    kept_.body.reset();
    result.body = removed.spare_body();
  }
  kept_.body.reset();
  Buffer voxels = removed.spare_voxels();
  if (voxels.capacity() > spare_voxels().capacity() && voxels.capacity() <= largest_spare) {
    spare_voxels() = std::move(voxels);
  }
}

void ChunkFetch::on_error(const Error& error) noexcept {
  pool_->count(uncounted(error.context().attempts), 0, false, false);
  try {
    pool_->fail(flight, described(error));
  } catch (...) {
    pool_->fail(flight, caught_error());
  }
}

Error ChunkFetch::described(const Error& error) const {
  const auto& context = error.context();
  const std::string description = store_->describe(flight.key.chunk);
  const std::string verb = is_decoding_error(error, decode_failed_) ? "cannot decode " : "cannot fetch ";
  const std::string from = context.url.empty() ? "" : " from " + context.url;
  return Error(error.code(), verb + description + from + ": " + error.what() + attempts_text(context.attempts),
               {context.url, context.http_status, context.attempts, description});
}

void ChunkFetch::serve(const Subscribers& subscribers, std::size_t voxel_room) {
  using Purpose = ChunkConsumer::Purpose;
  const Subscriber* reader = nullptr;
  const Subscriber* walk = nullptr;
  std::size_t readers = 0;
  for (const Subscriber& subscriber : subscribers) {
    if (reads(subscriber)) {
      reader = &subscriber;
      ++readers;
    } else if (subscriber.consumer->purpose() == Purpose::walk) {
      walk = &subscriber;
      kept_.use.extent = std::max(kept_.use.extent, Extent::part);
    }
  }
  if (readers == 0) {
    if (walk != nullptr) serve_walk(*walk, voxel_room);
    return;
  }
  ChunkPart part = reader->consumer->part(reader->number);
  if (kept_.missing) {
    for (const Subscriber& each : subscribers) {
      if (reads(each)) each.consumer->part(each.number).fill();
    }
  } else if (readers == 1) {
    serve_one(*reader->consumer, part, voxel_room);
  } else if (agree_on_channels(subscribers)) {
    serve_several(subscribers, part, voxel_room);
  } else {
    for (const Subscriber& each : subscribers) {
      if (!reads(each)) continue;
      part = each.consumer->part(each.number);
      serve_one(*each.consumer, part, voxel_room);
    }
  }
  kept_.use.extent = std::max(kept_.use.extent, Extent::part);
  kept_.use.last_reader = reader->consumer->id();
  kept_.use.last_window = part.window();
}

// Decoded now, while this thread has nothing better to do: the boxes to come are then copied by the thread that reads
// them, and neither waits for the other.
void ChunkFetch::serve_walk(const Subscriber& walk, std::size_t voxel_room) {
  const std::size_t room = voxel_room / static_cast<std::size_t>(walk.consumer->parts());
  const ChunkPart part = walk.consumer->part(walk.number);
  if (!kept_.missing && bytes_of(all_, part) <= room) decode_and_keep(all_, part);
}

void ChunkFetch::serve_one(const ChunkConsumer& consumer, const ChunkPart& part, std::size_t voxel_room) {
  const Box window = part.window();
  Box rows = window;
  rows.min[2] = all_.min[2];
  rows.max[2] = all_.max[2];
  const auto box_of = [&](DecodeForm form) -> const Box& {
    return form == DecodeForm::keep_all ? all_ : form == DecodeForm::keep_rows ? rows : window;
  };
  if (kept_.decoded && kept_.decoded->holds(window, part.channels)) {
    part.copy_from(kept_.decoded->voxels.data(), kept_.decoded->extent, kept_.decoded->channels);
    return;
  }
  const auto room = voxel_room / static_cast<std::size_t>(consumer.parts());
  const auto form = CachePolicy::form(kept_.use.extent, window == all_,
                                      [&](DecodeForm wanted) { return bytes_of(box_of(wanted), part) <= room; });
  if (form == DecodeForm::into_place) {
    decode_into_place(part);
  } else {
    decode_and_keep(box_of(form), part);
    part.copy_from(kept_.decoded->voxels.data(), box_of(form), kept_.decoded->channels);
  }
}

// All of the chunk is decoded once, for parts that all need the same channels: `part` is one of them.
void ChunkFetch::serve_several(const Subscribers& subscribers, const ChunkPart& part, std::size_t voxel_room) {
  Scratch scratch;
  const bool fits = bytes_of(all_, part) <= voxel_room;
  if (fits && !(kept_.decoded && kept_.decoded->holds(all_, part.channels))) decode_and_keep(all_, part);
  if (!fits) decode(all_, part, scratch.buffer());
  const Buffer& voxels = fits ? kept_.decoded->voxels : scratch.buffer();
  const auto channels = fits ? kept_.decoded->channels : channels_of(part);
  for (const Subscriber& subscriber : subscribers) {
    if (reads(subscriber)) subscriber.consumer->part(subscriber.number).copy_from(voxels.data(), all_, channels);
  }
}

void ChunkFetch::decode_into_place(const ChunkPart& part) {
  const Box window = part.window();
  if (part.fits_in_place()) {
    decode_to(window, part.in_place(), part.channels);
    return;
  }
  Scratch scratch;
  decode(window, part, scratch.buffer());
  part.copy_from(scratch.data(), window, channels_of(part));
}

void ChunkFetch::decode_and_keep(const Box& box, const ChunkPart& part) {
  auto decoded = std::make_shared<DecodedChunk>();
  decoded->extent = box;
  decoded->channels = channels_of(part);
  const std::size_t bytes = bytes_of(box, part);
  if (spare_voxels().capacity() >= bytes && !wastes(spare_voxels(), bytes)) {
    decoded->voxels = std::move(spare_voxels());
  }
  decode(box, part, decoded->voxels);
  kept_.decoded = std::move(decoded);
  if (box == all_) kept_.use.extent = Extent::whole;
}

// Channel by channel.
void ChunkFetch::decode(const Box& box, const ChunkPart& part, Buffer& voxels) {
  const std::size_t bytes = bytes_of(box, part);
  reserve_ready(voxels, bytes);
  voxels.resize(bytes);
  auto channels = part.channels;
  if (channels) channels->stride = volume(box.shape()) * static_cast<std::int64_t>(part.item);
  decode_to(box, contiguous(voxels.data(), box.shape(), part.item), channels);
}

void ChunkFetch::decode_to(const Box& box, const StridedBytes& out, const std::optional<ChannelSelection>& channels) {
  if (channels) {
    store_->decode_channels(flight.key.chunk, kept_.body->bytes(), *channels, box, out);
  } else {
    store_->decode(flight.key.chunk, kept_.body->bytes(), box, out);
  }
  kept_.may_store = false;  // the source is about to
}

}  // namespace catvox::detail
