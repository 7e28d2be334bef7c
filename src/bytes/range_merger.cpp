#include "bytes/range_merger.hpp"

#include <algorithm>
#include <atomic>
#include <catvox/core/error.hpp>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <new>
#include <optional>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

#include "bytes/merge_ranges.hpp"
#include "bytes/read_batch.hpp"
#include "bytes/read_error.hpp"
#include "bytes/relay.hpp"

// A held read is a Part. It goes: held -> alone, or -> in a Whole -> over, or alone.
//
// Each part ends once: a Whole hands it over once (`over_`), or is over before it does; only if that was no good, the part
// is read alone. What was cancelled is still a part of its Whole, and skipped; of the Whole the source behind has the
// request until the last of its parts was cancelled.
//
// Memory: a Whole is a body like any other, at most 1 MiB unless one part is larger, and lives until its handler returns;
// beside it there is a copy of the part that is being handed over.
namespace catvox::detail {
namespace {

// Tells our reads from those of the source behind.
constexpr ByteSource::ReadId held_mark = ByteSource::ReadId{1} << 63;

// Few ranges that are large would leave connections idle, and all decoding to the thread that has the range: what is
// under way is to fill this many. A range of the smallest size takes hardly longer than one of a byte.
constexpr std::uint64_t ranges_under_way = 16;
constexpr std::uint64_t smallest_limit = std::uint64_t{128} << 10;

struct Shared {
  explicit Shared(const std::shared_ptr<ByteSource>& behind) : source(behind) {}

  // Not owned: a thread of the source may be the last to hold a read.
  const std::weak_ptr<ByteSource> source;
  RelayTable reads;
  std::atomic<std::uint64_t> bytes_under_way = 0;  // of wholes
};

class Part final : public Relay, public ByteHandler, public std::enable_shared_from_this<Part> {
 public:
  Part(std::shared_ptr<Shared> shared, ByteRequest request, std::shared_ptr<ByteHandler> handler)
      : shared_(std::move(shared)), request_(std::move(request)), handler_(std::move(handler)) {}

  [[nodiscard]] const ByteRequest& request() const noexcept { return request_; }
  [[nodiscard]] const ByteRange& range() const noexcept { return *request_.range; }

  void read_alone() noexcept {
    const auto source = shared_->source.lock();
    if (!source) return;  // it has gone, and this read with it
    try {
      begin_step([&] { return source->read(request_, shared_from_this()); },
                 [weak = shared_->source](ByteSource::ReadId id) {
                   if (const auto still = weak.lock()) still->cancel(id);
                 });
    } catch (...) {
      on_error(current_error({}));
    }
  }

  // Calls `cancel` once if the part is, or was, cancelled while it waits.
  template <class Cancel>
  void wait_for_whole(const Cancel& cancel) {
    bool waits = false;
    begin_step([&] { return waits = true, ByteSource::ReadId{0}; }, [cancel](ByteSource::ReadId) { cancel(); });
    if (!waits) cancel();
  }

  // What came of it in a whole.
  void take(ByteResult& result) noexcept {
    if (cancelled()) return;
    try {
      handler_->on_bytes(result);
      shared_->reads.remove(*this);
    } catch (...) {
      const Error error = current_error({.url = result.url, .attempts = result.attempts});
      if (error.code() != Errc::corrupt_data || request_.max_attempts == 1) return on_error(error);
      again(result.attempts, true);
    }
  }

  // The whole that it was in was no good.
  void again(int attempts, bool past_caches) noexcept {
    attempts_before_ = attempts;
    request_.past_caches = request_.past_caches || past_caches;
    read_alone();
  }

  void on_bytes(ByteResult& result) override {
    if (cancelled()) return;
    result.attempts += attempts_before_;
    handler_->on_bytes(result);
    shared_->reads.remove(*this);
  }

