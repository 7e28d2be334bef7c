#include "core/workers.hpp"

#include <algorithm>
#include <catvox/core/error.hpp>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "core/quiet_thread.hpp"

// One mutex; no job, handler or destructor of a job runs under it, so it is the last in any order of locks.
//
// A job is in `waiting`, or its id stands in one place of `running`, or it is over. Each move happens under the mutex,
// so cancel() finds it in exactly one of them.
namespace catvox::detail {
namespace {

constexpr std::size_t largest_spare = std::size_t{4} << 20;

}  // namespace

struct Workers::State {
  struct Waiting {
    JobId id;
    std::unique_ptr<Job> job;
  };
  struct Running {
    JobId id = 0;  // 0: none
    bool cancelled = false;
  };

  void run(std::size_t thread) noexcept;

  std::mutex mutex;              // guards what follows
  std::condition_variable work;  // a job came, or the end
  std::condition_variable idle;  // no job is left
  std::deque<Waiting> waiting;
  std::vector<Running> running;  // for each thread
  std::size_t busy = 0;          // threads that run a job
  JobId last_id = 0;
  bool stopping = false;
  std::vector<std::thread> threads;
};

bool Workers::Turn::cancelled() const noexcept {
  const std::lock_guard lock(state_.mutex);
  return state_.running[thread_].cancelled;
}

Buffer Workers::Turn::take_memory() noexcept {
  spare_.clear();
  return std::move(spare_);
}

void Workers::Turn::leave_memory(Buffer memory) noexcept {
  if (memory.capacity() > spare_.capacity() && memory.capacity() <= largest_spare) spare_ = std::move(memory);
}

void Workers::State::run(std::size_t thread) noexcept {
  Turn turn(*this, thread);
  std::unique_lock lock(mutex);
  while (true) {
    // Predicate: there is work, or the end. Whoever brings either notifies under the mutex.
    work.wait(lock, [this] { return stopping || !waiting.empty(); });
    if (stopping) return;
    auto next = std::move(waiting.front());
    waiting.pop_front();
    running[thread] = {next.id, false};
    ++busy;
    lock.unlock();
    next.job->run(turn);
    next.job.reset();  // may destroy the owner of these threads
    lock.lock();
    running[thread] = {};
    if (--busy == 0 && waiting.empty()) idle.notify_all();
  }
}

Workers::Workers(int threads)
    : count_(threads > 0 ? threads : static_cast<int>(std::max(1U, std::thread::hardware_concurrency()))),
      state_(std::make_shared<State>()) {}

Workers::~Workers() {
  if (forked()) {
    // The threads are the parent's, and so may be whoever holds the mutex: nothing of this can be ended or freed.
    (void)new std::shared_ptr<State>(std::move(state_));
    return;
  }
  std::deque<State::Waiting> dropped;  // destroyed outside of the lock
  std::vector<std::thread> threads;
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
    dropped.swap(state_->waiting);
    threads.swap(state_->threads);
    state_->work.notify_all();
  }
  for (auto& thread : threads) {
    // A job that destroys its own workers cannot be waited for. Its thread ends with it.
    thread.get_id() == std::this_thread::get_id() ? thread.detach() : thread.join();
  }
}

Workers::JobId Workers::add(std::unique_ptr<Job> job) {
  if (forked()) {
    throw Error(Errc::io,
                "this process was forked from the one that opened it: open the client or stack anew after the fork");
  }
  const std::lock_guard lock(state_->mutex);
  if (state_->threads.empty()) start_threads();
  state_->waiting.push_back({++state_->last_id, std::move(job)});
  state_->work.notify_one();
  return state_->last_id;
}

// Fewer than wanted will do; after none at all the next add() tries again.
void Workers::start_threads() {
  const auto count = static_cast<std::size_t>(count_);
  state_->running.resize(count);
  state_->threads.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    try {
      state_->threads.push_back(start_quiet_thread([state = state_, i] { state->run(i); }));
    } catch (const Error&) {
      if (i == 0) throw;
      return;
    }
  }
}

void Workers::cancel(JobId id) noexcept {
  if (forked()) return;
  std::unique_ptr<Job> dropped;  // destroyed outside of the lock
  const std::lock_guard lock(state_->mutex);
  const auto waits = std::find_if(state_->waiting.begin(), state_->waiting.end(),
                                  [id](const State::Waiting& waiting) { return waiting.id == id; });
  if (waits != state_->waiting.end()) {
    dropped = std::move(waits->job);
    state_->waiting.erase(waits);
    if (state_->busy == 0 && state_->waiting.empty()) state_->idle.notify_all();
    return;
  }
  for (auto& running : state_->running) running.cancelled = running.cancelled || running.id == id;
}

void Workers::finish() noexcept {
  if (forked()) return;
  std::unique_lock lock(state_->mutex);
  // Predicate: no work is left. The threads that do it notify; without a thread there is none, as add() has thrown.
  state_->idle.wait(lock, [this] { return state_->waiting.empty() && state_->busy == 0; });
}

}  // namespace catvox::detail
