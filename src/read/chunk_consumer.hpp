#pragma once

#include <catvox/bytes/byte_source.hpp>
#include <catvox/core/box.hpp>
#include <catvox/core/error.hpp>
#include <catvox/format/chunk_store.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "read/chunk_part.hpp"

namespace catvox::detail {

/// Where the chunks of a level come from.
struct ChunkOrigin {
  std::shared_ptr<const ChunkStore> store;
  std::shared_ptr<ByteSource> source;

  /// Names what is read, whoever opens it: equal for two origins whose chunks hold the same voxels. Part of the cache's
  /// key, so that what is kept outlives the opening of a mirror.
  std::string data;

  /// Stands for `data` in one pool; ChunkPool::enlist() sets it.
  std::uint64_t number = 0;
};

/// A chunk of an origin.
struct ChunkKey {
  std::uint64_t origin = 0;  ///< ChunkOrigin::number
  Index3 chunk{};
  friend bool operator==(const ChunkKey&, const ChunkKey&) = default;
};

struct ChunkKeyHash {
  std::size_t operator()(const ChunkKey& key) const noexcept {
    std::uint64_t hash = key.origin;
    for (const auto index : key.chunk) {
      hash = (hash ^ static_cast<std::uint64_t>(index)) * 0x9E3779B97F4A7C15ULL;
      hash ^= hash >> 32;
    }
    return static_cast<std::size_t>(hash);
  }
};

/// What getting a chunk took.
struct ChunkCost {
  std::int64_t requests = 0;
  std::int64_t bytes = 0;
  double first_byte_seconds = 0;
  double fetch_seconds = 0;
  double decode_seconds = 0;
  bool missing = false;
  bool from_disk = false;
  bool shared = false;     ///< the cache or another consumer's request gave it
  std::string_view url{};  ///< that answered; empty: none did, or it is not known. Lives as long as the call
};

/// What a running plan has yet to ask for, as the cache sees it. Called with the pool's mutex held: takes no lock.
class PendingChunks {
 public:
  virtual ~PendingChunks() = default;
  [[nodiscard]] virtual bool will_ask_for(const ChunkKey& key) const noexcept = 0;
};

/// What wants chunks, a read or a prefetch, as the pool sees it. Called on threads of the byte source and on its own.
class ChunkConsumer {
 public:
  virtual ~ChunkConsumer() = default;

  /// What chunks are wanted for: to be read now; to be kept, encoded, for a read to come; or, decoded as far as there is
  /// room, for many, each of another part.
  enum class Purpose : std::uint8_t { read, prefetch, walk };

  /// part() has a destination for Purpose::read only.
  [[nodiscard]] virtual Purpose purpose() const noexcept = 0;

  /// Whether it is a window that slides: see Walk.
  [[nodiscard]] virtual bool slides() const noexcept { return false; }

  /// \param number  of the part, in [0, parts())
  [[nodiscard]] virtual ChunkPart part(std::int64_t number) const = 0;
  [[nodiscard]] virtual std::int64_t parts() const noexcept = 0;

  /// Tells this consumer from all others of the process.
  [[nodiscard]] virtual std::uint64_t id() const noexcept = 0;

  /// Whether it has ended early: its parts are then dropped without a word to finished() or failed().
  [[nodiscard]] virtual bool stopped() const noexcept = 0;

  /// A thread begins to decode for it.
  virtual void decoding() noexcept = 0;

  /// A thread that decoded for it gives up: the chunk is fetched again.
  virtual void decoding_failed() noexcept = 0;

  /// The part's voxels are in place, or (failed, dropped) never will be. After this its memory is not touched.
  /// \param decoded  decoding() was called, and that is over
  virtual void finished(std::int64_t number, const ChunkCost& cost, bool decoded) noexcept = 0;
  virtual void failed(std::int64_t number, const Error& error) noexcept = 0;
  virtual void dropped(std::int64_t number) noexcept = 0;
};

/// The error that says what is being thrown. Never fails itself: where there is no memory for more, it says so.
/// Call in a handler of an exception.
[[nodiscard]] Error caught_error() noexcept;

}  // namespace catvox::detail
