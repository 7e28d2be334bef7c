#include "read/chunk_fetch.hpp"

#include <algorithm>
#include <catvox/core/checked.hpp>
#include <catvox/core/dtype.hpp>
#include <chrono>
#include <string>
#include <utility>

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
Buffer& scratch() {
  thread_local Buffer buffer;
  return buffer;
}

std::string attempts_text(int attempts) {
  return attempts > 1 ? " (after " + std::to_string(attempts) + " attempts)" : "";
}

// Tells the consumers that a thread decodes for them, and when that is over.
class Decoding {
 public:
  explicit Decoding(const std::vector<ChunkFetch::Subscriber>& subscribers) : subscribers_(subscribers) { say(true); }
  ~Decoding() { say(false); }
  Decoding(const Decoding&) = delete;
  Decoding& operator=(const Decoding&) = delete;

 private:
  void say(bool begins) const noexcept {
    for (const auto& subscriber : subscribers_) subscriber.consumer->decoding(begins);
  }
  const std::vector<ChunkFetch::Subscriber>& subscribers_;
};

}  // namespace

ChunkFetch::ChunkFetch(std::shared_ptr<ChunkPool> pool, const ChunkOrigin& origin, const ChunkKey& key,
                       const EncodedChunk* encoded)
    : pool_(std::move(pool)),
      store_(origin.store),
      key_(key),
      all_(extent_in_level(*store_, key.chunk)),
      keep_body_(encoded != nullptr) {
  if (encoded != nullptr) encoded_->use = encoded->use;
}

void ChunkFetch::on_bytes(ByteResult& result) {
  const bool missing = result.missing();
  encoded_->missing = missing;
  const bool requested = result.attempts > 0;
  const bool from_memory = !requested && !result.from_disk;
  ChunkCost cost{.requests = result.attempts,
                 .bytes = requested && !result.from_disk ? static_cast<std::int64_t>(result.body.size()) : 0,
                 .first_byte_seconds = result.first_byte_seconds,
                 .fetch_seconds = result.seconds,
                 .from_disk = result.from_disk};
  // Parts that arrive while others are served are served from the same answer.
  for (auto subscribers = serve_next(result); !subscribers.empty(); subscribers = serve_next(result)) {
    const auto start = Clock::now();
    try {
      const Decoding decoding(subscribers);
      serve(subscribers, result);
    } catch (...) {
      decode_failed_ = true;
      keep_body_ = false;
      decoded_ = nullptr;
      resume_waiting(std::move(subscribers));
      throw;  // the source may fetch the body again
    }
    cost.missing = missing;
    cost.decode_seconds = std::chrono::duration<double>(Clock::now() - start).count();
    for (const Subscriber& subscriber : subscribers) {
      cost.shared = subscriber.joined || from_memory;
      subscriber.consumer->finished(subscriber.number, cost);
      cost = {.missing = missing};  // paid for once
    }
  }
}

void ChunkFetch::on_error(const Error& error) noexcept {
  const auto& context = error.context();
  const Errc code = error.code();
  const bool decoding = code == Errc::corrupt_data || code == Errc::unsupported ||
                        (code == Errc::too_large && decode_failed_);  // a body may be too large, too
  const std::string description = store_->describe(key_.chunk);
  fail(Error(error.code(),
             (decoding ? "cannot decode " : "cannot fetch ") + description + " from " + context.url + ": " +
                 error.what() + attempts_text(context.attempts),
             {context.url, context.http_status, context.attempts, description}));
}

void ChunkFetch::fail(const Error& error) noexcept {
  std::vector<Subscriber> subscribers;
  {
    const std::lock_guard lock(pool_->mutex_);
    subscribers.swap(waiting);
    pool_->forget(key_, *this);
  }
  for (const Subscriber& subscriber : subscribers) subscriber.consumer->failed(subscriber.number, error);
}

// The parts to serve next. None left ends the fetch: at the same moment the cache gets what is to be kept, so that no
// read finds neither.
std::vector<ChunkFetch::Subscriber> ChunkFetch::serve_next(ByteResult& result) {
  std::vector<Subscriber> subscribers;
  const std::lock_guard lock(pool_->mutex_);
  subscribers.swap(waiting);
  serving = !subscribers.empty();
  if (serving) return subscribers;
  if (keep_body_) encoded_->body = std::move(result.body);
  if (keep_body_ || encoded_->missing) pool_->encoded_.insert(key_, std::move(encoded_));
  pool_->decoded_.set_max_bytes(pool_->cache_bytes_ - pool_->encoded_.bytes());
  if (decoded_) pool_->decoded_.insert(key_, std::move(decoded_));
  pool_->forget(key_, *this);
  return subscribers;
}

