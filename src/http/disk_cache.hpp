#pragma once

#include <array>
#include <atomic>
#include <catvox/http/session.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/file_descriptor.hpp"
#include "core/workers.hpp"
#include "http/digest.hpp"
#include "http/disk_entry.hpp"

namespace catvox::detail {

/// A folder of answers, shared by all sessions and processes that name it.
///
/// Each answer is a file that never changes: it is written under another name and then takes its own (rename), so that
/// whoever opens it sees all of it. What is read is checked to the last bit, and anything else than what was written
/// for that request is not there. So no lock is needed for reading and writing; one (flock) guards the sum of the sizes
/// and whoever removes files. What cannot be kept is not.
///
///     <folder>/catvox-cache   the sum of the sizes, a random salt for keys; the lock
///     <folder>/ab/cdef…       an answer, named by its key
///     <folder>/ab/tmp-……      an answer that is being written, or whose writer died
///
/// Every path goes through the folder's descriptor and follows no symbolic link below it.
class DiskCache {
 public:
  /// \throws Error{io} if the folder cannot be made or written, or if others may write it
  explicit DiskCache(const HttpOptions& options);

  /// Writes what waits to be written.
  ~DiskCache();
  DiskCache(const DiskCache&) = delete;
  DiskCache& operator=(const DiskCache&) = delete;

  [[nodiscard]] const DiskCacheOptions& options() const noexcept { return options_; }

  /// Threads that look up what is kept. A lookup may have to wait for the disk.
  [[nodiscard]] Workers& readers() noexcept { return readers_; }

  /// What stands for a secret in keys. Takes some 50 ms.
  [[nodiscard]] Digest stretched(const Digest& secret) const { return stretch(secret, salt_); }

  /// What an answer is kept under, one-way.
  /// \param request  all that tells requests apart
  /// \param secrets  as stretched() gives them; zeros without any
  [[nodiscard]] Digest key_of(std::string_view request, const Digest& secrets) const;

  /// What is kept under a key, if it is whole and has not outlived its time.
  /// \param max_bytes  of its body; 0: as many as the session allows
  /// \param memory     to use for the body
  std::optional<DiskEntry> find(const Digest& key, std::size_t max_bytes, Buffer memory);

  /// Whether keeping an answer of that size makes sense just now.
  [[nodiscard]] bool has_room_for(std::size_t body_bytes) const noexcept;

  /// Keeps an answer, in place of what was kept under its key: soon, by a thread of the cache.
  void store(DiskEntry entry) noexcept;

  /// Waits until all that was stored is kept, or will not be.
  void finish() noexcept { writer_.finish(); }

 private:
  class Write;
  struct State;
  void open_folder();
  void open_state();
  void write(const DiskEntry& entry);
  bool claim(std::uint64_t bytes);
  std::uint64_t remove_oldest(std::uint64_t max_bytes, std::uint64_t target);

  const DiskCacheOptions options_;
  const std::size_t max_body_bytes_;
  Digest identity_{};  // of the session's client certificate
  FileDescriptor folder_;
  FileDescriptor state_file_;
  std::array<std::byte, 16> salt_{};
  std::atomic<bool> stores_ = true;             // false after a failure, such as a full disk
  std::atomic<std::size_t> waiting_bytes_ = 0;  // of bodies that wait to be written

  // Of the writer's thread, and the destructor's when that has ended.
  std::uint64_t claimed_ = 0;  // of the sum, that this process may still write
  std::chrono::steady_clock::time_point next_claim_{};

  Workers readers_;
  Workers writer_;  // one thread: what it accounts for and removes needs no lock in this process
};

}  // namespace catvox::detail
