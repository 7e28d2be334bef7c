#pragma once

#include <memory>
#include <utility>
#include <vector>

namespace catvox::detail {

/// What a source holds back for a thread's ReadBatch.
class HeldReads {
 public:
  virtual ~HeldReads() = default;

  /// Begins them. What cannot be begun ends with on_error() of its handler.
  virtual void begin() noexcept = 0;
};

/// Reads that one thread asks for while it has a batch open may be answered together: a source that can merge them
/// (RangeMerger) holds them back until the batch closes. For whoever asks for several things in a row: a plan, and what
/// continues the reads that waited for one answer.
///
/// A batch inside another is part of it.
class ReadBatch {
 public:
  ReadBatch() noexcept : outer_(std::exchange(current(), this)) {}
  ~ReadBatch() {
    current() = outer_;
    for (const auto& [source, held] : held_) held->begin();
  }
  ReadBatch(const ReadBatch&) = delete;
  ReadBatch& operator=(const ReadBatch&) = delete;

  /// What a source holds back for the calling thread. Null: it has no batch open.
  /// \param source  tells one from the other
  /// \param make    gives it when it is asked for first
  template <class Make>
  static HeldReads* held_for(const void* source, const Make& make) {
    ReadBatch* batch = current();
    if (batch == nullptr) return nullptr;
    while (batch->outer_ != nullptr) batch = batch->outer_;
    for (const auto& [known, held] : batch->held_) {
      if (known == source) return held.get();
    }
    return batch->held_.emplace_back(source, make()).second.get();
  }

 private:
  static ReadBatch*& current() noexcept {
    thread_local ReadBatch* batch = nullptr;
    return batch;
  }

  ReadBatch* const outer_;
  std::vector<std::pair<const void*, std::unique_ptr<HeldReads>>> held_;
};

}  // namespace catvox::detail
