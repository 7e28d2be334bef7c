#pragma once

#include <cstddef>
#include <memory>
#include <utility>

#include "http/transfer.hpp"

namespace catvox::detail {

/// Transfers in a row, linked through themselves: going from one queue to the next allocates nothing and cannot fail,
/// and any of them is taken out at once. Whoever guards the queue guards the links.
class TransferQueue {
 public:
  TransferQueue() = default;
  TransferQueue(const TransferQueue&) = delete;
  TransferQueue& operator=(const TransferQueue&) = delete;
  ~TransferQueue() {
    while (pop_front()) {
    }
  }

  [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] Transfer* front() const noexcept { return first_; }
  [[nodiscard]] static Transfer* after(const Transfer& transfer) noexcept { return transfer.next; }

  void push_back(TransferPtr transfer) noexcept {
    transfer->queue = this;
    transfer->previous = last_;
    transfer->next = nullptr;
    Transfer* const added = transfer.release();
    (last_ != nullptr ? last_->next : first_) = added;
    last_ = added;
    ++size_;
  }

  /// Null if there is none.
  TransferPtr pop_front() noexcept { return first_ != nullptr ? remove(*first_) : nullptr; }

  /// \param transfer  one that is in this queue
  TransferPtr remove(Transfer& transfer) noexcept {
    (transfer.previous != nullptr ? transfer.previous->next : first_) = transfer.next;
    (transfer.next != nullptr ? transfer.next->previous : last_) = transfer.previous;
    transfer.queue = nullptr;
    transfer.previous = transfer.next = nullptr;
    --size_;
    return TransferPtr(&transfer);
  }

 private:
  Transfer* first_ = nullptr;
  Transfer* last_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace catvox::detail
