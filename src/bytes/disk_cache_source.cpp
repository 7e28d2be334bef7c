#include "bytes/disk_cache_source.hpp"

#include <algorithm>
#include <catvox/core/redact.hpp>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bytes/read_batch.hpp"
#include "bytes/read_error.hpp"
#include "bytes/relay.hpp"
#include "http/url_parts.hpp"

// A read goes: lookup (a job of the cache's readers) -> handed over; or -> `source` -> handed over on its thread, then
// stored; or, where the server is asked whether what is kept still holds, lookup -> `source` -> lookup.
//
// Parts of objects that are asked for in one ReadBatch are looked up several in a job, in a batch of its own: so those that
// are not kept are asked for together, too.
namespace catvox::detail {
namespace {

// What all reads of a source share. They may outlive it: a thread of the source behind it, or of the cache, may be the
// last to hold a read, and must not be the one to destroy its own threads. So reads own neither. A job of the cache may
// use it, as the cache waits for its jobs before it goes.
struct Shared {
  explicit Shared(const DiskCacheSourceOptions& options)
      : source(options.source), cache(options.cache), credentials(options.credentials) {}

  // Null for requests whose answers are not kept. The first call for secrets takes a moment.
  std::optional<Digest> key_of(const ByteRequest& request, const DiskCache& cache_itself) {
    const auto scheme = scheme_of(request.key);
    if (scheme != "http" && scheme != "https") return {};
    const auto user = split_user(request.key);
    if (!user.user.empty() || !user.password.empty()) return {};  // a secret in the address itself
    std::call_once(stretched, [&] {
      if (credentials) secrets = cache_itself.stretched(credentials->digest());
    });
    auto name = request.key;
    if (request.range) {
      name += "\n" + std::to_string(request.range->begin) + "+" + std::to_string(request.range->size);
    }
    return cache_itself.key_of(name, secrets);
  }

  const std::weak_ptr<ByteSource> source;
  const std::weak_ptr<DiskCache> cache;
  const std::shared_ptr<const Credentials> credentials;
  RelayTable reads;

 private:
  std::once_flag stretched;
  Digest secrets{};
};

class KeptRead final : public Relay, public ByteHandler, public std::enable_shared_from_this<KeptRead> {
 public:
  KeptRead(std::shared_ptr<Shared> shared, ByteRequest request, std::shared_ptr<ByteHandler> handler)
      : shared_(std::move(shared)), request_(std::move(request)), handler_(std::move(handler)) {}

  [[nodiscard]] auto cancel_at_source() const {
    return [weak = shared_->source](ByteSource::ReadId id) {
      if (const auto source = weak.lock()) source->cancel(id);
    };
  }

  // Looks for it on disk first.
  void look_up() {
    add_job([this](DiskCache& cache) { return std::make_unique<Lookup>(shared_from_this(), cache); });
  }

  // The same in a job with others, which cannot be cancelled, as it is over in a moment: what was cancelled is skipped.
  void look_up_now(Workers::Turn& turn, DiskCache& cache) noexcept {
    if (cancelled()) return;
    try {
      find(turn, cache);
    } catch (...) {
      on_error(current_error({.url = redact_url(request_.key)}));
    }
  }

  // Asks the source.
  void fetch() {
    const auto source = shared_->source.lock();
    if (!source) return;  // it has gone, and this read with it
    begin_step([&] { return source->read(request_, shared_from_this()); }, cancel_at_source());
  }

  // Bytes that are here. They are kept if known.may_store says so: then their key is needed, which may take a moment.
  void hand_over(ByteResult known) {
    if (known.may_store && !store_known_) {
      add_job([&](DiskCache& cache) { return std::make_unique<Naming>(shared_from_this(), cache, std::move(known)); });
      return;
    }
    const auto source = shared_->source.lock();
    if (!source) return;
    begin_step([&] { return source->deliver(request_, std::move(known), shared_from_this()); }, cancel_at_source());
  }

