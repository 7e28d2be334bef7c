#include "bytes/shard_source.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <catvox/core/error.hpp>
#include <charconv>
#include <compare>
#include <cstring>
#include <list>
#include <map>
#include <mutex>
#include <new>
#include <optional>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

#include "bytes/relay.hpp"
#include "core/inflate.hpp"

// A read of a chunk goes: page of the shard's index -> index of its minishard -> its range of the shard; each step is left
// out where its answer is kept. An index that several reads need is read once: they wait for it in `waiting`.
//
// Locks: Shared::mutex guards what is kept and who waits; nothing is called under it.
namespace catvox::detail {
namespace {

using Numbers = std::vector<std::uint64_t>;
using Table = std::shared_ptr<const Numbers>;

constexpr std::uint64_t page_entries = 4096;                      // of a shard's index that are read together
constexpr std::uint64_t largest_index = std::uint64_t{64} << 20;  // bytes, of a minishard
constexpr std::size_t bytes_beside = 256;                         // that keeping an index costs, about

// What is kept: a page of a shard's index, (start, end) a minishard; or a minishard's index, (id, begin, size) a chunk in
// order of ids. Both are empty if there is nothing.
struct IndexKey {
  std::uint64_t shard = 0;
  bool of_minishard = false;
  std::uint64_t number = 0;
  friend auto operator<=>(const IndexKey&, const IndexKey&) = default;
};

std::uint64_t low_bits(std::uint64_t value, int bits) {
  return bits >= 64 ? value : value & ((std::uint64_t{1} << bits) - 1);
}
std::uint64_t shifted(std::uint64_t value, int bits) { return bits >= 64 ? 0 : value >> bits; }

// MurmurHash3_x86_128, seed 0, of the eight little-endian bytes of a key: the low half of the result.
std::uint64_t murmur(std::uint64_t key) {
  constexpr std::uint32_t c1 = 0x239b961b, c2 = 0xab0e9789, c3 = 0x38b34ae5;
  const auto mix = [](std::uint32_t h) {
    h = (h ^ (h >> 16)) * 0x85ebca6bU;
    h = (h ^ (h >> 13)) * 0xc2b2ae35U;
    return h ^ (h >> 16);
  };
  constexpr std::uint32_t length = 8;
  std::uint32_t h1 = (std::rotl(static_cast<std::uint32_t>(key) * c1, 15) * c2) ^ length;
  std::uint32_t h2 = (std::rotl(static_cast<std::uint32_t>(key >> 32) * c2, 16) * c3) ^ length;
  std::uint32_t h3 = length, h4 = length;
  const auto add = [&] {
    h1 += h2 + h3 + h4;
    h2 += h1;
    h3 += h1;
    h4 += h1;
  };
  add();
  h1 = mix(h1);
  h2 = mix(h2);
  h3 = mix(h3);
  h4 = mix(h4);
  add();
  return std::uint64_t{h2} << 32 | h1;
}

// Little-endian.
Numbers numbers_in(std::span<const std::byte> bytes) {
  Numbers numbers(bytes.size() / 8);
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    for (std::size_t b = 0; b < 8; ++b) numbers[i] |= std::to_integer<std::uint64_t>(bytes[8 * i + b]) << 8 * b;
  }
  return numbers;
}

[[noreturn]] void throw_corrupt(const std::string& what) { throw Error(Errc::corrupt_data, what); }

// Where a chunk lies. Knows numbers only.
class Layout {
 public:
  explicit Layout(ShardingSpec spec) : spec_(spec) {
    const auto check = [](const char* name, int bits, int most) {
      if (bits >= 0 && bits <= most) return;
      throw Error(Errc::invalid_metadata, "sharding: \"" + std::string(name) + "\" is " + std::to_string(bits) +
                                              ", not 0 to " + std::to_string(most));
    };
    check("preshift_bits", spec.preshift_bits, 64);
    check("minishard_bits", spec.minishard_bits, 32);
    check("shard_bits", spec.shard_bits, 64 - spec.minishard_bits);
  }

  struct Place {
    std::uint64_t shard = 0, minishard = 0;
  };
  [[nodiscard]] Place place_of(std::uint64_t chunk) const {
    std::uint64_t hash = shifted(chunk, spec_.preshift_bits);
    if (spec_.hash == ShardingSpec::Hash::murmurhash3_x86_128) hash = murmur(hash);
    return {low_bits(shifted(hash, spec_.minishard_bits), spec_.shard_bits), low_bits(hash, spec_.minishard_bits)};
  }

