#pragma once

#include <atomic>
#include <catvox/core/error.hpp>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>

#include "read/chunk_pool.hpp"
#include "read/plan.hpp"

namespace catvox::detail {

/// The chunks of a plan, asked for a bounded number at a time: by whichever thread just finished one, so that no thread
/// stands between the end of a transfer and the next.
class PartQueue : public ChunkConsumer, public std::enable_shared_from_this<PartQueue> {
 public:
  /// \param origin      must live until drain() has returned
  /// \param limit       parts under way at a time
  /// \param keep_bytes  of the cache that this may fill
  PartQueue(const ChunkOrigin& origin, std::shared_ptr<ChunkPool> pool, ReadPlan plan, std::int64_t limit,
            std::size_t keep_bytes);

  /// Asks for parts until enough are under way.
  void pump() noexcept;

  /// Ends it with an error: the first is the one that counts.
  void stop(const Error& error) noexcept;

  /// Returns when no thread works for it any more. Call stop() first.
  void drain() noexcept;

  [[nodiscard]] bool stopped() const noexcept final { return stopped_; }
  [[nodiscard]] bool may_keep(std::size_t bytes, bool whole) noexcept override;
  void finished(std::int64_t number, const ChunkCost& cost) noexcept final;
  void failed(std::int64_t number, const Error& error) noexcept final;
  void dropped(std::int64_t number) noexcept final;

 protected:
  /// A part is done. Called with the mutex held.
  virtual void count(const ChunkCost& cost) noexcept = 0;

  [[nodiscard]] const ReadPlan& plan() const { return plan_; }
  [[nodiscard]] std::int64_t total() const { return total_; }

  // For a thread that waits for the end. Call with the mutex held.
  [[nodiscard]] bool over() const { return under_way_ == 0 && asking_ == 0 && (next_ == total_ || stopped_); }
  [[nodiscard]] const std::optional<Error>& error() const { return error_; }

  std::mutex mutex_;                     // guards what follows, and what a subclass says
  std::condition_variable_any changed_;  // over(), stopped()

 private:
  /// \param asked  the thread has asked for the part that it got before
  std::optional<std::int64_t> next_part(bool asked);
  /// \param cost  of a part that is done; null for one that never will be
  void end_part(const ChunkCost* cost) noexcept;

  // A reference, because the last owner may be a thread of the transport, which must not be the one to destroy the
  // transport. Parts are only asked for until drain() has returned.
  const ChunkOrigin& origin_;
  const std::shared_ptr<ChunkPool> pool_;
  const ReadPlan plan_;
  const std::int64_t total_;
  const std::int64_t limit_;
  const std::size_t keep_bytes_;

  std::atomic<bool> stopped_ = false;  // set under the mutex
  std::int64_t next_ = 0;
  std::int64_t under_way_ = 0;
  std::int64_t asking_ = 0;  // threads in pool_->get(), which uses origin_ even when its part is over already
  std::size_t kept_bytes_ = 0;
  std::optional<Error> error_;
};

}  // namespace catvox::detail