  void on_error(const Error& error) noexcept override {
    if (cancelled()) return;
    shared_->reads.remove(*this);
    if (attempts_before_ == 0) return handler_->on_error(error);
    auto context = error.context();
    context.attempts += attempts_before_;
    handler_->on_error(Error(error.code(), error.what(), std::move(context)));
  }

 private:
  const std::shared_ptr<Shared> shared_;
  ByteRequest request_;
  const std::shared_ptr<ByteHandler> handler_;
  int attempts_before_ = 0;
};

using Parts = std::vector<std::shared_ptr<Part>>;

class Whole final : public ByteHandler, public std::enable_shared_from_this<Whole> {
 public:
  Whole(std::shared_ptr<Shared> shared, std::span<const std::shared_ptr<Part>> parts)
      : shared_(std::move(shared)), parts_(parts.begin(), parts.end()), wanted_(parts.size()) {
    range_.begin = parts_.front()->range().begin;
    for (const auto& part : parts_) {
      range_.size = std::max(range_.size, part->range().begin - range_.begin + part->range().size);
    }
    shared_->bytes_under_way += range_.size;
  }
  ~Whole() override { shared_->bytes_under_way -= range_.size; }
  Whole(const Whole&) = delete;
  Whole& operator=(const Whole&) = delete;

  void begin() noexcept {
    const auto source = shared_->source.lock();
    if (!source) return;
    try {
      for (const auto& part : parts_) {
        part->wait_for_whole([weak = weak_from_this()] {
          if (const auto whole = weak.lock()) whole->part_was_cancelled();
        });
      }
      ByteRequest request = parts_.front()->request();
      request.range = range_;
      request.max_bytes = 0;
      const auto id = source->read(std::move(request), shared_from_this());
      {
        const std::lock_guard lock(mutex_);
        id_ = id;
        if (wanted_ > 0) return;
      }
      source->cancel(id);
    } catch (...) {
      const Error error = current_error({});
      for (const auto& part : parts_) part->on_error(error);
    }
  }

  void on_bytes(ByteResult& result) override {
    const ReadBatch together;  // what takes these parts' places
    const auto body = result.body.bytes();
    ByteResult of_part;
    of_part.state = result.state;
    bool first = true;
    for (; over_ < parts_.size(); ++over_) {
      Part& part = *parts_[over_];
      if (part.cancelled()) continue;
      of_part.body.clear();
      const auto [begin, size] = part.range();
      const auto at = static_cast<std::size_t>(std::min<std::uint64_t>(begin - range_.begin, body.size()));
      of_part.body.append(body.subspan(at, static_cast<std::size_t>(std::min<std::uint64_t>(size, body.size() - at))));
      of_part.url = result.url;
      of_part.generation = result.generation;
      of_part.may_store = result.may_store;
      of_part.from_disk = result.from_disk;
      of_part.local = result.local;
      of_part.attempts = result.attempts;
      of_part.with_another = !std::exchange(first, false);
      of_part.first_byte_seconds = result.first_byte_seconds;
      of_part.seconds = result.seconds;
      part.take(of_part);
    }
  }

  void on_error(const Error& error) noexcept override {
    const bool each_may_fare_better = error.code() == Errc::too_large || error.code() == Errc::corrupt_data;
    for (; over_ < parts_.size(); ++over_) {
      Part& part = *parts_[over_];
      each_may_fare_better ? part.again(error.context().attempts, false) : part.on_error(error);
    }
  }

 private:
  void part_was_cancelled() noexcept {
    std::optional<ByteSource::ReadId> id;
    {
      const std::lock_guard lock(mutex_);
      if (--wanted_ == 0) id = id_;
    }
    const auto source = id ? shared_->source.lock() : nullptr;
    if (source) source->cancel(*id);
  }

  const std::shared_ptr<Shared> shared_;
  const Parts parts_;  // by their begin
  ByteRange range_;
  std::size_t over_ = 0;  // parts, from the first on, that were handed over; of one thread after the other