void ChunkFetch::resume_waiting(std::vector<Subscriber> subscribers) {
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

void ChunkFetch::serve(const std::vector<Subscriber>& subscribers, const ByteResult& result) {
  using Purpose = ChunkConsumer::Purpose;
  std::vector<Subscriber> readers;
  for (const Subscriber& subscriber : subscribers) {
    const Purpose purpose = subscriber.consumer->purpose();
    if (purpose == Purpose::read) readers.push_back(subscriber);
    if (purpose == Purpose::read || encoded_->missing) continue;
    keep_body_ = keep_body_ || subscriber.consumer->may_keep(result.body.capacity(), false);
    if (purpose == Purpose::walk) note_use(Use::part);
  }
  if (encoded_->missing) {
    for (const Subscriber& reader : readers) reader.consumer->part(reader.number).fill();
  } else if (readers.size() == 1) {
    serve_one(readers.front(), result.body);
  } else if (!readers.empty()) {
    serve_several(readers, result.body);
  }
  if (!readers.empty()) note_use(Use::part);
}

// The first read of a chunk decodes no more than it needs. Where it leaves a rest, the bytes are kept, and its voxels,
// should the same be asked for again. A second read of another part is a sign that more will follow: it decodes and
// keeps all. If all was decoded before and did not last, memory is short: then whole rows, as far as a walk along them
// needs.
void ChunkFetch::serve_one(const Subscriber& reader, const Buffer& body) {
  ChunkConsumer& consumer = *reader.consumer;
  const ChunkPart part = consumer.part(reader.number);
  const Box window = part.window();
  const bool whole = window == all_;
  Box rows = window;
  rows.min[2] = all_.min[2];
  rows.max[2] = all_.max[2];
  const std::size_t body_bytes = keep_body_ ? 0 : body.capacity();  // else it is paid for
  const auto may_keep = [&](const Box& box) {
    return consumer.may_keep(bytes_of(box.shape(), part.item) + body_bytes, whole);
  };

  if (decoded_ && decoded_->holds(window)) {
    part.copy_from(decoded_->voxels.data(), decoded_->extent);
  } else if (encoded_->use == Use::part && may_keep(all_)) {
    decode_and_keep(all_, body);
    part.copy_from(decoded_->voxels.data(), all_);
  } else if (encoded_->use == Use::whole && may_keep(rows)) {
    decode_and_keep(rows, body);
    part.copy_from(decoded_->voxels.data(), rows);
  } else if (!whole && may_keep(window)) {
    decode_and_keep(window, body);
    part.copy_from(decoded_->voxels.data(), window);
  } else {
    decode_into_place(part, body);
    keep_body_ = keep_body_ || (whole && consumer.may_keep(body_bytes, whole));
  }
}

void ChunkFetch::serve_several(const std::vector<Subscriber>& readers, const Buffer& body) {
  const std::size_t bytes = bytes_of(all_.shape(), item_size(store_->dtype()));
  const bool kept = decoded_ && decoded_->holds(all_);
  if (!kept && readers.front().consumer->may_keep(bytes + (keep_body_ ? 0 : body.capacity()), false)) {
    decode_and_keep(all_, body);
  } else if (!kept) {
    decode(body, all_, scratch());
  }
  const Buffer& voxels = decoded_ && decoded_->holds(all_) ? decoded_->voxels : scratch();
  for (const Subscriber& reader : readers) reader.consumer->part(reader.number).copy_from(voxels.data(), all_);
}

void ChunkFetch::decode_into_place(const ChunkPart& part, const Buffer& body) const {
  const Box window = part.window();
  if (part.fits_in_place()) {
    store_->decode(key_.chunk, body.bytes(), window, part.in_place());
  } else {
    decode(body, window, scratch());
    part.copy_from(scratch().data(), window);
  }
}

void ChunkFetch::decode_and_keep(const Box& box, const Buffer& body) {
  auto decoded = std::make_shared<DecodedChunk>();
  decoded->extent = box;
  decode(body, box, decoded->voxels);
  decoded_ = std::move(decoded);
  keep_body_ = true;
  if (box == all_) note_use(Use::whole);
}

void ChunkFetch::note_use(Use use) noexcept { encoded_->use = std::max(encoded_->use, use); }

void ChunkFetch::decode(const Buffer& body, const Box& box, Buffer& voxels) const {
  const std::size_t item = item_size(store_->dtype());
  voxels.resize(bytes_of(box.shape(), item));
  store_->decode(key_.chunk, body.bytes(), box, contiguous(voxels.data(), box.shape(), item));
}

}  // namespace catvox::detail
