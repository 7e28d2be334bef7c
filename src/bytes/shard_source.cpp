#include "bytes/shard_source.hpp"

#include <catvox/core/error.hpp>
#include <charconv>
#include <map>
#include <mutex>
#include <new>
#include <optional>
#include <utility>
#include <vector>

#include "bytes/read_batch.hpp"
#include "bytes/read_error.hpp"
#include "bytes/relay.hpp"
#include "core/inflate.hpp"

// A read of a chunk goes: page of the shard's index -> index of its minishard -> its range of the shard; each step is left
// out where its answer is kept. An index that several reads need is read once: they wait for it in `waiting`.
//
// Locks: Shared::mutex guards who waits; nothing is called under it but ShardIndices, whose mutex is a leaf.
//
// No index is read twice at a time, and no read waits for one that does not come: find_or_wait() looks for the index and
// begins to wait in one critical section, IndexRead keeps the index and takes those who wait out in another; and whoever
// waits first reads the index, which ends with IndexRead::on_bytes() or on_error().
namespace catvox::detail {
namespace {

using Key = ShardIndices::Key;
using Table = ShardIndices::Table;

class ChunkRead;
using Reads = std::vector<std::shared_ptr<ChunkRead>>;

// What the reads of a source share. They may outlive it, and do not own what is behind it: its threads may be the last to
// hold them.
struct Shared {
  explicit Shared(const ShardSourceOptions& options)
      : files(options.files),
        folder(options.folder),
        query(options.query),
        layout(options.sharding),
        indices(options.indices),
        scale(options.indices->add_scale()) {}

  const std::weak_ptr<ByteSource> files;
  const std::string folder, query;
  const ShardLayout layout;
  const std::shared_ptr<ShardIndices> indices;
  const std::uint64_t scale;  // of `indices`
  RelayTable reads;

  std::mutex mutex;  // guards what follows
  std::map<Key, Reads> waiting;
  bool closed = false;

  // Who waits for an index: from now on, nobody.
  Reads take(const Key& key) noexcept {
    const std::lock_guard lock(mutex);
    return take_locked(key);
  }
  Reads take_locked(const Key& key) noexcept {
    const auto node = waiting.extract(key);
    return node ? std::move(node.mapped()) : Reads();
  }
};

[[noreturn]] void throw_corrupt(const std::string& what) { throw Error(Errc::corrupt_data, what); }

// Checks that all of a range came.
void check_whole(const ByteResult& result, const ByteRange& range) {
  if (result.missing()) throw_corrupt("the shard that had an index is not there");
  if (result.body.size() == range.size) return;
  throw_corrupt("the shard is too short: of " + std::to_string(range.size) + " bytes from " +
                std::to_string(range.begin) + " there are " + std::to_string(result.body.size()));
}

class ChunkRead final : public Relay, public ByteHandler, public std::enable_shared_from_this<ChunkRead> {
 public:
  ChunkRead(std::shared_ptr<Shared> shared, ByteRequest request, std::shared_ptr<ByteHandler> handler)
      : shared_(std::move(shared)), request_(std::move(request)), handler_(std::move(handler)) {
    const auto& key = request_.key;
    const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), chunk_);
    if (error != std::errc() || end != key.data() + key.size() || request_.range) {
      throw Error(Errc::invalid_argument, "no key of a sharded chunk: " + key);
    }
    place_ = shared_->layout.place_of(chunk_);
  }

  // Takes the next step that is needed.
  void go_on() {
    const ShardLayout& layout = shared_->layout;
    const std::uint64_t page = ShardLayout::page_of(place_.minishard);
    if (!page_) page_ = find_or_wait({shared_->scale, place_.shard, false, page}, layout.page_range(page));
    if (!page_) return;
    const auto minishard = layout.minishard_range(*page_, place_.minishard);
    if (!minishard) return hand_over(missing());
    if (!chunks_) chunks_ = find_or_wait({shared_->scale, place_.shard, true, place_.minishard}, *minishard);
    if (!chunks_) return;
    range_ = ShardLayout::chunk_range(*chunks_, chunk_);
    if (!range_) return hand_over(missing());
    if (range_->size == 0) return hand_over({.attempts = 1});
    fetch();
  }

  // Gives bytes, or that there are none, on a thread of the source behind.
  void hand_over(ByteResult known) {
    handing_over_ = true;
    known.may_store = false;  // the source behind would take it for the shard
    step([&](ByteSource& files) { return files.deliver(file_request(), std::move(known), shared_from_this()); });
  }

  void index_came(const Key& key, Table table) {
    (key.of_minishard ? chunks_ : page_) = std::move(table);
    try {
      go_on();
    } catch (const Error& error) {
      on_error(error);
    } catch (const std::bad_alloc&) {
      on_error(Error(Errc::too_large, "not enough memory"));
    }
  }

  void on_bytes(ByteResult& result) override {
    if (cancelled()) return;
    if (std::exchange(handing_over_, false)) {
      try {
        handler_->on_bytes(result);
      } catch (const Error& error) {
        if (error.code() != Errc::corrupt_data || result.missing()) throw;
        go_on();  // what was known is no good
        return;
      }
    } else {
      check_whole(result, *range_);
      if (shared_->layout.spec().data_encoding == ShardingSpec::Encoding::gzip) {
        result.body = gunzip(result.body.bytes(), request_.max_bytes > 0 ? request_.max_bytes : largest_chunk);
      }
      handler_->on_bytes(result);
    }
    shared_->reads.remove(*this);
  }

  void on_error(const Error& error) noexcept override {
    if (cancelled()) return;
    shared_->reads.remove(*this);
    handler_->on_error(error);
  }

