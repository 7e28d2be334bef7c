#pragma once

#include <catvox/core/buffer.hpp>
#include <catvox/core/byte_range.hpp>
#include <catvox/core/error.hpp>
#include <catvox/core/export.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace catvox {

/// What is asked of a ByteSource.
struct ByteRequest {
  std::string key{};                     ///< as the source names its objects: a URL, the key of a chunk
  std::optional<ByteRange> range{};      ///< absent: the whole object
  std::size_t max_bytes = 0;             ///< a larger answer is Error{too_large}; 0: the source's own limit
  std::string unless_generation{};       ///< not empty: the answer is `unchanged` if the object still is that one
  bool past_caches = false;              ///< what is kept on the way must not answer
  int max_attempts = 0;                  ///< 0: as the source is set
  std::chrono::milliseconds timeout{0};  ///< of each attempt, from start to end; 0: none
};

/// What a ByteSource answers. That an object is not there is a value, not an error.
struct ByteResult {
  /// What came of the read.
  enum class State : std::uint8_t {
    present,    ///< the body is there
    missing,    ///< there is no such object
    unchanged,  ///< it still is the one that ByteRequest::unless_generation names
  };
  State state = State::present;   ///< what came of the read
  Buffer body{};                  ///< empty unless present
  std::string url{};              ///< that answered, without credentials
  std::string generation{};       ///< what tells this content from a later one; empty: unknown
  bool may_store = true;          ///< false: the server wants no copy of it kept
  bool from_disk = false;         ///< a local cache gave it
  bool local = false;             ///< it lies on this machine: to ask again costs no more than to keep it
  int attempts = 1;               ///< requests made for it, the first included; 0: none
  bool with_another = false;      ///< it came in the answer to another's read: those requests count as that one's
  double first_byte_seconds = 0;  ///< of the last request, until the first byte of the answer; 0: unknown
  double seconds = 0;             ///< of the last request, until the last byte

  /// Whether the object is not there.
  [[nodiscard]] bool missing() const noexcept { return state == State::missing; }
};

/// Receives the end of one read, on a thread of the source. Decoding happens here: the thread that fetched the bytes
/// has them in its cache.
class CATVOX_EXPORT ByteHandler {
 public:
  virtual ~ByteHandler() = default;

  /// May take the body; what it leaves is reused.
  /// \throws Error{corrupt_data} to have the bytes fetched again, past caches on the way, as long as the source retries
  ///         at all; then, and for every other exception, on_error() follows
  virtual void on_bytes(ByteResult& result) = 0;

  /// The read failed for good. what() is the reason alone; URL, status and attempts are in its context.
  /// Not called after cancel().
  virtual void on_error(const Error& error) noexcept = 0;
};

/// Where bytes come from: HTTP, files, or another source that this one stands in front of. Thread-safe.
class CATVOX_EXPORT ByteSource {
 public:
  /// Names a read that is under way.
  using ReadId = std::uint64_t;

  virtual ~ByteSource() = default;

  /// Queues a read. May be called from a handler; never calls the handler before returning.
  virtual ReadId read(ByteRequest request, std::shared_ptr<ByteHandler> handler) = 0;

  /// Hands bytes that are here already to a handler, on a thread of the source like any other. If they do not decode,
  /// the request is made after all. Never calls the handler before returning.
  virtual ReadId deliver(ByteRequest request, ByteResult known, std::shared_ptr<ByteHandler> handler) = 0;

  /// Ends a read at once. A handler that is already running finishes; none starts afterwards.
  virtual void cancel(ReadId id) noexcept = 0;

  /// How many reads are worth having under way at a time.
  [[nodiscard]] virtual int concurrency() const noexcept = 0;
};

}  // namespace catvox