  void on_bytes(ByteResult& result) override {
    if (cancelled()) return;
    if (result.state == ByteResult::State::unchanged && asked_whether_changed_) {
      confirmed_after_ = result.attempts;
      look_up();
      return;
    }
    const bool from_memory = result.attempts == 0;
    if (from_memory) result.may_store = store_known_;
    auto entry = result.may_store ? entry_of(result) : std::nullopt;
    handler_->on_bytes(result);
    if (const auto cache = shared_->cache.lock(); cache && entry && result.may_store) cache->store(std::move(*entry));
    shared_->reads.remove(*this);
  }

  void on_error(const Error& error) noexcept override {
    if (cancelled()) return;
    shared_->reads.remove(*this);
    handler_->on_error(error);
  }

 private:
  template <class MakeJob>
  void add_job(MakeJob make) {
    const auto cache = shared_->cache.lock();
    if (!cache) return;  // it has gone, and this read with it
    begin_step([&] { return cache->readers().add(make(*cache)); },
               [weak = shared_->cache](Workers::JobId job) {
                 if (const auto still = weak.lock()) still->readers().cancel(job);
               });
  }

  class Lookup final : public Workers::Job {
   public:
    Lookup(std::shared_ptr<KeptRead> read, DiskCache& cache) : read_(std::move(read)), cache_(cache) {}
    void run(Workers::Turn& turn) noexcept override { read_->look_up_now(turn, cache_); }

   private:
    const std::shared_ptr<KeptRead> read_;
    DiskCache& cache_;
  };

  class Naming final : public Workers::Job {
   public:
    Naming(std::shared_ptr<KeptRead> read, DiskCache& cache, ByteResult known)
        : read_(std::move(read)), cache_(cache), known_(std::move(known)) {}
    void run(Workers::Turn&) noexcept override {
      try {
        read_->key_ = read_->shared_->key_of(read_->request_, cache_);
        read_->store_known_ = true;
        read_->hand_over(std::move(known_));
      } catch (...) {
        read_->on_error(current_error({.url = redact_url(read_->request_.key)}));
      }
    }

   private:
    const std::shared_ptr<KeptRead> read_;
    DiskCache& cache_;
    ByteResult known_;
  };

  // A lookup is made once, and again after the server has said that what was found still holds.
  void find(Workers::Turn& turn, DiskCache& cache) {
    if (!key_) key_ = shared_->key_of(request_, cache);
    auto kept = key_ ? cache.find(*key_, request_.max_bytes, turn.take_memory()) : std::nullopt;
    request_.unless_generation.clear();
    const bool confirmed = std::exchange(asked_whether_changed_, false);
    if (kept && !kept->missing && cache.options().revalidate && !confirmed) {
      request_.unless_generation = kept->generation;
      asked_whether_changed_ = !kept->generation.empty();
      turn.leave_memory(std::move(kept->body));
      kept.reset();
    }
    if (!kept || !give(turn, *kept)) fetch();
  }

  // False if what is kept does not decode.
  bool give(Workers::Turn& turn, DiskEntry& kept) {
    if (cancelled()) return true;
    ByteResult result;
    result.state = kept.missing ? ByteResult::State::missing : ByteResult::State::present;
    result.body = std::move(kept.body);
    result.url = redact_url(request_.key);
    result.generation = std::move(kept.generation);
    result.from_disk = true;
    result.attempts = confirmed_after_;
    try {
      handler_->on_bytes(result);
    } catch (const Error& error) {
      if (error.code() != Errc::corrupt_data) throw;
      return false;
    }
    turn.leave_memory(std::move(result.body));
    shared_->reads.remove(*this);
    return true;
  }

  // A copy, as the handler may take the body. None if it cannot be kept.
  std::optional<DiskEntry> entry_of(const ByteResult& result) {
    const auto cache = key_ ? shared_->cache.lock() : nullptr;
    if (!cache || !cache->has_room_for(result.body.size())) return {};
    DiskEntry entry;
    entry.key = *key_;
    entry.missing = result.missing();
    entry.stored = now_in_seconds();
    entry.generation = result.generation;
    entry.body.append(result.body.bytes());
    return entry;
  }