  std::mutex mutex_;    // guards what follows
  std::size_t wanted_;  // parts that were not cancelled
  std::optional<ByteSource::ReadId> id_;
};

// What may share a request is equal in this.
auto kind_of(const ByteRequest& request) {
  return std::tie(request.key, request.max_attempts, request.timeout, request.past_caches);
}

bool can_share(const ByteRequest& request) noexcept {
  if (!request.range || !request.unless_generation.empty()) return false;
  const auto [begin, size] = *request.range;
  return size > 0 && size <= ~std::uint64_t{0} - begin && (request.max_bytes == 0 || size <= request.max_bytes);
}

class Held final : public HeldReads {
 public:
  explicit Held(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}

  void add(std::shared_ptr<Part> part) { parts_.push_back(std::move(part)); }

  void begin() noexcept override {
    std::erase_if(parts_, [](const auto& part) { return part->cancelled(); });
    std::uint64_t bytes = shared_->bytes_under_way;
    for (const auto& part : parts_) bytes += part->range().size;
    const MergeRules rules{.largest = std::clamp(bytes / ranges_under_way, smallest_limit, MergeRules{}.largest)};
    std::sort(parts_.begin(), parts_.end(), [](const auto& a, const auto& b) {
      return std::tuple_cat(kind_of(a->request()), std::tie(a->range().begin)) <
             std::tuple_cat(kind_of(b->request()), std::tie(b->range().begin));
    });
    for (auto first = parts_.begin(); first != parts_.end();) {
      const auto end = std::find_if(first, parts_.end(), [&](const auto& part) {
        return kind_of(part->request()) != kind_of((*first)->request());
      });
      begin_some({first, end}, rules);
      first = end;
    }
  }

 private:
  void begin_some(std::span<const std::shared_ptr<Part>> parts, const MergeRules& rules) noexcept {
    std::size_t begun = 0;
    try {
      std::vector<ByteRange> ranges;
      for (const auto& part : parts) ranges.push_back(part->range());
      for (const auto& [first, count] : merge_ranges(ranges, rules)) {
        if (count > 1) {
          std::make_shared<Whole>(shared_, parts.subspan(first, count))->begin();
        } else {
          parts[first]->read_alone();
        }
        begun += count;
      }
    } catch (const std::bad_alloc&) {
      for (const auto& part : parts.subspan(begun)) part->read_alone();
    }
  }

  const std::shared_ptr<Shared> shared_;
  Parts parts_;
};

class RangeMerger final : public ByteSource {
 public:
  explicit RangeMerger(std::shared_ptr<ByteSource> source)
      : source_(std::move(source)), shared_(std::make_shared<Shared>(source_)) {}
  ~RangeMerger() override { shared_->reads.cancel_all(); }

  ReadId read(ByteRequest request, std::shared_ptr<ByteHandler> handler) override {
    HeldReads* const held = can_share(request)
                                ? ReadBatch::held_for(shared_.get(), [&] { return std::make_unique<Held>(shared_); })
                                : nullptr;
    if (held == nullptr) return source_->read(std::move(request), std::move(handler));
    const auto part = std::make_shared<Part>(shared_, std::move(request), std::move(handler));
    return held_mark | shared_->reads.add(part, [&] { static_cast<Held*>(held)->add(part); });
  }

  ReadId deliver(ByteRequest request, ByteResult known, std::shared_ptr<ByteHandler> handler) override {
    return source_->deliver(std::move(request), std::move(known), std::move(handler));
  }

  void cancel(ReadId id) noexcept override {
    (id & held_mark) != 0 ? shared_->reads.cancel(id & ~held_mark) : source_->cancel(id);
  }

  [[nodiscard]] int concurrency() const noexcept override { return source_->concurrency(); }

 private:
  const std::shared_ptr<ByteSource> source_;
  const std::shared_ptr<Shared> shared_;
};

}  // namespace

std::shared_ptr<ByteSource> make_range_merger(std::shared_ptr<ByteSource> source) {
  return std::make_shared<RangeMerger>(std::move(source));
}

}  // namespace catvox::detail