  [[nodiscard]] std::string file_of(std::uint64_t shard) const {
    std::array<char, 16> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), shard, 16).ptr;
    const std::string text(digits.data(), end);
    const auto width = static_cast<std::size_t>((spec_.shard_bits + 3) / 4);
    return std::string(width - std::min(width, text.size()), '0') + text + ".shard";
  }

  /// Bytes of a shard's index: what follows is counted from its end.
  [[nodiscard]] std::uint64_t index_end() const { return std::uint64_t{16} << spec_.minishard_bits; }

  [[nodiscard]] ByteRange page_range(std::uint64_t page) const {
    const std::uint64_t begin = page * page_entries * 16;
    return {begin, std::min(page_entries * 16, index_end() - begin)};
  }

  /// Null: the minishard is empty.
  [[nodiscard]] std::optional<ByteRange> minishard_range(const Numbers& page, std::uint64_t minishard) const {
    if (page.empty()) return {};
    const std::size_t at = static_cast<std::size_t>(minishard % page_entries) * 2;
    const std::uint64_t start = page[at], end = page[at + 1];
    if (start == end) return {};
    if (start > end || end > ~std::uint64_t{0} - index_end() || end - start > largest_index) {
      throw_corrupt("the shard's index has a minishard from " + std::to_string(start) + " to " + std::to_string(end));
    }
    return ByteRange{index_end() + start, end - start};
  }

  /// (id, begin, size) of each chunk in order of ids, begin from the file's.
  [[nodiscard]] Numbers chunks_of(std::span<const std::byte> index) const {
    if (index.size() % 24 != 0) {
      throw_corrupt("the index of a minishard has " + std::to_string(index.size()) + " bytes, no multiple of 24");
    }
    const Numbers rows = numbers_in(index);
    const std::size_t count = rows.size() / 3;
    std::vector<std::tuple<std::uint64_t, std::uint64_t, std::uint64_t>> chunks;
    chunks.reserve(count);
    std::uint64_t id = 0, end = index_end();
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint64_t gap = rows[count + i], size = rows[2 * count + i];
      if (gap > ~std::uint64_t{0} - end || size > ~std::uint64_t{0} - end - gap) {
        throw_corrupt("the index of a minishard has a chunk beyond 2^64 bytes");
      }
      id += rows[i];
      chunks.emplace_back(id, end + gap, size);
      end += gap + size;
    }
    std::sort(chunks.begin(), chunks.end());
    Numbers table;
    table.reserve(3 * count);
    for (const auto& [number, begin, size] : chunks) table.insert(table.end(), {number, begin, size});
    return table;
  }

  [[nodiscard]] static std::optional<ByteRange> chunk_range(const Numbers& table, std::uint64_t chunk) {
    std::size_t first = 0, last = table.size() / 3;
    while (first < last) {
      const std::size_t middle = first + (last - first) / 2;
      (table[3 * middle] < chunk ? first : last) = table[3 * middle] < chunk ? middle + 1 : middle;
    }
    if (3 * first == table.size() || table[3 * first] != chunk) return {};
    return ByteRange{table[3 * first + 1], table[3 * first + 2]};
  }

  [[nodiscard]] const ShardingSpec& spec() const { return spec_; }

 private:
  ShardingSpec spec_;
};

class ChunkRead;

// What the reads of a source share. They may outlive it, and do not own what is behind it: its threads may be the last to
// hold them.
struct Shared {
  explicit Shared(const ShardSourceOptions& options)
      : files(options.files), folder(options.folder), layout(options.sharding), index_bytes(options.index_bytes) {}

  const std::weak_ptr<ByteSource> files;
  const std::string folder;
  const Layout layout;
  const std::size_t index_bytes;
  RelayTable reads;

  std::mutex mutex;  // guards what follows
  std::map<IndexKey, std::vector<std::shared_ptr<ChunkRead>>> waiting;
  bool closed = false;

  Table find(const IndexKey& key) {
    const std::lock_guard lock(mutex);
    const auto found = kept_.find(key);
    if (found == kept_.end()) return nullptr;
    order_.splice(order_.begin(), order_, found->second);
    return found->second->table;
  }

  // With the mutex held.
  void keep(const IndexKey& key, Table table) {
    const auto bytes = [](const Table& each) { return each->size() * 8 + bytes_beside; };
    if (kept_.contains(key) || bytes(table) > index_bytes) return;
    kept_bytes_ += bytes(table);
    order_.push_front({key, std::move(table)});
    kept_.emplace(key, order_.begin());
    while (kept_bytes_ > index_bytes) {
      kept_bytes_ -= bytes(order_.back().table);
      kept_.erase(order_.back().key);
      order_.pop_back();
    }
  }

