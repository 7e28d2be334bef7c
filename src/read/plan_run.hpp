#pragma once

#include <atomic>
#include <catvox/core/error.hpp>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>

#include "read/chunk_pool.hpp"
#include "read/plan.hpp"

namespace catvox::detail {

/// A plan that is carried out: its chunks are asked for, a bounded number at a time, by whichever thread just finished
/// one, so that no thread stands between the end of a transfer and the next. Where neighbours lie together in files, it
/// waits until it may ask for a group of them, and asks in one ReadBatch.
///
/// Life: made, started, over, drained, destroyed. Its maker drains it before the origin may go.
///
/// Invariants:
/// - The origin is only used by a thread that counts in using_origin_, until its ReadBatch is closed. Counting begins under the mutex and only while the
///   plan is not over; drain() returns when the plan is over, which no thread that counts lets it be. So the origin may
///   be a reference: after drain() nobody follows it. It must be one, because the last owner of this object may be a
///   thread of the source, which must not be the one to destroy the source.
/// - Whoever calls a member function owns this object meanwhile: the pool's subscriber does, a stop callback does, the
///   maker does.
/// - The mutex is held while nothing is called but count(), so it comes before no other lock.
class PlanRun : public ChunkConsumer, public std::enable_shared_from_this<PlanRun> {
 public:
  /// \param origin     enlisted; must live until drain() has returned
  /// \param limit      parts under way at a time
  /// \param token      ends it with `cancelled`, at the latest before the next part is asked for
  PlanRun(const ChunkOrigin& origin, std::shared_ptr<ChunkPool> pool, ReadPlan plan, std::int64_t limit,
          std::stop_token token, const char* cancelled);
  ~PlanRun() override;
  PlanRun(const PlanRun&) = delete;
  PlanRun& operator=(const PlanRun&) = delete;

  /// Asks for parts until enough are under way.
  void start() noexcept { ask(); }

  /// Ends it with an error: the first is the one that counts.
  void stop(const Error& error) noexcept;
  void cancel() noexcept;

  /// Returns when no thread works for it any more: after stop(), when those that decode have done so.
  void drain() noexcept;

  [[nodiscard]] bool is_over();

  [[nodiscard]] std::uint64_t id() const noexcept final { return id_; }
  [[nodiscard]] std::int64_t parts() const noexcept final { return total_; }
  [[nodiscard]] bool stopped() const noexcept final { return stopped_; }
  void decoding() noexcept final;
  void decoding_failed() noexcept final;
  void finished(std::int64_t number, const ChunkCost& cost, bool decoded) noexcept final;
  void failed(std::int64_t number, const Error& error) noexcept final;
  void dropped(std::int64_t number) noexcept final;

 protected:
  /// A part is done. Called with the mutex held. \returns what to end the run with, if anything
  virtual std::optional<Error> count(std::int64_t number, const ChunkCost& cost) = 0;

  /// The number of threads that decode for it changes from or to 0. Called with the mutex held.
  virtual void busy(bool) noexcept {}

  [[nodiscard]] const ReadPlan& plan() const { return plan_; }

  // For a thread that waits for the end. Call with the mutex held.
  [[nodiscard]] bool over() const { return under_way_ == 0 && using_origin_ == 0 && (next_ == total_ || stopped_); }
  [[nodiscard]] const std::optional<Error>& error() const { return error_; }
  [[nodiscard]] bool decodes() const { return decoding_ > 0; }

  std::mutex mutex_;                     // guards what follows, and what a subclass says
  std::condition_variable_any changed_;  // over(), stopped()

 private:
  // An object of its own, because the cache asks it while the run's subclass is being made or is going.
  class Pending final : public PendingChunks {
   public:
    explicit Pending(const PlanRun& run) : run_(run) {}
    [[nodiscard]] bool will_ask_for(const ChunkKey& key) const noexcept override;

   private:
    const PlanRun& run_;
  };

  // A thread on its way from next_part() to the pool with a group of parts; lies in its frame of ask().
  struct Asking {
    std::int64_t number = 0;  // of the part that it is at
    std::int64_t end = 0;     // of the group
    Asking* next = nullptr;
  };

  void ask() noexcept;
  bool next_part(Asking& asking, bool asked);
  void unlink(const Asking& asking) noexcept;
  void end_part() noexcept;
  void decoded_once() noexcept;

  const ChunkOrigin& origin_;
  const std::uint64_t number_;  // of the origin
  const std::shared_ptr<ChunkPool> pool_;
  const ReadPlan plan_;
  const std::int64_t total_;
  const std::int64_t limit_;
  const std::int64_t group_;  // parts that are asked for together
  const std::stop_token token_;
  const char* const cancelled_;
  const std::uint64_t id_;

  std::atomic<bool> stopped_ = false;  // set under the mutex
  std::int64_t next_ = 0;
  std::int64_t under_way_ = 0;     // parts that some thread has set out for and that have not ended
  std::int64_t using_origin_ = 0;  // threads
  std::int64_t decoding_ = 0;      // threads
  Asking* asking_ = nullptr;       // all of them, linked

  // The first part that may not have got to the pool yet: no part of asking_ nor next_ is lower. Changed under the mutex;
  // will_ask_for() reads it without. It never falls, so what that reads late is too low, which keeps a chunk too long
  // rather than lose one.
  std::atomic<std::int64_t> first_pending_ = 0;
  std::optional<Error> error_;
  const Pending pending_{*this};
};

}  // namespace catvox::detail
