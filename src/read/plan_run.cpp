#include "read/plan_run.hpp"

#include <algorithm>
#include <utility>

#include "bytes/read_batch.hpp"

namespace catvox::detail {
namespace {

constexpr std::int64_t neighbours = 16;  // that are asked for together: few enough to leave others under way

std::uint64_t next_id() {
  static std::atomic<std::uint64_t> last = 0;
  return ++last;
}

}  // namespace

PlanRun::PlanRun(const ChunkOrigin& origin, std::shared_ptr<ChunkPool> pool, ReadPlan plan, std::int64_t limit,
                 std::stop_token token, const char* cancelled)
    : origin_(origin),
      number_(origin.number),
      pool_(std::move(pool)),
      plan_(std::move(plan)),
      total_(plan_.chunks()),
      limit_(limit),
      group_(plan_.asks_for_neighbours() ? std::min(limit, neighbours) : 1),
      token_(std::move(token)),
      cancelled_(cancelled),
      id_(next_id()) {
  pool_->begin_plan(pending_);
}

PlanRun::~PlanRun() {
  pool_->end_plan(pending_);
  if (error_ && error_->code() == Errc::cancelled) pool_->demote(id_);
}

// Runs on the thread that starts the plan and on the source's. A chunk that the cache has calls back into finished() and
// so into here: only the outermost call on a thread loops.
void PlanRun::ask() noexcept {
  thread_local const PlanRun* asking = nullptr;
  if (asking == this) return;
  const auto self = shared_from_this();
  bool uses_origin = false;
  {
    const ReadBatch together;  // begins what it holds when nobody here is asking any more: that may end parts, too
    const PlanRun* const outer = std::exchange(asking, this);
    Asking part;
    for (bool more = next_part(part, false); more; more = next_part(part, true)) {
      uses_origin = true;
      pool_->get(origin_, self, part.number);
      if (token_.stop_requested()) cancel();
    }
    asking = outer;
  }
  if (!uses_origin) return;
  const std::lock_guard lock(mutex_);
  --using_origin_;
  if (over()) changed_.notify_all();
}

bool PlanRun::next_part(Asking& asking, bool asked) {
  const std::lock_guard lock(mutex_);
  if (asked) ++asking.number;
  bool more = asked && asking.number < asking.end && !stopped_;
  if (asked && !more) {
    under_way_ -= asking.end - asking.number;
    unlink(asking);
  }
  if (!more && !stopped_ && next_ < total_ && limit_ - under_way_ >= group_) {
    const std::int64_t end = std::min(next_ + group_, total_);
    under_way_ += end - next_;
    if (!asked) ++using_origin_;  // until ask() returns
    asking = {next_, end, asking_};
    asking_ = &asking;
    next_ = end;
    more = true;
  } else if (!more && over()) {
    changed_.notify_all();
  }
  std::int64_t first = next_;
  for (const Asking* each = asking_; each != nullptr; each = each->next) first = std::min(first, each->number);
  first_pending_.store(first, std::memory_order_relaxed);
  return more;
}

// There are no more of them than threads.
void PlanRun::unlink(const Asking& asking) noexcept {
  Asking** place = &asking_;
  while (*place != &asking) place = &(*place)->next;
  *place = asking.next;
}

bool PlanRun::Pending::will_ask_for(const ChunkKey& key) const noexcept {
  if (key.origin != run_.number_ || run_.stopped_) return false;
  const auto number = run_.plan_.find(key.chunk);
  return number && *number >= run_.first_pending_.load(std::memory_order_relaxed);
}

void PlanRun::decoding() noexcept {
  const std::lock_guard lock(mutex_);
  if (decoding_++ == 0) busy(true);
}

void PlanRun::decoding_failed() noexcept {
  const std::lock_guard lock(mutex_);
  decoded_once();
}

void PlanRun::decoded_once() noexcept {
  if (--decoding_ == 0) busy(false);
}

void PlanRun::finished(std::int64_t number, const ChunkCost& cost, bool decoded) noexcept {
  std::optional<Error> refused;
  {
    const std::lock_guard lock(mutex_);
    if (decoded) decoded_once();
    try {
      refused = count(number, cost);
    } catch (...) {
      refused = caught_error();
    }
    if (!refused) end_part();
  }
  if (refused) return failed(number, *refused);
  ask();
}

void PlanRun::failed(std::int64_t, const Error& error) noexcept {
  stop(error);
  const std::lock_guard lock(mutex_);
  end_part();
}

void PlanRun::dropped(std::int64_t) noexcept {
  const std::lock_guard lock(mutex_);
  end_part();
}

// Notifies under the mutex: a waiter that sees the end may destroy what it waited on.
void PlanRun::end_part() noexcept {
  --under_way_;
  if (over()) changed_.notify_all();
}

void PlanRun::stop(const Error& error) noexcept {
  {
    const std::lock_guard lock(mutex_);
    if (stopped_ || over()) return;
    error_ = error;
    stopped_ = true;
    ++using_origin_;
    changed_.notify_all();
  }
  pool_->drop(*this, *origin_.source);
  const std::lock_guard lock(mutex_);
  --using_origin_;
  if (over()) changed_.notify_all();
}

void PlanRun::cancel() noexcept {
  try {
    stop(Error(Errc::cancelled, cancelled_));
  } catch (...) {
    stop(caught_error());
  }
}

// Waits for: no part under way, no thread that uses the origin, and none that will. Owners: the source's threads, each
// of which ends what it has begun (a handler by returning, a request within the source's own deadlines or at cancel()).
void PlanRun::drain() noexcept {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return over(); });
}

bool PlanRun::is_over() {
  const std::lock_guard lock(mutex_);
  return over();
}

}  // namespace catvox::detail
