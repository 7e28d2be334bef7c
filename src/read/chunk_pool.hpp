#pragma once

#include <catvox/array/cache_statistics.hpp>
#include <catvox/bytes/byte_source.hpp>
#include <catvox/core/error.hpp>
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "read/chunk_cache.hpp"
#include "read/chunk_consumer.hpp"

namespace catvox::detail {

/// A consumer's part that waits for a chunk.
struct Subscriber {
  std::shared_ptr<ChunkConsumer> consumer;
  std::int64_t number = 0;
  bool joined = false;  ///< another consumer's part asked for the chunk
};
using Subscribers = std::list<Subscriber>;  // spliced, never copied: handing them on cannot fail

/// A chunk on its way. The pool's mutex guards all but the key.
struct Flight {
  ChunkKey key;
  Subscribers waiting;
  bool serving = false;                       ///< a thread decodes, for subscribers that are out of `waiting`
  std::optional<ByteSource::ReadId> read_id;  ///< absent until the source has given it
  bool to_cancel = false;                     ///< by drop(), which took it out
  std::shared_ptr<Flight> next;               ///< that drop() took out, too
};

class ChunkFetch;

/// Chunks that are kept and chunks on their way, of all levels and views of a stack.
///
/// Lock order: the mutexes of consumers come first, then the pool's, then the source's. Nothing is called with the
/// pool's mutex held but stopped(), will_ask_for() and the like, which lock nothing: so nothing waits in a circle.
///
/// Invariants:
/// - Every chunk is requested once, however many want it: get() looks for the chunk and puts its flight into in_flight_
///   in one critical section, and next_turn() puts what came into the cache in the one that takes the flight out.
/// - Every subscriber hears exactly once of its end: it is in one list, `waiting` or the one that next_turn() gave
///   away; both are moved by splicing, which cannot fail, and whoever has the list tells each in it.
/// - A flight that nobody waits for and nobody serves is not in in_flight_: get() puts it in with a subscriber, and each
///   function that takes subscribers out takes out the flight that has none left.
/// - The source is used by get() and drop() only, on behalf of a consumer whose owner keeps it meanwhile.
class ChunkPool : public std::enable_shared_from_this<ChunkPool> {
 public:
  explicit ChunkPool(std::size_t cache_bytes);

  [[nodiscard]] std::size_t cache_bytes() const { return cache_bytes_; }

  /// Gives an origin its number.
  void enlist(ChunkOrigin& origin);

  /// \throws Error if this is not the process that made the pool: its threads, and what their locks guard, are not here
  void check_process() const;
  [[nodiscard]] bool in_own_process() const noexcept;

  /// From now on, until end_plan(), what the plan has yet to ask for stays in the cache.
  void begin_plan(const PendingChunks& plan);
  void end_plan(const PendingChunks& plan) noexcept;

  /// What a consumer brought is the first to go.
  void demote(std::uint64_t consumer) noexcept;

  /// Gets one part into place: at once out of the cache, or later on a thread of the byte source, from bytes that the
  /// cache has or by a request, its own or another consumer's.
  /// One of the consumer's finished, failed and dropped follows, maybe before this returns, also if this fails.
  void get(const ChunkOrigin& origin, const std::shared_ptr<ChunkConsumer>& consumer, std::int64_t number) noexcept;

  /// Drops every part of a stopped consumer that no thread is writing just now, and cancels the transfers that nobody
  /// waits for any more.
  void drop(const ChunkConsumer& consumer, ByteSource& source) noexcept;

  void clear() noexcept;
  [[nodiscard]] CacheStatistics statistics() const;

  // What follows is called by ChunkFetch, on the thread that has the chunk's bytes.

  /// What to do next for a flight whose bytes are there.
  struct Turn {
    Subscribers subscribers;      ///< to serve. None: the flight has ended
    std::size_t voxel_room = 0;   ///< for voxels of theirs in the cache
    ChunkCache::Removed removed;  ///< what had to go for what is kept
  };

  /// \param kept      goes into the cache if there is nobody left to serve, at the same moment, so that no consumer finds
  ///                  neither; null: nothing
  /// \param consumer  for which it is kept
  [[nodiscard]] Turn next_turn(Flight& flight, KeptChunk* kept, std::uint64_t consumer) noexcept;

  /// Takes back subscribers that could not be served: they wait again, for the chunk to be fetched anew. If none is left
  /// that has not been stopped, the flight has ended.
  /// \param forget_kept  what the cache has of the chunk is no good
  /// \returns            whether anybody waits
  [[nodiscard]] bool give_back(Flight& flight, Subscribers subscribers, bool forget_kept) noexcept;

  /// Ends a flight: every part of it has failed.
  void fail(Flight& flight, const Error& error) noexcept;

  /// A request has ended.
  void count(std::int64_t requests, std::int64_t bytes, bool from_disk, bool missing) noexcept;

 private:
  void find_or_fetch(const ChunkOrigin& origin, const std::shared_ptr<ChunkConsumer>& consumer, std::int64_t number);
  void launch(const ChunkOrigin& origin, const std::shared_ptr<ChunkFetch>& fetch,
              const KeptChunk* from_memory) noexcept;
  void forget(const Flight& flight) noexcept;

  const std::size_t cache_bytes_;
  const unsigned fork_generation_;
  mutable std::mutex mutex_;  // guards what follows, and every Flight
  ChunkCache cache_;
  std::unordered_map<ChunkKey, std::shared_ptr<Flight>, ChunkKeyHash> in_flight_;
  std::map<std::string, std::uint64_t> numbers_;
  CacheStatistics counted_;
};

}  // namespace catvox::detail
