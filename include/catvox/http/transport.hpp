#pragma once

#include <catvox/core/error.hpp>
#include <catvox/core/export.hpp>
#include <catvox/http/message.hpp>
#include <cstdint>
#include <memory>

namespace catvox {

/// Receives the end of one transfer, on a thread of the transport. Decoding happens here: the thread that fetched a
/// body has it in its cache.
class CATVOX_EXPORT TransferHandler {
 public:
  virtual ~TransferHandler() = default;

  /// An answer, whatever its status: redirects were followed, and what is worth retrying was retried.
  /// \throws Error{corrupt_data} to have the transfer made again, past caches on the way, as long as the retry policy
  ///         allows; then, and for every other Error, on_error() follows
  virtual void on_response(Response& response) = 0;

  /// The transfer failed for good. what() is the reason alone; URL, status and attempts are in its context.
  /// Not called after cancel().
  virtual void on_error(const Error& error) noexcept = 0;
};

/// What fetches bytes: HttpSession's engine, or a script in a test.
class CATVOX_EXPORT Transport {
 public:
  /// Names a transfer that is under way.
  using TransferId = std::uint64_t;

  virtual ~Transport() = default;

  /// Queues a transfer. May be called from a handler; never calls the handler before returning.
  /// \throws Error{invalid_argument} if the request's range is empty
  virtual TransferId start(Request request, std::shared_ptr<TransferHandler> handler) = 0;

  /// Hands an answer that is here already to a handler, on a thread of the transport like any other. If it does not
  /// decode, the request is made after all. Never calls the handler before returning.
  virtual TransferId deliver(Request request, Response known, std::shared_ptr<TransferHandler> handler) = 0;

  /// Ends a transfer at once. A handler that is already running finishes; none starts afterwards.
  virtual void cancel(TransferId id) noexcept = 0;

  /// How many transfers are worth having under way at a time.
  [[nodiscard]] virtual int concurrency() const noexcept = 0;
};

}  // namespace catvox