  static constexpr std::size_t largest_chunk = std::size_t{256} << 20;

 private:
  static ByteResult missing() {
    ByteResult result;
    result.state = ByteResult::State::missing;
    return result;
  }

  [[nodiscard]] ByteRequest file_request() const {
    ByteRequest request = request_;
    request.key = shared_->folder + shared_->layout.file_of(place_.shard) + shared_->query;
    request.max_bytes = 0;
    return request;
  }

  template <class Begin>
  void step(Begin begin) {
    const auto files = shared_->files.lock();
    if (!files) return;  // it has gone, and this read with it
    begin_step([&] { return begin(*files); },
               [weak = shared_->files](ByteSource::ReadId id) {
                 if (const auto still = weak.lock()) still->cancel(id);
               });
  }

  void fetch() {
    // What is compressed may be a little larger than what comes of it.
    const std::size_t limit = request_.max_bytes > 0 ? request_.max_bytes : largest_chunk;
    const bool gzip = shared_->layout.spec().data_encoding == ShardingSpec::Encoding::gzip;
    if (range_->size > (gzip ? limit + limit / 64 + 1024 : limit)) {
      throw Error(Errc::too_large, "the chunk has " + std::to_string(range_->size) + " bytes, more than the limit of " +
                                       std::to_string(limit));
    }
    step([&](ByteSource& files) {
      ByteRequest request = file_request();
      request.range = range_;
      return files.read(std::move(request), shared_from_this());
    });
  }

  Table find_or_wait(const Key& key, const ByteRange& range);

  const std::shared_ptr<Shared> shared_;
  const ByteRequest request_;
  const std::shared_ptr<ByteHandler> handler_;
  std::uint64_t chunk_ = 0;
  ShardLayout::Place place_;

  // Of one thread after the other.
  Table page_, chunks_;
  std::optional<ByteRange> range_;
  bool handing_over_ = false;
};

// The read of an index, for whoever waits for it.
class IndexRead final : public ByteHandler {
 public:
  IndexRead(std::shared_ptr<Shared> shared, const Key& key, const ByteRange& range)
      : shared_(std::move(shared)), key_(key), range_(range) {}

  void on_bytes(ByteResult& result) override {
    const auto table = std::make_shared<const ShardLayout::Numbers>(table_in(result));
    Reads reads;
    {
      const std::lock_guard lock(shared_->mutex);
      shared_->indices->keep(key_, table);
      reads = shared_->take_locked(key_);
    }
    const ReadBatch together;
    for (const auto& read : reads) read->index_came(key_, table);
  }

  void on_error(const Error& error) noexcept override {
    for (const auto& read : shared_->take(key_)) read->on_error(error);
  }

 private:
  [[nodiscard]] ShardLayout::Numbers table_in(const ByteResult& result) const {
    const bool no_shard = result.missing() && !key_.of_minishard;
    if (no_shard) return {};
    check_whole(result, range_);
    const auto bytes = result.body.bytes();
    return key_.of_minishard ? shared_->layout.parse_minishard(bytes) : ShardLayout::parse_page(bytes);
  }

  const std::shared_ptr<Shared> shared_;
  const Key key_;
  const ByteRange range_;
};

// Null: this read waits, and index_came() or on_error() follows; or the source has gone, and nothing does. If the index
// cannot be asked for, that is thrown here, and the others who wait by now hear of it.
Table ChunkRead::find_or_wait(const Key& key, const ByteRange& range) {
  const auto files = shared_->files.lock();
  if (!files) return nullptr;
  {
    const std::lock_guard lock(shared_->mutex);
    if (shared_->closed) return nullptr;
    if (auto table = shared_->indices->find(key)) return table;
    auto& reads = shared_->waiting[key];
    reads.push_back(shared_from_this());
    if (reads.size() > 1) return nullptr;  // it is on its way
  }
  try {
    ByteRequest request = file_request();
    request.range = range;
    files->read(std::move(request), std::make_shared<IndexRead>(shared_, key, range));
  } catch (...) {
    const Error error = current_error({});
    for (const auto& read : shared_->take(key)) {
      if (read.get() != this) read->on_error(error);
    }
    throw Error(error);
  }
  return nullptr;
}

class ShardSource final : public ByteSource {
 public:
  explicit ShardSource(const ShardSourceOptions& options)
      : files_(options.files), shared_(std::make_shared<Shared>(options)) {}

  ~ShardSource() override {
    shared_->reads.cancel_all();
    std::map<Key, Reads> dropped;  // destroyed outside of the lock
    const std::lock_guard lock(shared_->mutex);
    shared_->closed = true;
    dropped.swap(shared_->waiting);
  }

  ReadId read(ByteRequest request, std::shared_ptr<ByteHandler> handler) override {
    const auto read = std::make_shared<ChunkRead>(shared_, std::move(request), std::move(handler));
    return shared_->reads.add(read, [&] { read->go_on(); });
  }

  ReadId deliver(ByteRequest request, ByteResult known, std::shared_ptr<ByteHandler> handler) override {
    const auto read = std::make_shared<ChunkRead>(shared_, std::move(request), std::move(handler));
    return shared_->reads.add(read, [&] { read->hand_over(std::move(known)); });
  }

  void cancel(ReadId id) noexcept override { shared_->reads.cancel(id); }
  [[nodiscard]] int concurrency() const noexcept override { return files_->concurrency(); }

 private:
  const std::shared_ptr<ByteSource> files_;
  const std::shared_ptr<Shared> shared_;
};

}  // namespace

std::shared_ptr<ByteSource> make_shard_source(ShardSourceOptions options) {
  return std::make_shared<ShardSource>(options);
}

}  // namespace catvox::detail
