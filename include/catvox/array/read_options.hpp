#pragma once

#include <catvox/array/read_report.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>

namespace catvox {

/// How far a read is. Reported on the thread that waits for the read, a few times a second and at the end.
struct Progress {
  std::int64_t chunks_done = 0;     ///< tiles or blocks that are in place
  std::int64_t chunks_total = 0;    ///< that the read takes
  std::int64_t bytes_received = 0;  ///< encoded bytes so far
};

/// What a read did, and what it took. If wait_seconds is most of seconds, the read waited for the network or, if
/// first_byte_seconds is most of fetch_seconds, for the server; else decoding, so the CPU, was the limit.
struct ReadStatistics {
  std::int64_t chunks = 0;          ///< that the box meets, broken slices resolved, each counted once
  std::int64_t requests = 0;        ///< made, retries included
  std::int64_t retries = 0;         ///< requests that repeated one
  std::int64_t cache_hits = 0;      ///< chunks that the cache had, encoded or decoded, or that another read brought
  std::int64_t disk_hits = 0;       ///< chunks that the session's disk cache had
  std::int64_t missing = 0;         ///< chunks that the source does not have: fill
  std::int64_t stood_in = 0;        ///< chunks from a mirror that stood in for another one, see Stack::set_mirrors()
  std::int64_t bytes_received = 0;  ///< encoded bytes
  double first_byte_seconds = 0;    ///< from a request to the first byte of its answer, summed over chunks
  double fetch_seconds = 0;         ///< from a request to the last byte of its answer, summed over chunks
  double decode_seconds = 0;        ///< summed over threads
  double wait_seconds = 0;          ///< wall time in which no thread had anything of the read to decode
  double seconds = 0;               ///< wall time

  /// Which chunks are missing, and what served the others. Null unless ReadOptions::missing asked for it.
  std::shared_ptr<const ReadReport> report{};

  /// What this read and another one, after it, did. Reports do not add up: the later one stays.
  ReadStatistics& operator+=(const ReadStatistics& other) noexcept {
    chunks += other.chunks;
    requests += other.requests;
    retries += other.retries;
    cache_hits += other.cache_hits;
    disk_hits += other.disk_hits;
    missing += other.missing;
    stood_in += other.stood_in;
    bytes_received += other.bytes_received;
    first_byte_seconds += other.first_byte_seconds;
    fetch_seconds += other.fetch_seconds;
    decode_seconds += other.decode_seconds;
    wait_seconds += other.wait_seconds;
    seconds += other.seconds;
    if (other.report) report = other.report;
    return *this;
  }
};

/// How a read behaves.
struct ReadOptions {
  Missing missing = Missing::fill;                  ///< what becomes of chunks that the source does not have
  std::function<void(const Progress&)> progress{};  ///< an exception from it stops the read and is passed on
  std::stop_token stop{};                           ///< when triggered the read ends at once with Error{cancelled}

  /// Whether a read that continues a walk (boxes that slide along an axis by equal steps) begins to fetch what lies
  /// ahead of it when it ends. `stop` ends that, too.
  bool read_ahead = true;
};

namespace detail {

/// Options of a read over those that are bound to its view: what differs from the default is the read's. A bound
/// Missing::error stays, whatever the read says: nothing may turn it into silent fill. (Of stop tokens either one ends the
/// read: OptionsSource sees to that.)
inline ReadOptions overridden(ReadOptions bound, const ReadOptions& given) {
  if (given.missing != Missing::fill && bound.missing != Missing::error) bound.missing = given.missing;
  if (given.progress) bound.progress = given.progress;
  if (given.stop.stop_possible()) bound.stop = given.stop;
  bound.read_ahead = bound.read_ahead && given.read_ahead;
  return bound;
}

}  // namespace detail

}  // namespace catvox
