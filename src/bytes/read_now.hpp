#pragma once

#include <catvox/bytes/byte_source.hpp>
#include <chrono>
#include <memory>
#include <stop_token>
#include <string>

namespace catvox::detail {

/// The moment `timeout` from now; never, if that is beyond what a clock can tell.
std::chrono::steady_clock::time_point deadline_after(std::chrono::milliseconds timeout);

class ReadMailbox;

/// A read that is under way, for a thread that will wait for its end. Not for threads of the source: they would wait for
/// themselves. What nobody has waited for is cancelled.
class PendingRead {
 public:
  /// \param source  must outlive this
  PendingRead(ByteSource& source, ByteRequest request);
  ~PendingRead();
  PendingRead(PendingRead&& other) noexcept;
  PendingRead& operator=(PendingRead&&) = delete;

  /// To be called once; parameters and errors as those of read_now().
  ByteResult wait(const std::stop_token& stop, std::chrono::steady_clock::time_point deadline);

 private:
  ByteSource* source_;
  std::string url_;  ///< for messages
  std::shared_ptr<ReadMailbox> mailbox_;
  ByteSource::ReadId id_ = 0;
  bool ended_ = false;
};

/// Makes one read and waits for its end. Not for threads of the source: they would wait for themselves.
/// \param deadline  for all of it, retries included
/// \throws Error as the source gives it, its what() the reason alone; Error{cancelled}; Error{timeout}
ByteResult read_now(ByteSource& source, ByteRequest request, const std::stop_token& stop = {},
                    std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max());

}  // namespace catvox::detail