 private:
  struct Kept {
    IndexKey key;
    Table table;
  };
  std::list<Kept> order_;  // the most recently used first
  std::map<IndexKey, std::list<Kept>::iterator> kept_;
  std::size_t kept_bytes_ = 0;
};

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
    const Layout& layout = shared_->layout;
    const IndexKey page{place_.shard, false, place_.minishard / page_entries};
    if (!page_ && !(page_ = shared_->find(page))) return wait_for(page, layout.page_range(page.number));
    const auto minishard = layout.minishard_range(*page_, place_.minishard);
    if (!minishard) return hand_over(missing());
    const IndexKey index{place_.shard, true, place_.minishard};
    if (!chunks_ && !(chunks_ = shared_->find(index))) return wait_for(index, *minishard);
    range_ = Layout::chunk_range(*chunks_, chunk_);
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

  void index_came(const IndexKey& key, Table table) {
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
    request.key = shared_->folder + shared_->layout.file_of(place_.shard);
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

  void wait_for(const IndexKey& key, const ByteRange& range);

  const std::shared_ptr<Shared> shared_;
  const ByteRequest request_;
  const std::shared_ptr<ByteHandler> handler_;
  std::uint64_t chunk_ = 0;
  Layout::Place place_;

  // Of one thread after the other.
  Table page_, chunks_;
  std::optional<ByteRange> range_;
  bool handing_over_ = false;
};

// The read of an index, for whoever waits for it.
class IndexRead final : public ByteHandler {
 public:
  IndexRead(std::shared_ptr<Shared> shared, const IndexKey& key, const ByteRange& range)
      : shared_(std::move(shared)), key_(key), range_(range) {}

  void on_bytes(ByteResult& result) override {
    const auto table = std::make_shared<const Numbers>(table_in(result));
    std::vector<std::shared_ptr<ChunkRead>> reads;
    {
      const std::lock_guard lock(shared_->mutex);
      shared_->keep(key_, table);
      reads = take();
    }
    for (const auto& read : reads) read->index_came(key_, table);
  }

  void on_error(const Error& error) noexcept override {
    std::vector<std::shared_ptr<ChunkRead>> reads;
    {
      const std::lock_guard lock(shared_->mutex);
      reads = take();
    }
    for (const auto& read : reads) read->on_error(error);
  }

 private:
  [[nodiscard]] Numbers table_in(const ByteResult& result) const {
    const bool no_shard = result.missing() && !key_.of_minishard;
    if (no_shard) return {};
    check_whole(result, range_);
    if (!key_.of_minishard) return numbers_in(result.body.bytes());
    if (shared_->layout.spec().minishard_index_encoding == ShardingSpec::Encoding::raw) {
      return shared_->layout.chunks_of(result.body.bytes());
    }
    return shared_->layout.chunks_of(gunzip(result.body.bytes(), largest_index).bytes());
  }

  // With the mutex held.
  std::vector<std::shared_ptr<ChunkRead>> take() noexcept {
    const auto node = shared_->waiting.extract(key_);
    return node ? std::move(node.mapped()) : std::vector<std::shared_ptr<ChunkRead>>();
  }

  const std::shared_ptr<Shared> shared_;
  const IndexKey key_;
  const ByteRange range_;
};

void ChunkRead::wait_for(const IndexKey& key, const ByteRange& range) {
  const auto files = shared_->files.lock();
  if (!files) return;
  {
    const std::lock_guard lock(shared_->mutex);
    if (shared_->closed) return;
    auto& reads = shared_->waiting[key];
    reads.push_back(shared_from_this());
    if (reads.size() > 1) return;  // it is on its way
  }
  const auto index = std::make_shared<IndexRead>(shared_, key, range);
  try {
    ByteRequest request = file_request();
    request.range = range;
    files->read(std::move(request), index);
  } catch (const Error& error) {
    index->on_error(error);
  }
}

class ShardSource final : public ByteSource {
 public:
  explicit ShardSource(const ShardSourceOptions& options)
      : files_(options.files), shared_(std::make_shared<Shared>(options)) {}

  ~ShardSource() override {
    shared_->reads.cancel_all();
    std::map<IndexKey, std::vector<std::shared_ptr<ChunkRead>>> dropped;  // destroyed outside of the lock
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