  const std::shared_ptr<Shared> shared_;
  ByteRequest request_;
  const std::shared_ptr<ByteHandler> handler_;

  // Of one thread after the other.
  std::optional<Digest> key_;
  bool asked_whether_changed_ = false;
  int confirmed_after_ = 0;   // requests
  bool store_known_ = false;  // bytes from memory, once their key is known
};

using Reads = std::vector<std::shared_ptr<KeptRead>>;

class Lookups final : public Workers::Job {
 public:
  Lookups(Reads reads, DiskCache& cache) : reads_(std::move(reads)), cache_(cache) {}
  void run(Workers::Turn& turn) noexcept override {
    const ReadBatch together;
    for (const auto& read : reads_) read->look_up_now(turn, cache_);
  }

 private:
  const Reads reads_;
  DiskCache& cache_;
};

class HeldLookups final : public HeldReads {
 public:
  explicit HeldLookups(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}

  void add(std::shared_ptr<KeptRead> read) { reads_.push_back(std::move(read)); }

  void begin() noexcept override {
    constexpr std::size_t in_a_job = 16;  // what is kept is decoded there: all threads are to have some
    const auto cache = shared_->cache.lock();
    if (!cache) return;  // it has gone, and these reads with it
    for (std::size_t first = 0; first < reads_.size(); first += in_a_job) {
      const auto begin = reads_.begin() + static_cast<std::ptrdiff_t>(first);
      const auto end = begin + static_cast<std::ptrdiff_t>(std::min(in_a_job, reads_.size() - first));
      try {
        cache->readers().add(std::make_unique<Lookups>(Reads(begin, end), *cache));
      } catch (...) {
        const Error error = current_error({});
        std::for_each(begin, end, [&](const auto& read) { read->on_error(error); });
      }
    }
  }

 private:
  const std::shared_ptr<Shared> shared_;
  Reads reads_;
};

class DiskCacheSource final : public ByteSource {
 public:
  explicit DiskCacheSource(const DiskCacheSourceOptions& options)
      : source_(options.source), cache_(options.cache), shared_(std::make_shared<Shared>(options)) {}
  ~DiskCacheSource() override { shared_->reads.cancel_all(); }

  ReadId read(ByteRequest request, std::shared_ptr<ByteHandler> handler) override {
    const bool past_caches = request.past_caches;
    HeldReads* held = nullptr;
    if (request.range && !past_caches) {
      held = ReadBatch::held_for(shared_.get(), [&] { return std::make_unique<HeldLookups>(shared_); });
    }
    const auto read = std::make_shared<KeptRead>(shared_, std::move(request), std::move(handler));
    return shared_->reads.add(read, [&] {
      if (past_caches) return read->fetch();
      held != nullptr ? static_cast<HeldLookups*>(held)->add(read) : read->look_up();
    });
  }

  ReadId deliver(ByteRequest request, ByteResult known, std::shared_ptr<ByteHandler> handler) override {
    const auto read = std::make_shared<KeptRead>(shared_, std::move(request), std::move(handler));
    return shared_->reads.add(read, [&] { read->hand_over(std::move(known)); });
  }

  void cancel(ReadId id) noexcept override { shared_->reads.cancel(id); }

  [[nodiscard]] int concurrency() const noexcept override { return source_->concurrency(); }

 private:
  const std::shared_ptr<ByteSource> source_;
  const std::shared_ptr<DiskCache> cache_;
  const std::shared_ptr<Shared> shared_;
};

}  // namespace

std::shared_ptr<ByteSource> make_disk_cache_source(DiskCacheSourceOptions options) {
  return std::make_shared<DiskCacheSource>(options);
}

}  // namespace catvox::detail
