#pragma once

#include <catvox/core/buffer.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "core/fork.hpp"

namespace catvox::detail {

/// Threads that run jobs in the order in which they came. They start with the first job.
///
/// A forked child has none of them: there, add() throws and the destructor gives up what it cannot end.
class Workers {
  struct State;  // of the threads, too: it outlives *this where a job destroys that

 public:
  using JobId = std::uint64_t;

  /// What a job may ask its thread for.
  class Turn {
   public:
    Turn(State& state, std::size_t thread) : state_(state), thread_(thread) {}

    /// Whether the job was cancelled before this call. What follows a "no" counts as running already.
    [[nodiscard]] bool cancelled() const noexcept;

    /// Memory that an earlier job of this thread has left: fresh memory costs page faults.
    [[nodiscard]] Buffer take_memory() noexcept;
    void leave_memory(Buffer memory) noexcept;

   private:
    State& state_;
    const std::size_t thread_;
    Buffer spare_;
  };

  class Job {
   public:
    virtual ~Job() = default;
    virtual void run(Turn& turn) noexcept = 0;
  };

  /// \param threads  0: one for each core
  explicit Workers(int threads);

  /// Drops the jobs that wait, and returns when none runs any more (but for the one that calls it).
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  /// \throws Error{io} if there is no thread to run it
  JobId add(std::unique_ptr<Job> job);

  /// Drops a job that waits; tells one that runs.
  void cancel(JobId id) noexcept;

  /// Returns when no job waits or runs. Not for jobs.
  void finish() noexcept;

  [[nodiscard]] int threads() const noexcept { return count_; }

  /// Whether this is a child of the process that made it.
  [[nodiscard]] bool forked() const noexcept { return fork_generation() != made_in_; }

 private:
  void start_threads();

  const int count_;
  const unsigned made_in_ = fork_generation();
  std::shared_ptr<State> state_;
};

}  // namespace catvox::detail
